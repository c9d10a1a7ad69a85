import { type ReadonlySignal, signal } from '@preact/signals';
import { paths, type TimelineEntry, type TimelineFilter } from '../../protocol/index.js';
import { matcher } from '../../shared/index.js';
import { ApiFailure, call } from '../api/index.js';
import { listenToEntries } from '../state/index.js';
import {
  emptyHistory,
  type HistoryScope,
  type HistoryState,
  held,
  loaded,
  received,
  refiltered,
  reloading,
} from './history-state.js';

const pageSize = 200;
/** Hundreds of entries a second are not read one by one: the list changes at most this often. */
const updateIntervalMs = 250;
/** After so many entries at once, the list waits longer: each of them costs time to show. */
const manyEntries = 20;
const longIntervalMs = 1_000;
/** A filter is used when typing pauses. */
const filterDelayMs = 200;

/** Loads the entries of a service, or of all, and follows those that arrive on the stream. */
export class History {
  readonly #service: string | undefined;
  readonly #state = signal(emptyHistory);
  #filter: TimelineFilter;
  #scope: HistoryScope;
  #abort = new AbortController();
  /** Those that arrived since the last update, the oldest first. */
  #waiting: TimelineEntry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #filterTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(service: string | undefined, filter: TimelineFilter) {
    this.#service = service;
    this.#filter = filter;
    this.#scope = { service, matches: matcher(filter) };
  }

  get state(): ReadonlySignal<HistoryState> {
    return this.#state;
  }

  /** The returned function ends it. */
  start(): () => void {
    const stop = listenToEntries({
      onEntries: (entries) => this.#receive(entries),
      onGap: () => this.#onGap(),
    });
    this.reload();
    return () => {
      stop();
      clearTimeout(this.#timer);
      clearTimeout(this.#filterTimer);
      this.#abort.abort();
    };
  }

  /** Shows the newest entries. */
  reload(): void {
    clearTimeout(this.#filterTimer);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#waiting = [];
    this.#state.value = reloading(this.#state.value);
    void this.#load(undefined);
  }

  loadOlder(): void {
    const { next, loading } = this.#state.value;
    if (loading) return;
    this.#update({ loading: true, error: undefined });
    void this.#load(next);
  }

  setFilter(filter: TimelineFilter): void {
    if (JSON.stringify(filter) === JSON.stringify(this.#filter)) return;
    this.#filter = filter;
    this.#scope = { service: this.#service, matches: matcher(filter) };
    this.#abort.abort();
    this.#state.value = refiltered(this.#state.value, this.#scope);
    clearTimeout(this.#filterTimer);
    this.#filterTimer = setTimeout(() => this.reload(), filterDelayMs);
  }

  /** Whether new entries are counted only. When that ends, they are shown. */
  setHeld(isHeld: boolean): void {
    const { held: before, pending } = this.#state.value;
    if (isHeld === (before !== undefined)) return;
    this.#flush();
    if (isHeld) this.#state.value = held(this.#state.value);
    else this.#update({ held: undefined });
    const isBehind = before !== undefined && (before.count > 0 || before.gap);
    if (isBehind && !pending) this.reload();
  }

  #onGap(): void {
    const { held: now } = this.#state.value;
    if (now) this.#update({ held: { ...now, gap: true } });
    else this.reload();
  }

  #receive(entries: readonly TimelineEntry[]): void {
    this.#waiting.push(...entries);
    if (this.#timer !== undefined) return;
    const delay = this.#waiting.length > manyEntries ? longIntervalMs : updateIntervalMs;
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0) this.#receive([]);
    }, delay);
  }

  #flush(): void {
    this.#state.value = received(this.#state.value, this.#scope, this.#waiting);
    this.#waiting = [];
  }

  /** Requests parts until there is a page: the command searches a limited number of entries at once. */
  async #load(from: number | undefined): Promise<void> {
    const { signal } = this.#abort;
    try {
      let [before, found, isDone] = [from, 0, false];
      while (!isDone) {
        const request = { ...this.#filter, service: this.#service, before, limit: pageSize };
        const reply = await call(paths.timeline, request, signal);
        if (signal.aborted) return;
        this.#flush();
        before = reply.next;
        found += reply.entries.length;
        isDone = before === undefined || found >= pageSize;
        this.#state.value = { ...loaded(this.#state.value, reply), loading: !isDone };
      }
    } catch (error) {
      const text = error instanceof ApiFailure ? error.message : String(error);
      if (!signal.aborted) this.#update({ loading: false, error: text });
    }
  }

  #update(change: Partial<HistoryState>): void {
    this.#state.value = { ...this.#state.value, ...change };
  }
}
