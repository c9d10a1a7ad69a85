import { backoffDelay } from '../../async/backoff.js';
import type { SlotKey, WatchEffect } from './protocol.js';
import { reopenBackoff } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/** The session's own timer names this slot. */
const sessionSlot: SlotKey = 0;

/** Those for whom something failed, until the pause before the next try is over. One timer serves all of them. */
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

  /** The pause is over: gives those who are to be tried again. */
  takeAll(): readonly WatcherState[] {
    const due = [...this.#waiting];
    this.#waiting.clear();
    return due;
  }
}
