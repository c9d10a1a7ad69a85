import assert from 'node:assert/strict';
import { Pacer } from '#src/async/index.js';

describe('a pacer', () => {
  const half = () => 0.5;
  let now = 0;
  const make = () => new Pacer({ baseMs: 200, maxMs: 5_000 }, { now: () => now }, half);

  it('returns delays that grow with each retry, up to maxMs', () => {
    const pacer = make();
    const pauses = Array.from({ length: 8 }, () => {
      const pause = pacer.nextDelayMs();
      now += pause; // the attempt fails immediately
      return pause;
    });
    assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
  });

  it('starts again at the base after maxMs without a retry', () => {
    const pacer = make();
    pacer.nextDelayMs();
    now += pacer.nextDelayMs();
    now += 5_000;
    assert.equal(pacer.nextDelayMs(), 400);
    now += 400 + 5_001;
    assert.equal(pacer.nextDelayMs(), 100);
  });
});
