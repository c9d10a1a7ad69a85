import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError } from '../../index.js';
import { isUnreachable } from '../errors.js';

/** An etcd that answers does so within this time. The page opens without waiting longer. */
const maxWaitMs = 1_500;

/**
 * Reads a key below the prefix, so that a wrong password or a missing permission ends the command as it ends others.
 * An etcd that does not answer is shown by the page.
 * @throws {EtcdError} if etcd refuses the read.
 */
export async function firstRead(client: EtcdClient, prefix: string, signal: AbortSignal): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  const reading = client.kv.range({ prefix }, { limit: 1, keysOnly: true, signal: ending.signal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const waiting = sleep(maxWaitMs, undefined, { signal: ending.signal }).catch(() => undefined);
  const error = await Promise.race([reading, waiting]);
  signal.removeEventListener('abort', end);
  end();
  if (error !== undefined && !signal.aborted && !(error instanceof EtcdError && isUnreachable(error)))
    throw error;
}
