import { backoffDelay } from '../../async/backoff.js';
import type { SlotKey, WatchEffect } from './protocol.js';
import { reopenBackoff } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/** The slot number of the session's own timer. */
const sessionSlot: SlotKey = 0;

/** The watchers that wait for a pause before their next attempt. One timer serves all of them. */
export class RetryQueue {
  readonly #waiting = new Set<WatcherState>();
  readonly #random: () => number;
  readonly #emit: (effect: WatchEffect) => void;

  constructor(random: () => number, emit: (effect: WatchEffect) => void) {
    this.#random = random;
    this.#emit = emit;
  }

  scheduleRetry(state: WatcherState): void {
    if (this.#waiting.size === 0) {
      const delayMs = backoffDelay(reopenBackoff, state.failures, this.#random);
      this.#emit({ type: 'arm-timer', timer: 'retry', slot: sessionSlot, delayMs });
    }
    state.failures++;
    this.#waiting.add(state);
  }

  remove(state: WatcherState): void {
    if (!this.#waiting.delete(state) || this.#waiting.size > 0) return;
    this.#emit({ type: 'disarm-timer', timer: 'retry', slot: sessionSlot });
  }

  /** Returns and removes all watchers, when the pause is over. */
  takeAll(): readonly WatcherState[] {
    const due = [...this.#waiting];
    this.#waiting.clear();
    return due;
  }
}
