import { factsOf, type History, type StoredKv, type TruthEvent, type TruthFact } from './history.js';

/** A put in the truth. */
export interface TruePut {
  readonly revision: bigint;
  readonly at: number;
  readonly kv: StoredKv;
}

/** A change of a key at a revision. */
export interface Change {
  readonly revision: bigint;
  readonly at: number;
  /** Undefined for a delete. */
  readonly kv: StoredKv | undefined;
}

/** The store's complete history, which can be read at any revision. */
export class Truth {
  readonly revisions: readonly TruthFact[];
  readonly #byRevision = new Map<bigint, TruthFact>();
  readonly #byKey = new Map<string, Change[]>();
  readonly #byValue = new Map<string, TruePut[]>();

  constructor(history: History) {
    this.revisions = factsOf(history, 'truth').sort((a, b) => (a.revision < b.revision ? -1 : 1));
    for (const fact of this.revisions) {
      this.#byRevision.set(fact.revision, fact);
      for (const event of fact.events) this.#add(fact, event);
    }
  }

  /** 1 for a store that was never written to. */
  get lastRevision(): bigint {
    return this.revisions.at(-1)?.revision ?? 1n;
  }

  get values(): Iterable<readonly [value: string, puts: readonly TruePut[]]> {
    return this.#byValue;
  }

  at(revision: bigint): readonly TruthEvent[] {
    return this.#byRevision.get(revision)?.events ?? [];
  }

  /** Where a value was put; more than one put is a violation. */
  putsOf(value: string): readonly TruePut[] {
    return this.#byValue.get(value) ?? [];
  }

  hasPut(revision: bigint, key: string, value: string): boolean {
    return this.at(revision).some(
      (event) => event.type === 'put' && event.kv.key === key && event.kv.value === value,
    );
  }

  hasDelete(revision: bigint, key: string): boolean {
    return this.at(revision).some((event) => event.type === 'delete' && event.key === key);
  }

  /** All keys with the prefix that ever existed, sorted. */
  keys(prefix: string): string[] {
    return [...this.#byKey.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** All changes of a key, oldest first. */
  changesOf(key: string): readonly Change[] {
    return this.#byKey.get(key) ?? [];
  }

  /** The key at a revision, including the changes of that revision. */
  get(key: string, revision: bigint): StoredKv | undefined {
    return this.lastChange(key, revision)?.kv;
  }

  /** The last change of a key at or before the revision. */
  lastChange(key: string, revision: bigint): Change | undefined {
    const changes = this.changesOf(key);
    let [low, high] = [0, changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((changes[middle]?.revision ?? 0n) <= revision) low = middle + 1;
      else high = middle;
    }
    return changes[low - 1];
  }

  /** The keys with the prefix at a revision, sorted. */
  range(prefix: string, revision: bigint): StoredKv[] {
    return this.keys(prefix)
      .map((key) => this.get(key, revision))
      .filter((kv) => kv !== undefined);
  }

  #add({ revision, at }: TruthFact, event: TruthEvent): void {
    const key = event.type === 'put' ? event.kv.key : event.key;
    const kv = event.type === 'put' ? event.kv : undefined;
    push(this.#byKey, key, { revision, at, kv });
    if (kv) push(this.#byValue, kv.value, { revision, at, kv });
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function sameKv(a: StoredKv | undefined, b: StoredKv | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.createRevision === b.createRevision &&
    a.modRevision === b.modRevision &&
    a.version === b.version &&
    a.lease === b.lease
  );
}

export function sameKvs(a: readonly StoredKv[], b: readonly StoredKv[]): boolean {
  return a.length === b.length && a.every((kv, i) => sameKv(kv, b[i]));
}
