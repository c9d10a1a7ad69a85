import assert from 'node:assert/strict';
import { HeldSamples } from '../../../chaos/lock/samples.js';

/** A clock that advances by a millisecond with each reading. */
function samplesOf(...states: readonly (readonly [held: boolean, aborted: boolean])[]) {
  let now = 0;
  const samples = new HeldSamples(() => now++);
  for (const [held, aborted] of states) samples.take({ held, signal: { aborted } });
  return samples;
}

describe('the samples of a holder', () => {
  it('have the spans of the first and the last time that it held', () => {
    const samples = samplesOf([true, false], [true, false], [true, false], [false, true]);
    assert.deepEqual(samples.report(7, 3), {
      ...{ type: 'held', request: 7, first: [0, 1], last: [4, 5], samples: 4, again: 0, unaborted: 0 },
      renewedAt: 3,
    });
    assert.equal(samples.isLost, true);
  });

  it('have no span if it never held', () => {
    const { first, last, samples } = samplesOf([false, true]).report(0, undefined);
    assert.deepEqual([first, last, samples], [undefined, undefined, 1]);
  });

  it('count when it held again, and when its signal was not aborted', () => {
    const { again, unaborted } = samplesOf([false, false], [true, false], [false, true]).report(0, undefined);
    assert.deepEqual([again, unaborted], [1, 1]);
  });
});
