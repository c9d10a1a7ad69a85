import type { KvClient } from '../kv/index.js';
import { type KeyValue, type Revision, withJson } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { Leader } from './types.js';

/** The leader at a revision of the store. */
export interface LeaderState {
  readonly leader: Leader | undefined;
  readonly revision: Revision;
}

/** Reads the oldest key of the prefix. The size of the answer does not depend on the number of candidates. */
export async function readLeader(
  kv: Pick<KvClient, 'range'>,
  prefix: Buffer,
  options: CallOptions,
): Promise<LeaderState> {
  const sort = { by: 'create', order: 'ascend' } as const;
  const { kvs, revision } = await kv.range({ prefix }, { ...options, limit: 1, sort });
  return { leader: kvs[0] && toLeader(kvs[0]), revision };
}

export function toLeader({ key, value, lease, createRevision, modRevision }: KeyValue): Leader {
  return withJson({ key, value, leaseId: lease === 0n ? undefined : lease, createRevision, modRevision });
}
