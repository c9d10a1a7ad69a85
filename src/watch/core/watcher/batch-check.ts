import {
  compareBytes,
  contains,
  type KeyValue,
  type Revision,
  type WatchEvent,
  type WireRange,
} from '../../../model/index.js';
import type { WatchReply } from '../cursor.js';

/**
 * Returns how these events violate etcd's protocol for a watcher of this range; undefined when they do not. etcd sends
 * the events of a response in revision order, each key at most once per revision, none outside the range, and none
 * above the header's revision, which is 0 when a proxy does not know it. Events of earlier responses are not
 * considered: some releases send them again.
 *
 * @param after The last revision of the earlier fragments of this response; 0 for the first fragment.
 */
export function protocolViolation(
  { events, headerRevision }: WatchReply & { kind: 'events' },
  range: WireRange,
  after: Revision,
): string | undefined {
  let last = after;
  for (const { type, kv } of events) {
    if (kv.modRevision !== last) {
      if (kv.modRevision < last) return 'events out of order';
      last = kv.modRevision;
    }
    if (type === 'put' && kv.createRevision === 0n) return 'a key that was never created';
    if (!contains(range, kv.key)) return 'an event of a key that is not watched';
  }
  if (headerRevision > 0n && last > headerRevision) return 'an event from after its response';
  return hasDuplicateKey(events) ? 'two events of one key in one revision' : undefined;
}

/** Keys in ascending order are different, as those of most transactions are. Only others are collected in a set. */
function hasDuplicateKey(events: readonly WatchEvent[]): boolean {
  let previous: KeyValue | undefined;
  let keys: Set<string> | undefined;
  let start = 0;
  let at = 0;
  for (const { kv } of events) {
    if (kv.modRevision !== previous?.modRevision) {
      start = at;
      keys = undefined;
    } else if (keys || compareBytes(previous.key, kv.key) >= 0) {
      keys ??= new Set(events.slice(start, at).map((event) => event.kv.key.toString('latin1')));
      const { size } = keys;
      if (keys.add(kv.key.toString('latin1')).size === size) return true;
    }
    previous = kv;
    at++;
  }
  return false;
}
