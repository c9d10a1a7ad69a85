import { uptime } from 'node:os';
import type { Clock } from './clock.js';
import { SharedTimer, startNodeTimer } from './shared-timer.js';

/** The machine's clocks, in milliseconds. */
export interface MachineClocks {
  /** Stops while the machine sleeps, on Linux and macOS. */
  monotonic(): number;
  /** The time of day, which may be set at any time. Cheap to read. */
  wall(): number;
  /** Continues while the machine sleeps. Coarse, and takes microseconds to read instead of nanoseconds. */
  uptime(): number;
  /** The resolution of `uptime`. */
  readonly uptimeStepMs: number;
}

const machine: MachineClocks = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  uptime: () => uptime() * 1_000,
  uptimeStepMs: process.platform === 'linux' ? 10 : 1_000,
};

/** A larger change of wall clock minus monotonic clock is not rounding: the time was set, or the machine slept. */
const wallSlackMs = 5;

/**
 * A monotonic clock that includes the time the machine slept, during which a server continues to count. A jump of the
 * wall clock only triggers a read of the uptime, so setting the time does no harm. Node's timers stop during sleep;
 * the first read of this clock after it restarts this clock's timers.
 */
export class ElapsedClock implements Clock {
  readonly #clocks: MachineClocks;
  readonly #uptimeOffset: number;
  #wallOffset: number;
  #sleptMs = 0;
  readonly #timers: SharedTimer;

  constructor(clocks: MachineClocks = machine) {
    this.#clocks = clocks;
    const now = clocks.monotonic();
    this.#wallOffset = clocks.wall() - now;
    this.#uptimeOffset = clocks.uptime() - now;
    this.#timers = new SharedTimer({
      now: () => this.now(),
      startTimer: (delayMs, callback) => startNodeTimer(delayMs, callback, true),
    });
  }

  now(): number {
    const now = this.#clocks.monotonic();
    const wallOffset = this.#clocks.wall() - now;
    if (Math.abs(wallOffset - this.#wallOffset) > wallSlackMs) this.#readUptime(now, wallOffset);
    return now + this.#sleptMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    return this.#timers.set(delayMs, callback);
  }

  #readUptime(now: number, wallOffset: number): void {
    this.#wallOffset = wallOffset;
    const sleptMs = this.#clocks.uptime() - now - this.#uptimeOffset;
    if (sleptMs <= this.#sleptMs + 2 * this.#clocks.uptimeStepMs) return;
    this.#sleptMs = sleptMs;
    this.#timers.restart();
  }
}
