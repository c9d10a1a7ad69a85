import { backoffDelay } from '../../../async/time/backoff.js';
import type { SessionContext } from '../context.js';
import type { SlotKey } from '../protocol.js';
import { reopenBackoff } from '../stream/reopen-backoff.js';
import type { WatcherState } from './watcher-state.js';

/** The slot number of the session's own timer. */
const sessionSlot: SlotKey = 0;

/** The watchers that wait for a pause before their next attempt. One timer serves all of them. */
export class WatcherRetries {
  readonly #waiting = new Set<WatcherState>();
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  scheduleRetry(state: WatcherState): void {
    if (this.#waiting.size === 0) {
      const delayMs = backoffDelay(reopenBackoff, state.failures, this.#context.random);
      this.#context.armTimer('retry', sessionSlot, delayMs);
    }
    state.failures++;
    this.#waiting.add(state);
  }

  remove(state: WatcherState): void {
    if (!this.#waiting.delete(state) || this.#waiting.size > 0) return;
    this.#context.disarmTimer('retry', sessionSlot);
  }

  /** Returns and removes all watchers, when the pause is over. */
  takeAll(): readonly WatcherState[] {
    const due = [...this.#waiting];
    this.#waiting.clear();
    return due;
  }
}
