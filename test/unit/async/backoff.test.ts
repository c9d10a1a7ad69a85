import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backoffDelay } from '#src/async/index.js';

describe('a backoff with full jitter', () => {
  const bounds = { baseMs: 50, maxMs: 5_000 };

  it('doubles its upper bound from attempt to attempt up to the most', () => {
    const highest = Array.from({ length: 9 }, (_, attempt) => backoffDelay(bounds, attempt, () => 0.999_999));
    assert.deepEqual(highest, [49, 99, 199, 399, 799, 1599, 3199, 4999, 4999]);
  });

  it('reaches down to zero', () => {
    assert.equal(
      backoffDelay(bounds, 5, () => 0),
      0,
    );
  });

  it('stays a whole number within bounds for any attempt and any chance', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), chance, (attempt, random) => {
        const delay = backoffDelay(bounds, attempt, () => random);
        assert.ok(Number.isInteger(delay) && delay >= 0 && delay < bounds.maxMs, String(delay));
      }),
    );
  });
});
