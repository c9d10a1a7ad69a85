import { type Clock, type DueItem, DueQueue, MovableTimer, onAbort } from '../../async/index.js';
import { RetryBudget } from './retry-budget.js';
import { minAttemptMs } from './retry-rule.js';

interface Entry extends DueItem {
  readonly waiter: Waiter;
}

class Waiter {
  readonly turn: Entry = { dueAt: 0, heapIndex: -1, waiter: this };
  readonly deadline: Entry = { dueAt: Number.POSITIVE_INFINITY, heapIndex: -1, waiter: this };
  readonly settle: (granted: boolean) => void;
  readonly reject: (reason: unknown) => void;
  releaseSignal: () => void = () => {};

  constructor(settle: (granted: boolean) => void, reject: (reason: unknown) => void) {
    this.settle = settle;
    this.reject = reject;
  }
}

/**
 * The calls that wait for a retry, in the order in which their own pauses end. One timer serves all of them, and
 * removing one takes logarithmic time.
 */
export class RetryQueue {
  readonly #clock: Clock;
  readonly #budget: RetryBudget;
  readonly #turns = new DueQueue<Entry>();
  readonly #deadlines = new DueQueue<Entry>();
  readonly #timer: MovableTimer;
  #closed: { readonly reason: unknown } | undefined;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#budget = new RetryBudget(random);
    this.#timer = new MovableTimer(clock, () => this.#advance(clock.now()));
  }

  /** The number of calls that wait. */
  get size(): number {
    return this.#turns.size;
  }

  /** Whether answers must be recorded. Nearly always false, so that a healthy call pays only for this check. */
  get isActive(): boolean {
    return this.#turns.size > 0 || this.#budget.isProbing;
  }

  /**
   * Waits for the pause, which the deadline may shorten, and then for permission to send a retry.
   * @param deadline On the queue's clock.
   * @returns true when a retry may be sent; false at the deadline, if none was permitted in time for an answer.
   * @throws the signal's own reason, or the reason of `close`.
   */
  wait(pauseMs: number, deadline: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#closed) return Promise.reject(this.#closed.reason);
    const now = this.#clock.now();
    return new Promise((settle, reject) => {
      const waiter = new Waiter(settle, reject);
      const lastTurnAt = Math.max(now, deadline - 2 * minAttemptMs);
      this.#turns.set(waiter.turn, Math.min(now + pauseMs, lastTurnAt));
      if (deadline < Number.POSITIVE_INFINITY) this.#deadlines.set(waiter.deadline, deadline);
      waiter.releaseSignal = onAbort(signal, (reason) => {
        this.#remove(waiter);
        reject(reason);
      });
      this.#advance(now);
    });
  }

  /** Records an answer. A refusal that no retry would change counts as one. */
  recordAnswer(): void {
    if (!this.isActive) return;
    const now = this.#clock.now();
    this.#budget.recordAnswer(now, this.#turns.size);
    this.#advance(now);
  }

  recordFailure(): void {
    this.#budget.recordFailure();
  }

  /** Rejects all waiting calls and all later ones. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    this.#timer.cancel();
    for (const queue of [this.#turns, this.#deadlines]) {
      for (let next = queue.first; next; next = queue.first) {
        this.#remove(next.waiter);
        next.waiter.reject(reason);
      }
    }
  }

  #advance(now: number): void {
    for (let next = this.#deadlines.first; next && next.dueAt <= now; next = this.#deadlines.first)
      this.#settle(next.waiter, false);
    for (let next = this.#turns.first; next && next.dueAt <= now; next = this.#turns.first) {
      if (next.waiter.deadline.dueAt - now < minAttemptMs) this.#turns.remove(next);
      else if (this.#budget.take(now)) this.#settle(next.waiter, true);
      else break;
    }
    this.#arm();
  }

  #settle(waiter: Waiter, granted: boolean): void {
    this.#remove(waiter);
    waiter.settle(granted);
  }

  #remove(waiter: Waiter): void {
    this.#turns.remove(waiter.turn);
    this.#deadlines.remove(waiter.deadline);
    waiter.releaseSignal();
  }

  /** Moves the timer only to an earlier time. A timer that fires too early is armed again. */
  #arm(): void {
    const { first } = this.#turns;
    const turnAt = first ? Math.max(first.dueAt, this.#budget.availableAt) : Number.POSITIVE_INFINITY;
    const at = Math.min(turnAt, this.#deadlines.first?.dueAt ?? Number.POSITIVE_INFINITY);
    if (at < this.#timer.at) this.#timer.setAt(at);
  }
}
