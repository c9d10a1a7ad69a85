import { contains, type Revision, type WatchEvent, type WireRange } from '../../model/index.js';
import type { WatchReply } from './cursor.js';

/**
 * Why these events cannot be etcd's for a watcher of this range, if so. etcd sends the events of a response by revision,
 * each key once in a revision, none outside the range, and none above the revision of its header, which is 0 where a
 * proxy has none. What was sent in an earlier response is another matter: some releases send it again.
 *
 * @param after The last revision of the pieces of this response that came before; 0 where this is the first.
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
