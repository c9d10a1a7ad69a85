import type { SlotKey, TimerName, TokenGeneration, WatchEffect } from './protocol.js';

/** What the parts of a session share: the effects of the current input, the current token, and the next watch id. */
export class SessionContext {
  /** Returns a number in [0, 1), for jitter. */
  readonly random: () => number;
  /** The generation of the current token. */
  tokenGeneration: TokenGeneration = 0;
  #effects: WatchEffect[] = [];
  #nextWatchId: bigint;

  constructor(random: () => number, firstWatchId: bigint) {
    this.random = random;
    this.#nextWatchId = firstWatchId;
  }

  /** Adds an effect of the current input. */
  emit(effect: WatchEffect): void {
    this.#effects.push(effect);
  }

  armTimer(timer: TimerName, slot: SlotKey, delayMs: number): void {
    this.#effects.push({ type: 'arm-timer', timer, slot, delayMs });
  }

  disarmTimer(timer: TimerName, slot: SlotKey): void {
    this.#effects.push({ type: 'disarm-timer', timer, slot });
  }

  /** Returns and removes the effects of the current input. */
  takeEffects(): readonly WatchEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Returns the next watch id. Ids count up and are never reused. */
  newWatchId(): bigint {
    return this.#nextWatchId++;
  }
}
