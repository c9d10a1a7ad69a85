import assert from 'node:assert/strict';
import { Random } from '../../sim/random.js';
import { judgeSlopes } from '../../soak/report/slopes.js';
import { type SeriesSet, seriesNames } from '../../soak/samples.js';
import { type Point, theilSen } from '../../soak/stats/theil-sen.js';
import {
  halfWidthAt,
  judge,
  smallestDetectable,
  type Verdict,
  warmUpHours,
  withoutWarmUp,
} from '../../soak/stats/verdict.js';

const limit = 0.5;
const samplesAnHour = 360;

describe('the verdict on the slope of the heap', () => {
  const cases: [leakPerHour: number, hours: number, verdict: Verdict][] = [
    [1, 24, 'above'],
    [1, 10 / 60, 'undecided'],
    [0, 24, 'within'],
    [0, 10 / 60, 'undecided'],
    [18, 10 / 60, 'above'],
    [0.45, 24, 'within'],
    [limit, 24, 'undecided'],
  ];
  for (const [leak, hours, verdict] of cases)
    it(`of a leak of ${leak} MB/h after ${hours.toFixed(2)} h is '${verdict}'`, () => {
      assert.equal(judge(theilSen(withoutWarmUp(heap(hours, leak), hours)), limit), verdict);
    });

  it('does not count the growth of the warm-up', () => {
    const grown = heap(8, 0).map(({ hours, value }) => ({ hours, value: value - (hours < 0.7 ? 20 : 0) }));
    assert.equal(judge(theilSen(withoutWarmUp(grown, 8)), limit), 'within');
  });

  it('is above the limit for a leak of 1.2 times the smallest that the length detects', () => {
    const clean = theilSen(heap(2, 0));
    const found = [1, 2, 3, 4, 5].filter((seed) => {
      const leak = smallestDetectable(clean, limit) * 1.2;
      return judge(theilSen(heap(2, leak, seed)), limit) === 'above';
    });
    assert.ok(found.length >= 3, `${found.length} of 5`);
  });

  it('foresees the interval of a longer run', () => {
    const { low, high } = theilSen(heap(8, 0));
    const foreseen = halfWidthAt(theilSen(heap(1, 0)), 8);
    assert.ok(foreseen / ((high - low) / 2) > 0.5 && foreseen / ((high - low) / 2) < 2, `${foreseen}`);
  });

  it('leaves out a tenth of the run, at least 15 minutes, at most a third', () => {
    assert.deepEqual([24, 1, 0.06].map(warmUpHours), [2.4, 0.25, 0.02]);
  });
});

describe('the slopes of a run', () => {
  it('have a verdict each', () => {
    const flat: Point[] = Array.from({ length: 200 }, (_, i) => ({ hours: i / samplesAnHour, value: 7 }));
    const growing = flat.map(({ hours }) => ({ hours, value: 7 + 30 * hours }));
    const series = Object.fromEntries(
      seriesNames.map((name) => [name, name === 'descriptors' ? growing : flat]),
    ) as unknown as SeriesSet;
    const verdicts = judgeSlopes(series, 200 / samplesAnHour);
    assert.deepEqual(
      verdicts.map(({ limit: { series: name }, verdict }) => [name, verdict]),
      [
        ['heap', 'within'],
        ['external', 'within'],
        ['rss', 'within'],
        ['handles', 'within'],
        ['descriptors', 'above'],
        ['loopDelay', 'within'],
      ],
    );
  });
});

/** Noise of half a megabyte around a line. */
function heap(hours: number, leakPerHour: number, seed = 3): Point[] {
  const random = new Random(seed);
  return Array.from({ length: Math.round(hours * samplesAnHour) }, (_, i) => ({
    hours: i / samplesAnHour,
    value: 28 + (leakPerHour * i) / samplesAnHour + (random.next() + random.next() - 1) * 1.2,
  }));
}
