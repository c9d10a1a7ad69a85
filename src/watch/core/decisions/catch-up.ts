import { Code, CompactedError, EtcdError } from '../../../errors/index.js';
import type { Revision, WatchEvent } from '../../../model/index.js';

/**
 * The most revisions in a catch-up response (etcd's `watchBatchMaxRevs`). A shorter response is the last one.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/storage/mvcc/watcher_group.go#L28
 */
const maxCatchUpRevisions = 1_000;

/** Whether the catch-up from the cursor to the store's revision needs more than one response. */
export function isFarBehind(cursor: Revision, storeRevision: Revision): boolean {
  return storeRevision - cursor >= BigInt(maxCatchUpRevisions);
}

/** Whether a catch-up response has the maximum length, so that another one follows. */
export function isFullCatchUpBatch(events: readonly WatchEvent[]): boolean {
  if (events.length < maxCatchUpRevisions) return false;
  let revisions = 0;
  let last = 0n;
  for (const { kv } of events) {
    if (kv.modRevision !== last) revisions++;
    last = kv.modRevision;
  }
  return revisions >= maxCatchUpRevisions;
}

/** The error of a watcher whose history is compacted. */
export function historyCompactedError(wanted: Revision, compactRevision: Revision): CompactedError {
  const text = `the watch needs revision ${wanted}, but history before ${compactRevision} is compacted: list first, then watch from the list's revision + 1 (or use mirror())`;
  return new CompactedError(text, compactRevision);
}

/** The error of a watcher that received a revision larger than the client may hold in memory. */
export function oversizedRevisionError(revision: Revision, limit: number): EtcdError {
  return new EtcdError(`the events of revision ${revision} would take more than ${limit} bytes in memory`, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: 'ResponseTooLarge',
    verdict: 'maybe-applied',
  });
}
