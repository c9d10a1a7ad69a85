import assert from 'node:assert/strict';
import { Random } from '../../sim/random.js';
import { medianOf, type Point, theilSen, toBlocks } from '../../soak/stats/theil-sen.js';

describe('the Theil–Sen estimator', () => {
  it('finds the slope of a line, with an interval of no width', () => {
    const { perHour, low, high, hours } = theilSen(line(30, (x) => 5 + 2 * x));
    for (const value of [perHour, low, high]) assert.ok(Math.abs(value - 2) < 1e-9, String(value));
    assert.equal(hours, 29);
  });

  it('ignores outliers', () => {
    const points = line(50, (x, i) => (i % 5 === 0 ? 1_000 : 3 * x));
    assert.ok(Math.abs(theilSen(points).perHour - 3) < 0.1);
  });

  it('knows nothing from nine points', () => {
    const { low, high } = theilSen(line(9, (x) => x));
    assert.deepEqual([low, high], [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it('knows nothing from no points', () => {
    assert.equal(theilSen([]).low, Number.NEGATIVE_INFINITY);
  });

  for (const correlation of [0, 0.5, 0.8])
    it(`has an interval that contains the true slope in about 95 % of runs, with autocorrelation ${correlation}`, () => {
      const random = new Random(11);
      let contained = 0;
      for (let run = 0; run < 100; run++) {
        const { low, high } = theilSen(noisy(random, 120, correlation, (x) => 0.3 * x));
        if (low <= 0.3 && 0.3 <= high) contained++;
      }
      assert.ok(contained >= 90, `${contained} of 100`);
    });

  it('reduces many points to medians of successive ones', () => {
    const blocks = toBlocks(
      line(9, (_, i) => (i === 4 ? 99 : i)),
      3,
    );
    assert.deepEqual(
      blocks.map(({ hours, value }) => [hours, value]),
      [
        [1, 1],
        [4, 5],
        [7, 7],
      ],
    );
  });

  it('has the middle of two values as their median', () => {
    assert.equal(medianOf([1, 4]), 2.5);
  });
});

function line(count: number, value: (hours: number, i: number) => number): Point[] {
  return Array.from({ length: count }, (_, i) => ({ hours: i, value: value(i, i) }));
}

/** Each value keeps a share of its predecessor's noise. */
function noisy(
  random: Random,
  count: number,
  correlation: number,
  trend: (hours: number) => number,
): Point[] {
  let noise = 0;
  return line(count, (hours) => {
    noise = correlation * noise + random.next() + random.next() + random.next() - 1.5;
    return trend(hours) + noise;
  });
}
