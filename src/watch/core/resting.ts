import { backoffDelay } from '../../async/backoff.js';
import { reopen } from './lane.js';
import type { LaneKey, WatchEffect } from './protocol.js';
import type { WatcherState } from './watcher-state.js';

/** The session's own timer names this lane. */
const noLane: LaneKey = 0;

/** Those for whom something failed, until the pause before the next try is over. One timer serves all of them. */
export class Resting {
  readonly #resting = new Set<WatcherState>();
  readonly #random: () => number;
  readonly #emit: (effect: WatchEffect) => void;

  constructor(random: () => number, emit: (effect: WatchEffect) => void) {
    this.#random = random;
    this.#emit = emit;
  }

  add(state: WatcherState): void {
    if (this.#resting.size === 0) {
      const delayMs = backoffDelay(reopen, state.failures, this.#random);
      this.#emit({ type: 'arm-timer', timer: 'retry', lane: noLane, delayMs });
    }
    state.failures++;
    this.#resting.add(state);
  }

  remove(state: WatcherState): void {
    if (!this.#resting.delete(state) || this.#resting.size > 0) return;
    this.#emit({ type: 'disarm-timer', timer: 'retry', lane: noLane });
  }

  /** The pause is over: gives those who are to be tried again. */
  rested(): readonly WatcherState[] {
    const rested = [...this.#resting];
    this.#resting.clear();
    return rested;
  }
}
