import { backoffDelay } from '../../async/backoff.js';
import type { SlotKey, WatchEffect } from './protocol.js';
import { reopen } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/** The session's own timer names this slot. */
const noSlot: SlotKey = 0;

/** Those for whom something failed, until the pause before the next try is over. One timer serves all of them. */
export class RetryQueue {
  readonly #resting = new Set<WatcherState>();
  readonly #random: () => number;
  readonly #emit: (effect: WatchEffect) => void;

  constructor(random: () => number, emit: (effect: WatchEffect) => void) {
    this.#random = random;
    this.#emit = emit;
  }

  scheduleRetry(state: WatcherState): void {
    if (this.#resting.size === 0) {
      const delayMs = backoffDelay(reopen, state.failures, this.#random);
      this.#emit({ type: 'arm-timer', timer: 'retry', slot: noSlot, delayMs });
    }
    state.failures++;
    this.#resting.add(state);
  }

  remove(state: WatcherState): void {
    if (!this.#resting.delete(state) || this.#resting.size > 0) return;
    this.#emit({ type: 'disarm-timer', timer: 'retry', slot: noSlot });
  }

  /** The pause is over: gives those who are to be tried again. */
  takeAll(): readonly WatcherState[] {
    const rested = [...this.#resting];
    this.#resting.clear();
    return rested;
  }
}
