import { Code, CompactedError, EtcdError } from '../../errors/index.js';
import type { Revision, WatchEvent } from '../../model/index.js';

/** What a catch-up response holds at most, in revisions (etcd's `watchBatchMaxRevs`); a shorter one was the last of its kind. */
const maxCatchUpRevisions = 1_000;

/** Whether so much lies between the cursor and the store that one response cannot hold it. */
export function isFarBehind(cursor: Revision, storeRevision: Revision): boolean {
  return storeRevision - cursor >= BigInt(maxCatchUpRevisions);
}

/** Whether a catch-up response is as long as they get, so that another one follows. */
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

/** The end of a watcher whose history was compacted. */
export function historyCompactedError(wanted: Revision, compactRevision: Revision): CompactedError {
  const text = `the watch needs revision ${wanted}, but history before ${compactRevision} is compacted: list first, then watch from the list's revision + 1 (or use mirror())`;
  return new CompactedError(text, compactRevision);
}

/** The end of a watcher one revision of which is more than the client may take into memory. */
export function revisionTooLargeError(revision: Revision, limit: number): EtcdError {
  return new EtcdError(`the events of revision ${revision} would take more than ${limit} bytes in memory`, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: 'ResponseTooLarge',
    verdict: 'maybe-applied',
  });
}
