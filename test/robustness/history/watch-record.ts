import type { WatchBatch } from '#src/index.js';
import type { ModelWatch, ModelWatchRequest, ModelWatchResponse } from './model.js';
import { modelEvent } from './values.js';

/** A key or a prefix: the ranges that etcd's model of a watch has. `{ prefix: '' }` is the whole store. */
export type WatchRange = { readonly key: string } | { readonly prefix: string };

export interface WatchSettings {
  readonly startRevision?: bigint;
  readonly prevKv?: boolean;
  readonly only?: 'put' | 'delete';
  readonly progress?: boolean;
}

/**
 * What the reader of one watch received, through any number of resumptions inside the client. A reader that continues
 * at a checkpoint with another watch has another record, which starts there.
 */
export class WatchRecord {
  readonly #request: ModelWatchRequest;
  readonly #responses: ModelWatchResponse[] = [];
  readonly #now: () => bigint;
  #events = 0;
  #readyAt = 0n;

  constructor(range: WatchRange, settings: WatchSettings, now: () => bigint) {
    this.#now = now;
    this.#request = {
      Key: 'prefix' in range ? range.prefix : range.key,
      Revision: settings.startRevision ?? 0n,
      WithPrefix: 'prefix' in range,
      WithProgressNotify: settings.progress ?? false,
      WithPrevKV: settings.prevKv ?? false,
      ...(settings.only ? { Only: settings.only } : {}),
    };
  }

  /** The number of events received. */
  get events(): number {
    return this.#events;
  }

  /** What `watcher.ready` resolved with: every later change must be delivered. */
  ready(revision: bigint): void {
    this.#readyAt = revision;
  }

  /**
   * A batch, in the order of the iteration. `nextRevision` promises that everything below it has been delivered, which
   * is what a progress notification of `nextRevision - 1` states in the model: after the events, so it is judged also
   * for batches with events.
   */
  batch({ events, nextRevision }: WatchBatch): void {
    const at = { Revision: nextRevision - 1n, Time: this.#now() };
    this.#events += events.length;
    if (events.length > 0)
      this.#responses.push({ ...at, Events: events.map(modelEvent), IsProgressNotify: false });
    this.#responses.push({ ...at, Events: [], IsProgressNotify: true });
  }

  toModel(): ModelWatch {
    return { Request: this.#request, Responses: [...this.#start(), ...this.#responses] };
  }

  /**
   * For a watch without a start revision, the validators expect events from its first response on. It may start below
   * the revision of `ready`, never above it: nothing between that revision and the first event may be missing.
   */
  #start(): ModelWatchResponse[] {
    if (this.#request.Revision !== 0n || this.#readyAt === 0n) return [];
    const first = this.#responses[0];
    const before = first ? (first.Events[0]?.Revision ?? first.Revision + 1n) - 1n : this.#readyAt;
    const revision = before < this.#readyAt ? before : this.#readyAt;
    return [{ Events: [], IsProgressNotify: true, Revision: revision, Time: first?.Time ?? this.#now() }];
  }
}
