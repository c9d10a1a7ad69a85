import assert from 'node:assert/strict';
import { Coalescer } from '#src/async/index.js';
import { FakeClock } from '../lease/fakes.js';

describe('requests to a coalescer', () => {
  let clock: FakeClock;
  let start: number;
  let runs: number[];
  let coalescer: Coalescer;

  beforeEach(() => {
    clock = new FakeClock();
    start = clock.now();
    runs = [];
    coalescer = new Coalescer(clock, () => runs.push(clock.now() - start));
  });

  it('run immediately when there was none before', () => {
    coalescer.request();
    assert.deepEqual(runs, [0]);
    clock.advance(1_000);
    assert.deepEqual(runs, [0]);
  });

  it('run once, after 20 ms of quiet, when they follow each other', () => {
    for (const _ of [1, 2, 3, 4]) {
      coalescer.request();
      clock.advance(5);
    }
    assert.deepEqual(runs, [0]);
    clock.advance(1_000);
    assert.deepEqual(runs, [0, 35]);
  });

  it('run immediately after a pause', () => {
    coalescer.request();
    clock.advance(20);
    coalescer.request();
    assert.deepEqual(runs, [0, 20]);
  });

  it('wait at most 200 ms when they never pause', () => {
    for (let ms = 0; ms < 1_000; ms += 10) {
      coalescer.request();
      clock.advance(10);
    }
    // The first runs immediately. The one at 10 ms waits until 210, the next from 210 or 220.
    assert.deepEqual(runs.slice(0, 2), [0, 210]);
    for (let i = 1; i < runs.length; i++) assert.ok(runs[i]! - runs[i - 1]! <= 220, `${runs}`);
    assert.ok(runs.length <= 7, `${runs}`);
  });

  it('are dropped by cancel(), and accepted after it', () => {
    coalescer.request();
    coalescer.request();
    coalescer.cancel();
    assert.equal(clock.timers, 0);
    clock.advance(1_000);
    assert.deepEqual(runs, [0]);
    coalescer.request();
    assert.deepEqual(runs, [0, 1_000]);
    assert.equal(clock.timers, 0);
  });

  it('that wait run at once by flush()', () => {
    coalescer.flush();
    coalescer.request();
    coalescer.flush();
    assert.deepEqual(runs, [0]);
    coalescer.request();
    clock.advance(5);
    coalescer.flush();
    assert.deepEqual(runs, [0, 5]);
    clock.advance(1_000);
    assert.deepEqual(runs, [0, 5]);
  });

  it('may come from the action itself', () => {
    let again = 2;
    coalescer = new Coalescer(clock, () => {
      runs.push(clock.now() - start);
      if (again-- > 0) coalescer.request();
    });
    coalescer.request();
    clock.advance(1_000);
    assert.deepEqual(runs, [0, 20, 40]);
  });

  it('run together at fixed intervals when both limits are the same', () => {
    coalescer = new Coalescer(clock, () => runs.push(clock.now() - start), { quietMs: 50, latestMs: 50 });
    for (let i = 0; i < 12; i++) {
      coalescer.request();
      clock.advance(10);
    }
    assert.deepEqual(runs, [0, 60, 110]);
  });
});
