import type { Clock } from '../../async/index.js';
import type { BatchAttempt, ReadyConnection } from '../../wire/index.js';
import type { PlannedBatch } from './core/index.js';
import type { SingleRead } from './single-read.js';

/** Timers are not exact: a deadline that passes this long before the end of the attempt does so with it. */
const timerToleranceMs = 1;

/** A batch on its way, with the reads that wait for it. */
export class SentBatch {
  readonly connection: ReadyConnection;
  readonly planned: PlannedBatch<SingleRead>;
  readonly attempt: BatchAttempt;
  readonly #clock: Clock;
  readonly #onTimedOut: (read: SingleRead, batch: SentBatch) => void;
  #waiting: number;
  readonly #allowExit: () => void;
  #cancelTimer: (() => void) | undefined;

  constructor(
    connection: ReadyConnection,
    planned: PlannedBatch<SingleRead>,
    attempt: BatchAttempt,
    ports: {
      readonly clock: Clock;
      /** Called when no read waits any more. */
      readonly allowExit: () => void;
      /** Called for each read whose deadline passes before the attempt ends. */
      readonly onTimedOut: (read: SingleRead, batch: SentBatch) => void;
    },
  ) {
    this.connection = connection;
    this.planned = planned;
    this.attempt = attempt;
    this.#clock = ports.clock;
    this.#onTimedOut = ports.onTimedOut;
    this.#waiting = planned.reads.length;
    this.#allowExit = ports.allowExit;
    const { endpoint } = connection.member;
    for (const read of planned.reads) {
      read.batch = this;
      read.trace?.attemptSent(endpoint, planned.reads.length);
    }
    const now = ports.clock.now();
    if (now + planned.shortestMs < attempt.endsAt - timerToleranceMs) this.#arm(now);
  }

  /** The reads that wait. */
  get waiting(): readonly SingleRead[] {
    return this.planned.reads.filter((read) => read.batch === this);
  }

  /** Records that a read waits no longer. The batch goes on, because a cancelled transaction is an error for etcd. */
  leave(): void {
    if (--this.#waiting > 0) return;
    this.#allowExit();
    this.#cancelTimer?.();
  }

  #arm(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { batch, deadline } of this.planned.reads)
      if (batch === this && deadline < next) next = deadline;
    if (next < this.attempt.endsAt - timerToleranceMs)
      this.#cancelTimer = this.#clock.setTimer(next - now, () => this.#onTimer());
  }

  #onTimer(): void {
    const now = this.#clock.now();
    for (const read of this.waiting) if (read.deadline <= now) this.#onTimedOut(read, this);
    this.#arm(now);
  }
}
