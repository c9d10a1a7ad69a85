import { deepEqual, equal, throws } from 'node:assert/strict';
import { longestTimerMs, SharedTimer, type TimerSource, type TimerTask } from '#src/async/index.js';

/** A clock with one timer, which the test moves. */
class Source implements TimerSource {
  time = 1_000.5;
  /** The delays that timers were started with. */
  readonly delays: number[] = [];
  #timer: { readonly at: number; readonly callback: () => void } | undefined;

  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  now(): number {
    return this.time;
  }

  startTimer(delayMs: number, callback: () => void): () => void {
    equal(this.#timer, undefined, 'one timer at a time');
    this.delays.push(delayMs);
    const timer = { at: this.time + delayMs, callback };
    this.#timer = timer;
    return () => {
      if (this.#timer === timer) this.#timer = undefined;
    };
  }

  /** The timer never fires. */
  loseTimer(): void {
    this.#timer = undefined;
  }

  run(ms: number): void {
    const until = this.time + ms;
    while (this.#timer && this.#timer.at <= until) {
      const { at, callback } = this.#timer;
      this.time = at;
      this.#timer = undefined;
      callback();
    }
    this.time = until;
  }
}

describe('a shared timer', () => {
  let source: Source;
  let timers: SharedTimer;
  let fired: string[];

  beforeEach(() => {
    source = new Source();
    timers = new SharedTimer(source);
    fired = [];
  });

  const set = (delayMs: number, name: string) => timers.set(delayMs, () => fired.push(name));

  it('fires each timer once, in the order in which they are due', () => {
    set(30, 'c');
    set(10, 'a');
    set(20, 'b');
    source.run(25);
    deepEqual(fired, ['a', 'b']);
    source.run(1_000);
    deepEqual(fired, ['a', 'b', 'c']);
    equal(source.isArmed, false);
  });

  it('starts a timer only for an earlier time', () => {
    for (const delayMs of [100, 200, 300]) set(delayMs, `${delayMs}`);
    equal(source.delays.length, 1);
    set(50, '50');
    equal(source.delays.length, 2);
  });

  it('does not fire a cancelled timer, and stops its timer with the last one', () => {
    const cancel = [set(10, 'a'), set(20, 'b')];
    cancel[0]?.();
    source.run(30);
    deepEqual(fired, ['b']);
    const last = set(10, 'c');
    last();
    equal(source.isArmed, false);
    last();
    deepEqual(fired, ['b']);
  });

  it('never fires early for a fraction of a millisecond', () => {
    let firedAt = 0;
    timers.set(0.7, () => {
      firedAt = source.time;
    });
    const dueAt = source.time + 0.7;
    source.run(10);
    equal(firedAt >= dueAt, true, `${firedAt} >= ${dueAt}`);
  });

  it('treats a negative delay as zero, and never fires for Infinity', () => {
    set(-50, 'a');
    set(Number.POSITIVE_INFINITY, 'never');
    source.run(1);
    deepEqual(fired, ['a']);
    source.run(3 * longestTimerMs);
    deepEqual(fired, ['a']);
    equal(source.isArmed, true, 'a timer that waits without end still keeps the process alive');
  });

  it("splits a delay longer than Node's limit", () => {
    set(2 * longestTimerMs + 1_000, 'long');
    source.run(2 * longestTimerMs + 999);
    deepEqual(fired, []);
    source.run(2);
    deepEqual(fired, ['long']);
    equal(Math.max(...source.delays) <= longestTimerMs, true, `${source.delays}`);
  });

  it('keeps its timer for the next task after the last one was removed', () => {
    const task: TimerTask = { dueAt: 0, heapIndex: -1, onDue: () => fired.push('task') };
    for (let i = 0; i < 3; i++) {
      timers.add(task, 10 + i);
      timers.remove(task);
    }
    equal(source.delays.length, 1);
    source.run(20);
    deepEqual(fired, []);
    equal(source.isArmed, false, 'a timer that found nothing is not started again');
    timers.add(task, 10);
    timers.add(task, 30);
    source.run(20);
    deepEqual(fired, [], 'a task that is added twice has moved');
    source.run(20);
    deepEqual(fired, ['task']);
  });

  it('sets and cancels timers from a callback', () => {
    timers.set(10, () => {
      fired.push('a');
      cancel();
      set(5, 'c');
    });
    const cancel = set(10, 'b');
    source.run(11);
    deepEqual(fired, ['a']);
    source.run(10);
    deepEqual(fired, ['a', 'c']);
  });

  it('fires the others after a callback has thrown', () => {
    timers.set(10, () => {
      throw new Error('a callback');
    });
    set(10, 'b');
    throws(() => source.run(20), /a callback/);
    source.run(20);
    deepEqual(fired, ['b']);
  });

  it('replaces a timer that is lost, such as one of fake timers that are removed', () => {
    set(10, 'a');
    source.loseTimer();
    source.time += 5_000;
    set(10, 'b');
    source.run(20);
    deepEqual(fired, ['a', 'b']);
  });

  it('fires what became due while the clock jumped', () => {
    set(3_600_000, 'hour');
    source.time += 7_200_000;
    timers.restart();
    source.run(1);
    deepEqual(fired, ['hour']);
  });
});
