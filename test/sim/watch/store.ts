import type { KeyValue, WatchEvent } from '#src/model/index.js';

/** The change of one key in one revision. */
export interface Change {
  readonly key: string;
  readonly type: 'put' | 'delete';
  readonly bare: WatchEvent;
  /** With the previous value; the same as `bare` for a new key. */
  readonly withPrev: WatchEvent;
}

/** A watch request. */
export interface Spec {
  /** The first key; the range ends before `end`. */
  readonly key: string;
  readonly end: string;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  /** The user has no permission for the range. */
  readonly forbidden: boolean;
}

export const keys: readonly string[] = ['a/0', 'a/1', 'a/2', 'b/0', 'b/1', 'c'];
const buffers = new Map(keys.map((key) => [key, Buffer.from(key)]));
const nothing = Buffer.alloc(0);

export function matches(spec: Spec, change: Change): boolean {
  if (change.type === 'put' ? spec.noPut : spec.noDelete) return false;
  return change.key >= spec.key && change.key < spec.end;
}

/** The cluster's committed history: exact MVCC with compaction, and with rollbacks. */
export class Store {
  /** One list per revision from 2 on: the first write of an empty etcd makes revision 2. */
  readonly #log: Change[][] = [];
  readonly #live = new Map<string, KeyValue>();
  /** In log order: compacted to `to` when the store was at `at`. */
  compactions: { readonly at: number; readonly to: number }[] = [];
  compactRevision = 0;
  /** How often history was lost. */
  epoch = 0;

  get revision(): number {
    return this.#log.length + 1;
  }

  at(revision: number): readonly Change[] {
    return this.#log[revision - 2] ?? [];
  }

  /** Commits one transaction; deletes of missing keys change nothing. Returns whether there is a new revision. */
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

  /** Replaces the store by a backup of this revision; 1 is an empty data directory. */
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
