import type { KeyValue, WatchEvent } from '#src/model/index.js';

/** What one revision did to one key. */
export interface Change {
  readonly key: string;
  readonly type: 'put' | 'delete';
  readonly bare: WatchEvent;
  /** With what the key was before; the same as `bare` for a key that is new. */
  readonly withPrev: WatchEvent;
}

/** What a watcher asks for. */
export interface Spec {
  /** From this key on, up to but without `end`. */
  readonly key: string;
  readonly end: string;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  /** The credentials do not reach it. */
  readonly forbidden: boolean;
}

export const keys: readonly string[] = ['a/0', 'a/1', 'a/2', 'b/0', 'b/1', 'c'];
const buffers = new Map(keys.map((key) => [key, Buffer.from(key)]));
const nothing = Buffer.alloc(0);

export function matches(spec: Spec, change: Change): boolean {
  if (change.type === 'put' ? spec.noPut : spec.noDelete) return false;
  return change.key >= spec.key && change.key < spec.end;
}

/** The cluster's agreed history: exact MVCC, with compaction, and with the ways in which it can be lost. */
export class Store {
  /** One list for each revision from 2 on, as the first write of a fresh etcd makes revision 2. */
  readonly #log: Change[][] = [];
  readonly #live = new Map<string, KeyValue>();
  /** In the order of the raft log: `to` compacted when the store was at `at`. */
  compactions: { readonly at: number; readonly to: number }[] = [];
  compactRevision = 0;
  /** Counts how often history was lost. */
  epoch = 0;

  get revision(): number {
    return this.#log.length + 1;
  }

  at(revision: number): readonly Change[] {
    return this.#log[revision - 2] ?? [];
  }

  /** One transaction; deletes of keys that are not there change nothing. Gives whether there is a new revision. */
  commit(operations: readonly { readonly key: string; readonly remove: boolean }[]): boolean {
    const revision = BigInt(this.revision + 1);
    const changes: Change[] = [];
    for (const { key, remove } of operations) {
      const before = this.#live.get(key);
      if (remove && !before) continue;
      changes.push(this.#change(key, remove, revision, before));
    }
    if (changes.length > 0) this.#log.push(changes);
    return changes.length > 0;
  }

  compact(to: number): void {
    if (to <= this.compactRevision || to > this.revision) return;
    this.compactRevision = to;
    this.compactions.push({ at: this.revision, to });
  }

  /** A backup of that revision takes the store's place; 1 is an empty data directory. */
  restore(revision: number): void {
    const kept = this.#log.splice(0).slice(0, revision - 1);
    this.#live.clear();
    this.epoch++;
    this.compactions = this.compactions.filter(({ at }) => at <= revision);
    this.compactRevision = this.compactions.at(-1)?.to ?? 0;
    for (const changes of kept) {
      this.#log.push(changes);
      for (const { key, type, bare } of changes) {
        if (type === 'put') this.#live.set(key, bare.kv);
        else this.#live.delete(key);
      }
    }
  }

  #change(key: string, remove: boolean, modRevision: bigint, before: KeyValue | undefined): Change {
    const kv: KeyValue = {
      key: buffers.get(key) as Buffer,
      value: nothing,
      createRevision: remove ? 0n : (before?.createRevision ?? modRevision),
      modRevision,
      version: remove ? 0n : (before?.version ?? 0n) + 1n,
      lease: 0n,
    };
    if (remove) this.#live.delete(key);
    else this.#live.set(key, kv);
    const type = remove ? 'delete' : 'put';
    const bare: WatchEvent = { type, kv };
    return { key, type, bare, withPrev: before ? { type, kv, prevKv: before } : bare };
  }
}
