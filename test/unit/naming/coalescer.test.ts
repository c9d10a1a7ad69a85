import assert from 'node:assert/strict';
import { Coalescer } from '#src/naming/grpc/coalescer.js';
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

  it('run at once when the first comes', () => {
    coalescer.request();
    assert.deepEqual(runs, [0]);
    clock.advance(1_000);
    assert.deepEqual(runs, [0]);
  });

  it('run once, after 20 ms of quiet, for those that follow together', () => {
    for (const _ of [1, 2, 3, 4]) {
      coalescer.request();
      clock.advance(5);
    }
    assert.deepEqual(runs, [0]);
    clock.advance(1_000);
    assert.deepEqual(runs, [0, 35]);
  });

  it('run at once again after a pause', () => {
    coalescer.request();
    clock.advance(20);
    coalescer.request();
    assert.deepEqual(runs, [0, 20]);
  });

  it('wait 200 ms at most when they never pause', () => {
    for (let ms = 0; ms < 1_000; ms += 10) {
      coalescer.request();
      clock.advance(10);
    }
    // The first at once; the one at 10 ms waits its longest, to 210; the next begins to wait at 210 or 220.
    assert.deepEqual(runs.slice(0, 2), [0, 210]);
    for (let i = 1; i < runs.length; i++) assert.ok(runs[i]! - runs[i - 1]! <= 220, `${runs}`);
    assert.ok(runs.length <= 7, `${runs}`);
  });

  it('are forgotten by cancel(), and taken again after it', () => {
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

  it('may come from within the action', () => {
    let again = 2;
    coalescer = new Coalescer(clock, () => {
      runs.push(clock.now() - start);
      if (again-- > 0) coalescer.request();
    });
    coalescer.request();
    clock.advance(1_000);
    assert.deepEqual(runs, [0, 20, 40]);
  });
});
