import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backoffDelay } from '#src/async/index.js';

describe('a backoff with full jitter', () => {
  const bounds = { baseMs: 50, maxMs: 5_000 };

  it('doubles its upper bound with each attempt, up to maxMs', () => {
    const highest = Array.from({ length: 9 }, (_, attempt) => backoffDelay(bounds, attempt, () => 0.999_999));
    assert.deepEqual(highest, [49, 99, 199, 399, 799, 1599, 3199, 4999, 4999]);
  });

  it('reaches down to zero', () => {
    assert.equal(
      backoffDelay(bounds, 5, () => 0),
      0,
    );
  });

  it('is a whole number within the bounds for any attempt and any random value', () => {
    const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), randoms, (attempt, random) => {
        const delay = backoffDelay(bounds, attempt, () => random);
        assert.ok(Number.isInteger(delay) && delay >= 0 && delay < bounds.maxMs, String(delay));
      }),
    );
  });
});
