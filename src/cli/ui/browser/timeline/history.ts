import { type ReadonlySignal, signal } from '@preact/signals';
import { paths } from '../../protocol/index.js';
import { ApiFailure, call } from '../api/index.js';
import { listenToEntries } from '../state/index.js';
import { emptyHistory, type HistoryState, loaded, received, reloading } from './history-state.js';

const pageSize = 200;

/** Loads the entries of a service, or of all, and follows those that arrive on the stream. */
export class History {
  readonly #service: string | undefined;
  readonly #state = signal(emptyHistory);
  #abort = new AbortController();

  constructor(service: string | undefined) {
    this.#service = service;
  }

  get state(): ReadonlySignal<HistoryState> {
    return this.#state;
  }

  /** The returned function ends it. */
  start(): () => void {
    const stop = listenToEntries({
      onEntries: (entries) => {
        this.#state.value = received(this.#state.value, this.#service, entries);
      },
      onGap: () => this.reload(),
    });
    this.reload();
    return () => {
      stop();
      this.#abort.abort();
    };
  }

  reload(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#state.value = reloading(this.#state.value);
    void this.#load(undefined);
  }

  loadOlder(): void {
    const { entries, loading } = this.#state.value;
    if (loading) return;
    this.#update({ loading: true, error: undefined });
    void this.#load(entries.at(-1)?.n);
  }

  async #load(before: number | undefined): Promise<void> {
    const { signal } = this.#abort;
    try {
      const request = { service: this.#service, before, limit: pageSize };
      const reply = await call(paths.timeline, request, signal);
      if (!signal.aborted) this.#state.value = loaded(this.#state.value, reply);
    } catch (error) {
      const text = error instanceof ApiFailure ? error.message : String(error);
      if (!signal.aborted) this.#update({ loading: false, error: text });
    }
  }

  #update(change: Partial<HistoryState>): void {
    this.#state.value = { ...this.#state.value, ...change };
  }
}
