import { contains, type Revision, type WatchEvent, type WireRange } from '../../../model/index.js';
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
    if (kv.modRevision < last) return 'events out of order';
    if (type === 'put' && kv.createRevision === 0n) return 'a key that was never created';
    last = kv.modRevision;
    if (!contains(range, kv.key)) return 'an event of a key that is not watched';
  }
  if (headerRevision > 0n && last > headerRevision) return 'an event from after its response';
  return hasDuplicateKey(events) ? 'two events of one key in one revision' : undefined;
}

function hasDuplicateKey(events: readonly WatchEvent[]): boolean {
  let revision: Revision = 0n;
  let first: Buffer | undefined;
  let keys: Set<string> | undefined;
  for (const { kv } of events) {
    if (kv.modRevision !== revision) {
      revision = kv.modRevision;
      first = kv.key;
      keys = undefined;
      continue;
    }
    keys ??= new Set(first ? [first.toString('latin1')] : []);
    const { size } = keys;
    if (keys.add(kv.key.toString('latin1')).size === size) return true;
  }
  return false;
}
