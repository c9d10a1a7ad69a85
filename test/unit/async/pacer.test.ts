import assert from 'node:assert/strict';
import { Pacer } from '#src/async/index.js';

describe('a pacer', () => {
  const half = () => 0.5;
  let now = 0;
  const make = () => new Pacer({ baseMs: 200, maxMs: 5_000 }, { now: () => now }, half);

  it('pauses for longer the more often a thing is retried, up to the bound', () => {
    const pacer = make();
    const pauses = Array.from({ length: 8 }, () => {
      const pause = pacer.nextDelayMs();
      now += pause; // tried, and failed at once
      return pause;
    });
    assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
  });

  it('begins again once nothing was retried for longer than the longest pause', () => {
    const pacer = make();
    pacer.nextDelayMs();
    now += pacer.nextDelayMs();
    now += 5_000;
    assert.equal(pacer.nextDelayMs(), 400);
    now += 400 + 5_001;
    assert.equal(pacer.nextDelayMs(), 100);
  });
});
