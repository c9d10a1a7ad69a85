import type { WatchEvent } from '#src/model/index.js';
import type { WatchReply } from '#src/watch/core/index.js';
import { cancelled, created, events, put, refused } from './builders.js';

/** mulberry32: the same walk for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A store's history: one list of events for each revision from 2 on, as a fresh etcd's first write makes 2. */
export class ModelStore {
  readonly #revisions: WatchEvent[][] = [];
  compactRevision = 0;

  get revision(): number {
    return this.#revisions.length + 1;
  }

  /** One transaction that changes so many keys. */
  commit(keys = 1): number {
    const revision = this.revision + 1;
    this.#revisions.push(Array.from({ length: keys }, (_, i) => put(revision, `k${i}`)));
    return revision;
  }

  at(revision: number): readonly WatchEvent[] {
    return this.#revisions[revision - 2] ?? [];
  }

  /** All events of these revisions, both ends included. */
  between(from: number, to: number): WatchEvent[] {
    return this.#revisions.slice(Math.max(0, from - 2), Math.max(0, to - 1)).flat();
  }
}

export interface Message {
  readonly watchId: bigint;
  readonly reply: WatchReply;
}

const batchRevisions = 1_000;

/** A start from here on is turned down. */
export const forbidden = 1_000_000;

/** One gRPC stream on the server's side. Messages wait in `outbox` until they are taken off the wire. */
export class ModelStream {
  readonly outbox: Message[] = [];
  readonly #store: ModelStore;
  readonly #random: () => number;
  /** Watch id to the next revision to tell. */
  readonly #watchers = new Map<bigint, number>();

  constructor(store: ModelStore, random: () => number) {
    this.#store = store;
    this.#random = random;
  }

  get ids(): readonly bigint[] {
    return [...this.#watchers.keys()];
  }

  create(watchId: bigint, startRevision: number): void {
    if (startRevision >= forbidden) {
      // As servers of 3.5.0 to 3.5.5 turn a create down: with the id of somebody who lives.
      const victim = this.ids[0] ?? -1n;
      this.#say(victim, refused('etcdserver: permission denied'));
      return;
    }
    this.#say(watchId, created(this.#store.revision));
    if (startRevision < this.#store.compactRevision) {
      this.#say(watchId, cancelled(this.#store.compactRevision));
      return;
    }
    this.#watchers.set(watchId, startRevision);
  }

  cancel(watchId: bigint): void {
    if (this.#watchers.delete(watchId)) this.#say(watchId, cancelled());
  }

  /** Sends each watcher its next response, of at most 1,000 revisions, in fragments now and then. */
  pump(): void {
    for (const [watchId, next] of this.#watchers) {
      const revision = this.#store.revision;
      if (next > revision) continue;
      const to = Math.min(revision, next + batchRevisions - 1);
      this.#respond(watchId, this.#store.between(next, to));
      this.#watchers.set(watchId, to + 1);
    }
  }

  /** What servers before 3.4.24 and 3.5.8 do after a snapshot: old events, after newer ones. */
  repeatOld(): void {
    const watchId = this.ids[0];
    if (watchId === undefined) return;
    const told = this.#watchers.get(watchId)! - 1;
    const from = Math.max(2, told - Math.floor(this.#random() * 20));
    if (told >= from) this.#respond(watchId, this.#store.between(from, told));
  }

  #respond(watchId: bigint, list: WatchEvent[]): void {
    const header = this.#store.revision;
    while (list.length > 1 && this.#random() < 0.5) {
      const piece = list.splice(0, 1 + Math.floor(this.#random() * (list.length - 1)));
      this.#say(watchId, events(piece, { header, fragment: true }));
    }
    this.#say(watchId, events(list, { header }));
  }

  #say(watchId: bigint, reply: WatchReply): void {
    this.outbox.push({ watchId, reply });
  }
}
