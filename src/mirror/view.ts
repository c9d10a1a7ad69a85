import { type KeyValue, keyText, type Revision, type WatchEvent } from '../model/index.js';
import type { MirrorUpdate } from './types.js';

/** The net changes of a sequence of events. */
export type Changes = Pick<Extract<MirrorUpdate, { readonly type: 'delta' }>, 'puts' | 'deletes'>;

const noKeyValues: ReadonlyMap<string, KeyValue> = new Map();

/** The key-values of a range at one revision. Pure: performs no IO. */
export class View {
  readonly #retain: (kv: KeyValue) => KeyValue;
  readonly #kvs = new Map<string, KeyValue>();
  #revision: Revision = 0n;
  /** The key-value that changed last; undefined when it was deleted, until the next one is determined. */
  #newest: KeyValue | undefined;
  #lastValues: ReadonlyMap<string, KeyValue> = noKeyValues;

  /** @param retain Maps each key-value of an event to the one that is kept. Default: keeps it as it is. */
  constructor(retain: (kv: KeyValue) => KeyValue = (kv) => kv) {
    this.#retain = retain;
  }

  get kvs(): ReadonlyMap<string, KeyValue> {
    return this.#kvs;
  }

  /** The view includes all changes up to this revision. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The key-value with the highest modRevision. */
  get newest(): KeyValue | undefined {
    this.#newest ??= findNewest(this.#kvs.values());
    return this.#newest;
  }

  /** The last key-values of the keys that the last {@link apply} both put and deleted: no view showed them. */
  get lastValues(): ReadonlyMap<string, KeyValue> {
    return this.#lastValues;
  }

  replace(kvs: readonly KeyValue[], revision: Revision): void {
    this.#kvs.clear();
    for (const kv of kvs) this.#kvs.set(keyText(kv.key), kv);
    this.#newest = undefined;
    this.#revision = revision;
  }

  /** Raises the revision, up to which nothing else has changed. */
  advance(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /**
   * The events after the view's revision. A read may have raised that above the events that had arrived: a key that was
   * put and deleted meanwhile is in neither, and its events, which arrive later, would show it again.
   */
  newEvents(events: readonly WatchEvent[]): readonly WatchEvent[] {
    const first = events[0];
    if (first === undefined || first.kv.modRevision > this.#revision) return events;
    return events.filter(({ kv }) => kv.modRevision > this.#revision);
  }

  /**
   * Applies {@link newEvents}, which must be in revision order. Returns the changes, or undefined when earlier events are
   * missing: the view is then partly updated and must be replaced.
   */
  apply(events: readonly WatchEvent[], revision: Revision): Changes | undefined {
    const puts = new Map<string, KeyValue>();
    const deletes = new Set<string>();
    let last: Map<string, KeyValue> | undefined;
    for (const { type, kv: whole } of events) {
      const kv = type === 'put' ? this.#retain(whole) : whole;
      const key = keyText(kv.key);
      const known = this.#kvs.get(key);
      if (type === 'put') {
        if (!isNextVersion(known, kv)) return undefined;
        this.#kvs.set(key, kv);
        this.#newest = kv;
        deletes.delete(key);
        puts.set(key, kv);
      } else {
        if (!known) return undefined;
        this.#kvs.delete(key);
        if (this.#newest === known) this.#newest = undefined;
        if (puts.delete(key)) {
          last ??= new Map();
          last.set(key, known);
        }
        deletes.add(key);
      }
    }
    this.#lastValues = last ?? noKeyValues;
    this.advance(revision);
    return { puts, deletes };
  }

  /**
   * Whether a store with `count` keys in the range, of which `newest` changed last, equals this view. A later put would
   * be newer, a later delete would leave fewer keys, and another history would not end with the same key, revision,
   * lease and value.
   */
  matches(count: bigint, newest: KeyValue | undefined): boolean {
    if (count !== BigInt(this.#kvs.size)) return false;
    const known = this.newest;
    if (!known || !newest) return known === newest;
    if (known.modRevision !== newest.modRevision) return false;
    // One transaction may have written several keys, of which the server returned any.
    return isEqual(this.#kvs.get(keyText(newest.key)), this.#retain(newest));
  }
}

function findNewest(kvs: Iterable<KeyValue>): KeyValue | undefined {
  let newest: KeyValue | undefined;
  for (const kv of kvs) if (newest === undefined || kv.modRevision > newest.modRevision) newest = kv;
  return newest;
}

/** Splits the events, which are in revision order, into one array per revision. */
export function* splitByRevision(events: readonly WatchEvent[]): Generator<readonly WatchEvent[]> {
  let from = 0;
  for (let i = 1; i <= events.length; i++) {
    if (events[i]?.kv.modRevision === events[from]?.kv.modRevision) continue;
    yield events.slice(from, i);
    from = i;
  }
}

/** Whether the put is the next change after the known state of its key: etcd numbers a key's changes since creation. */
function isNextVersion(known: KeyValue | undefined, put: KeyValue): boolean {
  if (!known) return put.version === 1n;
  return put.version === known.version + 1n && put.createRevision === known.createRevision;
}

function isEqual(known: KeyValue | undefined, kv: KeyValue): boolean {
  return (
    known !== undefined &&
    known.modRevision === kv.modRevision &&
    known.createRevision === kv.createRevision &&
    known.version === kv.version &&
    known.lease === kv.lease &&
    known.value.equals(kv.value)
  );
}
