import type { WatchEvent } from '#src/model/index.js';
import type { WatchReply } from '#src/watch/core/index.js';
import { cancelled, created, events, put, refused } from './builders.js';

/** mulberry32: the same sequence for the same seed. */
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

/** A store's history: a list of events per revision, from 2 on, the first write of a new etcd. */
export class ModelStore {
  readonly #revisions: WatchEvent[][] = [];
  compactRevision = 0;

  get revision(): number {
    return this.#revisions.length + 1;
  }

  /** Commits one transaction that changes `keys` keys. */
  commit(keys = 1): number {
    const revision = this.revision + 1;
    this.#revisions.push(Array.from({ length: keys }, (_, i) => put(revision, `k${i}`)));
    return revision;
  }

  at(revision: number): readonly WatchEvent[] {
    return this.#revisions[revision - 2] ?? [];
  }

  /** All events of these revisions, inclusive. */
  between(from: number, to: number): WatchEvent[] {
    return this.#revisions.slice(Math.max(0, from - 2), Math.max(0, to - 1)).flat();
  }
}

export interface Message {
  readonly watchId: bigint;
  readonly reply: WatchReply;
}

const batchRevisions = 1_000;

/** A create with a start from this revision on is refused. */
export const forbidden = 1_000_000;

/** The server's side of one gRPC stream. Messages wait in `outbox` until the client receives them. */
export class ModelStream {
  readonly outbox: Message[] = [];
  readonly #store: ModelStore;
  readonly #random: () => number;
  /** The next revision to send, by watch id. */
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
      // etcd 3.5.0 to 3.5.5 refuse a create with the id of a live watcher.
      const victim = this.ids[0] ?? -1n;
      this.#push(victim, refused('etcdserver: permission denied'));
      return;
    }
    this.#push(watchId, created(this.#store.revision));
    if (startRevision < this.#store.compactRevision) {
      this.#push(watchId, cancelled(this.#store.compactRevision));
      return;
    }
    this.#watchers.set(watchId, startRevision);
  }

  cancel(watchId: bigint): void {
    if (this.#watchers.delete(watchId)) this.#push(watchId, cancelled());
  }

  /** Sends each watcher its next response, of at most 1,000 revisions, sometimes in fragments. */
  pump(): void {
    for (const [watchId, next] of this.#watchers) {
      const revision = this.#store.revision;
      if (next > revision) continue;
      const to = Math.min(revision, next + batchRevisions - 1);
      this.#respond(watchId, this.#store.between(next, to));
      this.#watchers.set(watchId, to + 1);
    }
  }

  /** Sends old events after newer ones, as etcd before 3.4.24 and 3.5.8 does after a snapshot. */
  repeatOld(): void {
    const watchId = this.ids[0];
    if (watchId === undefined) return;
    const sent = this.#watchers.get(watchId)! - 1;
    const from = Math.max(2, sent - Math.floor(this.#random() * 20));
    if (sent >= from) this.#respond(watchId, this.#store.between(from, sent));
  }

  #respond(watchId: bigint, list: WatchEvent[]): void {
    const header = this.#store.revision;
    while (list.length > 1 && this.#random() < 0.5) {
      const piece = list.splice(0, 1 + Math.floor(this.#random() * (list.length - 1)));
      this.#push(watchId, events(piece, { header, fragment: true }));
    }
    this.#push(watchId, events(list, { header }));
  }

  #push(watchId: bigint, reply: WatchReply): void {
    this.outbox.push({ watchId, reply });
  }
}
