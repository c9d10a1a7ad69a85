import { deepEqual, equal } from 'node:assert/strict';
import { MovableTimer } from '#src/async/index.js';
import { FakeClock } from '../lease/fakes.js';

describe('a movable timer', () => {
  let clock: FakeClock;
  let calls: number[];
  let timer: MovableTimer;

  beforeEach(() => {
    clock = new FakeClock();
    calls = [];
    timer = new MovableTimer(clock, () => calls.push(clock.now()));
  });

  it('calls back once, at the time that was set last', () => {
    timer.setIn(10);
    timer.setAt(clock.now() + 30);
    equal(clock.timers, 1);
    clock.advance(100);
    deepEqual(calls, [1_030]);
    equal(timer.at, Number.POSITIVE_INFINITY);
  });

  it('does not call back when it is cancelled, or set for Infinity', () => {
    timer.setIn(10);
    timer.cancel();
    timer.setIn(10);
    timer.setAt(Number.POSITIVE_INFINITY);
    equal(clock.timers, 0);
    clock.advance(100);
    deepEqual(calls, []);
  });

  it('may be set again by its callback', () => {
    const repeated = new MovableTimer(clock, () => {
      calls.push(clock.now());
      if (calls.length < 3) repeated.setIn(10);
    });
    repeated.setIn(10);
    clock.advance(100);
    deepEqual(calls, [1_010, 1_020, 1_030]);
  });
});
