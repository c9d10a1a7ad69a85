import type { SeriesName, SeriesSet } from '../samples.js';
import { type Slope, theilSen } from '../stats/theil-sen.js';
import { halfWidthAt, judge, smallestDetectable, type Verdict, withoutWarmUp } from '../stats/verdict.js';

/** A quantity whose growth is limited. */
export interface Limit {
  readonly series: SeriesName;
  readonly title: string;
  /** Of the value; the slope is per hour. */
  readonly unit: string;
  readonly perHour: number;
  /** Other processes of the machine change it too, so it does not fail a run. */
  readonly isInformative?: true;
}

export const limits: readonly Limit[] = [
  { series: 'heap', title: 'heap without code', unit: 'MB', perHour: 0.5 },
  { series: 'external', title: 'external memory', unit: 'MB', perHour: 0.5 },
  { series: 'rss', title: 'resident memory', unit: 'MB', perHour: 1 },
  { series: 'handles', title: 'handles', unit: '', perHour: 0.5 },
  { series: 'descriptors', title: 'descriptors', unit: '', perHour: 0.5 },
  { series: 'loopDelay', title: 'loop delay, p99', unit: 'ms', perHour: 1, isInformative: true },
];

export interface JudgedSlope {
  readonly limit: Limit;
  readonly slope: Slope;
  readonly verdict: Verdict;
}

/** The slopes after the warm-up. */
export function judgeSlopes(series: SeriesSet, runHours: number): JudgedSlope[] {
  return limits.map((limit) => {
    const slope = theilSen(withoutWarmUp(series[limit.series], runHours));
    return { limit, slope, verdict: judge(slope, limit.perHour) };
  });
}

/** Whether there were enough samples for an interval. */
export function isKnown({ slope }: JudgedSlope): boolean {
  return Number.isFinite(slope.high - slope.low);
}

export const slopeColumns = ['quantity', 'slope per hour', '95 % interval', 'limit', 'finds from', 'verdict'];

export function slopeRow({ limit, slope, verdict }: JudgedSlope): string[] {
  const unit = limit.unit === '' ? '' : ` ${limit.unit}`;
  return [
    limit.title,
    `${signed(slope.perHour)}${unit}`,
    `${signed(slope.low)} to ${signed(slope.high)}${unit}`,
    `${limit.perHour}${unit}`,
    isKnown({ limit, slope, verdict })
      ? `${smallestDetectable(slope, limit.perHour).toFixed(2)}${unit}`
      : 'unknown',
    `${verdict === 'undecided' ? 'undecided at this length' : verdict}${limit.isInformative ? ', informative' : ''}`,
  ];
}

export const lengthColumns = ['hours', 'heap ± per hour', 'finds a leak from'];

/** What runs of other lengths would know about the heap, with the noise of this one. */
export function lengthRows({ slope, limit }: JudgedSlope): string[][] {
  return [0.25, 0.75, 2, 8, 24].map((hours) => {
    const half = halfWidthAt(slope, hours);
    return [String(hours), `${half.toFixed(2)} MB`, `${(limit.perHour + half).toFixed(2)} MB/h`];
  });
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Number.isFinite(value) ? Math.abs(value).toFixed(2) : '∞'}`;
}
