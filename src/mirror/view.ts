import { type KeyValue, keyText, type Revision, type WatchEvent } from '../model/index.js';

/** What a run of events changed, by the text of the keys: see {@link keyText}. */
export interface Changes {
  readonly puts: ReadonlyMap<string, KeyValue>;
  readonly deletes: ReadonlySet<string>;
}

/** The keys of a range at one revision. Pure: knows no server. */
export class View {
  readonly #retain: (kv: KeyValue) => KeyValue;
  readonly #kvs = new Map<string, KeyValue>();
  #revision: Revision = 0n;
  /** The key changed last; undefined when that was deleted, and has to be looked for. */
  #newest: KeyValue | undefined;

  /** @param retain What is kept of each key-value of an event. Default: all of it. */
  constructor(retain: (kv: KeyValue) => KeyValue = (kv) => kv) {
    this.#retain = retain;
  }

  get kvs(): ReadonlyMap<string, KeyValue> {
    return this.#kvs;
  }

  /** Everything up to here is in. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The key that changed last, among those that are there. */
  get newest(): KeyValue | undefined {
    if (this.#newest === undefined && this.#kvs.size > 0) {
      for (const kv of this.#kvs.values()) {
        if (this.#newest === undefined || kv.modRevision > this.#newest.modRevision) this.#newest = kv;
      }
    }
    return this.#newest;
  }

  replace(kvs: readonly KeyValue[], revision: Revision): void {
    this.#kvs.clear();
    for (const kv of kvs) this.#kvs.set(keyText(kv.key), kv);
    this.#newest = undefined;
    this.#revision = revision;
  }

  /** Nothing changed up to here. */
  advance(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /**
   * Takes events in revision order. Gives what changed, or undefined when an event shows that others before it are
   * missing, with the view then somewhere between: it has to be replaced.
   */
  apply(events: readonly WatchEvent[], revision: Revision): Changes | undefined {
    const puts = new Map<string, KeyValue>();
    const deletes = new Set<string>();
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
        puts.delete(key);
        deletes.add(key);
      }
    }
    this.advance(revision);
    return { puts, deletes };
  }

  /**
   * Whether a store that counts so many keys, of which `newest` changed last, holds exactly this view: a later put
   * would be newer, a mere delete would leave fewer, and another history would not have the same key, revision, lease
   * and value at its end.
   */
  matches(count: bigint, newest: KeyValue | undefined): boolean {
    if (count !== BigInt(this.#kvs.size)) return false;
    const known = this.newest;
    if (!known || !newest) return known === newest;
    if (known.modRevision !== newest.modRevision) return false;
    // One transaction may have written several keys; the server named one of them.
    return isEqual(this.#kvs.get(keyText(newest.key)), this.#retain(newest));
  }
}

/** The events of each revision by themselves. */
export function* splitByRevision(events: readonly WatchEvent[]): Generator<readonly WatchEvent[]> {
  let from = 0;
  for (let i = 1; i <= events.length; i++) {
    if (i < events.length && events[i]?.kv.modRevision === events[from]?.kv.modRevision) continue;
    yield events.slice(from, i);
    from = i;
  }
}

/** Whether the put can come right after what is known of its key: etcd counts the changes of each key's life. */
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
