import { type EtcdReason, wasDoneBefore } from '../errors/index.js';

/**
 * Waits for a change that etcd refuses the second time.
 * @param done etcd's refusals of a change that an earlier attempt has made.
 */
export async function unlessDone(change: Promise<unknown>, ...done: readonly EtcdReason[]): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!wasDoneBefore(error, ...done)) throw error;
  }
}
