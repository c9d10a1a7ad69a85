import { inRootContext } from '../root-context.js';
import { type DueItem, DueQueue } from './due-queue.js';

/**
 * The longest delay of a Node timer, in milliseconds: 24.8 days.
 *
 * Workaround (Node 20 to 24; https://nodejs.org/docs/latest-v20.x/api/timers.html#settimeoutcallback-delay-args): Node
 * runs a timer with a longer delay immediately, so a shared timer starts several. Remove when Node accepts longer delays.
 */
export const longestTimerMs = 2 ** 31 - 1;

/** A clock, and the one timer that a {@link SharedTimer} starts on it. */
export interface TimerSource {
  now(): number;
  /** Calls back once, after `delayMs` whole milliseconds. Returns a function that cancels the timer. */
  startTimer(delayMs: number, callback: () => void): () => void;
}

/** An object that is its own timer, so that setting one allocates nothing. */
export interface TimerTask extends DueItem {
  /** Called when the timer fires. */
  onDue(): void;
}

/**
 * Starts one of Node's timers; `unref` means that it does not keep the process alive. The callback has no context of a
 * caller: a shared timer would have that of whoever set it first.
 */
export function startNodeTimer(delayMs: number, callback: () => void, unref: boolean): () => void {
  const timer = inRootContext(() => setTimeout(callback, delayMs));
  if (unref) timer.unref();
  return () => clearTimeout(timer);
}

/** A timer that has not fired this long after its time never will, because the clock or the timers were replaced. */
const lostAfterMs = 1_000;

class CallbackTask implements TimerTask {
  dueAt = 0;
  heapIndex = -1;
  readonly onDue: () => void;

  constructor(callback: () => void) {
    this.onDue = callback;
  }
}

/** Any number of timers, for any delays, on one of Node's timers. Each costs O(log n) to set and to cancel. */
export class SharedTimer {
  readonly #source: TimerSource;
  readonly #tasks = new DueQueue<TimerTask>();
  /** The due time for which the timer was started; undefined while there is no timer. */
  #armedFor: number | undefined;
  #isFiring = false;
  #cancelTimer = () => {};

  constructor(source: TimerSource) {
    this.#source = source;
  }

  /** Calls back once, after at least `delayMs` milliseconds; never for `Infinity`. Returns a function that cancels this. */
  set(delayMs: number, callback: () => void): () => void {
    const task = new CallbackTask(callback);
    this.add(task, delayMs);
    return () => {
      this.#tasks.remove(task);
      if (this.#tasks.size === 0) this.#disarm();
    };
  }

  /** Calls `task.onDue()` once, after at least `delayMs` milliseconds; never for `Infinity`. Moves a task that is set. */
  add(task: TimerTask, delayMs: number): void {
    const now = this.#source.now();
    this.#tasks.set(task, now + Math.max(delayMs, 0));
    this.#arm(now);
  }

  /**
   * Cancels the task. Node's timer stays for the next one, also when this was the last: one task after the other, such as
   * the deadlines of calls, would otherwise start a timer each. Only for a source whose timers keep no process alive.
   */
  remove(task: TimerTask): void {
    this.#tasks.remove(task);
  }

  /** Starts the timer again, because the clock has jumped. */
  restart(): void {
    this.#disarm();
    this.#arm(this.#source.now());
  }

  /**
   * Replaces the timer only by an earlier one: a timer that fires too early does no harm. A lost timer is replaced too:
   * fake timers, as tests install them, never fire once they are removed.
   */
  #arm(now: number): void {
    const { first } = this.#tasks;
    if (!first || this.#isFiring || !this.#isEarlier(first.dueAt, now)) return;
    this.#cancelTimer();
    this.#armedFor = first.dueAt;
    // Workaround (Node 20 to 24; https://github.com/nodejs/node/issues/26578,
    // https://github.com/libuv/libuv/issues/4773): libuv rounds its clock down to milliseconds, so without one more a
    // timer may fire early. Remove when fixed there.
    const wholeMs = Math.ceil(Math.max(first.dueAt - now, 0)) + 1;
    this.#cancelTimer = this.#source.startTimer(Math.min(wholeMs, longestTimerMs), () => this.#fire());
  }

  #isEarlier(dueAt: number, now: number): boolean {
    return this.#armedFor === undefined || dueAt < this.#armedFor || now > this.#armedFor + lostAfterMs;
  }

  #disarm(): void {
    this.#cancelTimer();
    this.#armedFor = undefined;
  }

  #fire(): void {
    const now = this.#source.now();
    this.#isFiring = true; // the callbacks start no timer
    try {
      for (let next = this.#tasks.first; next && next.dueAt <= now; next = this.#tasks.first) {
        this.#tasks.remove(next);
        next.onDue();
      }
    } finally {
      this.#isFiring = false;
      this.restart();
    }
  }
}
