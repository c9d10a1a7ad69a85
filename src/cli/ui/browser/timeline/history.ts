import { type ReadonlySignal, signal } from '@preact/signals';
import { paths, type TimelineEntry } from '../../protocol/index.js';
import { ApiFailure, call } from '../api/index.js';
import { listenToEntries } from '../state/index.js';
import { emptyHistory, type HistoryState, loaded, received, reloading } from './history-state.js';

const pageSize = 200;
/** Hundreds of entries a second are not read one by one: the list changes at most this often. */
const updateIntervalMs = 250;

/** Loads the entries of a service, or of all, and follows those that arrive on the stream. */
export class History {
  readonly #service: string | undefined;
  readonly #state = signal(emptyHistory);
  #abort = new AbortController();
  /** Those that arrived since the last update, the oldest first. */
  #waiting: TimelineEntry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(service: string | undefined) {
    this.#service = service;
  }

  get state(): ReadonlySignal<HistoryState> {
    return this.#state;
  }

  /** The returned function ends it. */
  start(): () => void {
    const stop = listenToEntries({
      onEntries: (entries) => this.#receive(entries),
      onGap: () => this.reload(),
    });
    this.reload();
    return () => {
      stop();
      clearTimeout(this.#timer);
      this.#abort.abort();
    };
  }

  reload(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#waiting = [];
    this.#state.value = reloading(this.#state.value);
    void this.#load(undefined);
  }

  loadOlder(): void {
    const { entries, loading } = this.#state.value;
    if (loading) return;
    this.#update({ loading: true, error: undefined });
    void this.#load(entries.at(-1)?.n);
  }

  #receive(entries: readonly TimelineEntry[]): void {
    this.#waiting.push(...entries);
    if (this.#timer !== undefined) return;
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0) this.#receive([]);
    }, updateIntervalMs);
  }

  #flush(): void {
    this.#state.value = received(this.#state.value, this.#service, this.#waiting);
    this.#waiting = [];
  }

  async #load(before: number | undefined): Promise<void> {
    const { signal } = this.#abort;
    try {
      const request = { service: this.#service, before, limit: pageSize };
      const reply = await call(paths.timeline, request, signal);
      if (signal.aborted) return;
      this.#flush();
      this.#state.value = loaded(this.#state.value, reply);
    } catch (error) {
      const text = error instanceof ApiFailure ? error.message : String(error);
      if (!signal.aborted) this.#update({ loading: false, error: text });
    }
  }

  #update(change: Partial<HistoryState>): void {
    this.#state.value = { ...this.#state.value, ...change };
  }
}
