import { compareKeys } from '../../../model/index.js';
import type { EndpointRecord } from '../../endpoint.js';
import { type LastRecords, lastState } from '../last-records.js';
import { isSameRecord } from '../views/view.js';

/** The difference between two lists of records. */
export interface RecordChanges {
  /** The records whose keys are in the second list alone. */
  readonly added: readonly EndpointRecord[];
  readonly changed: number;
  /** The last states of the records whose keys are in the first list alone. */
  readonly removed: readonly EndpointRecord[];
}

/**
 * Compares two lists in key order. What they share at the beginning and at the end costs a comparison of references, so
 * that a change of one record in a long list is cheap.
 * @param last the last records of keys that changed between the lists and were then removed.
 */
export function compareRecords(
  before: readonly EndpointRecord[],
  after: readonly EndpointRecord[],
  last?: LastRecords,
): RecordChanges {
  let [from, endBefore, endAfter] = [0, before.length, after.length];
  while (from < endBefore && from < endAfter && before[from] === after[from]) from++;
  while (endBefore > from && endAfter > from && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  return merge(before.slice(from, endBefore), after.slice(from, endAfter), last);
}

function merge(
  before: readonly EndpointRecord[],
  after: readonly EndpointRecord[],
  last: LastRecords | undefined,
): RecordChanges {
  const [added, removed]: [EndpointRecord[], EndpointRecord[]] = [[], []];
  let [changed, next] = [0, 0];
  for (const record of before) {
    let candidate = after[next];
    while (candidate && compareKeys(candidate.key, record.key) < 0) {
      added.push(candidate);
      candidate = after[++next];
    }
    if (candidate?.key !== record.key) removed.push(lastState(record, last));
    else {
      if (!isSameRecord(record, candidate)) changed++;
      next++;
    }
  }
  return { added: added.concat(after.slice(next)), changed, removed };
}
