import { type KeyValue, withJson } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import { queuePrefix } from './queue/name.js';
import type { QueueClient } from './queue/ports.js';
import type { LockQueue, LockQueueEntry } from './types.js';

/** Reads the keys of a queue, in its order. */
export async function readQueue(
  { kv }: Pick<QueueClient, 'kv'>,
  name: Buffer,
  options: CallOptions,
): Promise<LockQueue> {
  const sort = { by: 'create', order: 'ascend' } as const;
  const { kvs, revision } = await kv.range({ prefix: queuePrefix(name) }, { ...options, sort });
  const [holder, ...waiters] = kvs.map(toEntry);
  return withJson({ holder, waiters, revision });
}

function toEntry({ key, value, lease, createRevision }: KeyValue, position: number): LockQueueEntry {
  return withJson({ position, leaseId: lease === 0n ? undefined : lease, key, createRevision, value });
}
