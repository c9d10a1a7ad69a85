/** A value at a time. */
export interface Point {
  readonly hours: number;
  readonly value: number;
}

/** A trend: its most likely value and an interval that contains the true one in 95 % of runs, per hour. */
export interface Slope {
  readonly perHour: number;
  readonly low: number;
  readonly high: number;
  /** The time from the first point to the last. */
  readonly hours: number;
}

/** The number of pairs is the square of this, so it bounds time and memory. */
const maxBlocks = 400;
/** With fewer blocks an interval means nothing. */
const minBlocks = 10;
/** Of the normal distribution, for 95 %. */
const quantile = 1.96;
/** A larger autocorrelation would need more points than any run has. */
const maxAutocorrelation = 0.95;

/**
 * The Theil–Sen estimator: the median of the slopes of all pairs of points, which up to 29 % of outliers do not affect.
 * The interval is Sen's, by the variance of Kendall's statistic; it is widened for noise whose neighbours resemble each
 * other (lag-1 autocorrelation of the residuals), which otherwise looks like more evidence than it is. Points are first
 * reduced to at most 400 medians of successive points. With less than 10 points the interval is infinite.
 */
export function theilSen(points: readonly Point[]): Slope {
  const blocks = toBlocks(points, maxBlocks);
  const hours = spanOf(points);
  const slopes = pairSlopes(blocks);
  const perHour = slopes.length > 0 ? medianOf(slopes) : 0;
  if (blocks.length < minBlocks)
    return { perHour, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, hours };
  const margin = rankMargin(blocks, perHour);
  const low = slopes[Math.floor((slopes.length - margin) / 2)] ?? Number.NEGATIVE_INFINITY;
  const high = slopes[Math.ceil((slopes.length + margin) / 2)] ?? Number.POSITIVE_INFINITY;
  return { perHour, low, high, hours };
}

/** Medians of equally many successive points, in both coordinates. */
export function toBlocks(points: readonly Point[], most: number): Point[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return [...points];
  const blocks: Point[] = [];
  for (let i = 0; i + size <= points.length; i += size) {
    const block = points.slice(i, i + size);
    const median = (of: (point: Point) => number) => medianOf(Float64Array.from(block, of).sort());
    blocks.push({ hours: median(({ hours }) => hours), value: median(({ value }) => value) });
  }
  return blocks;
}

/** The median of sorted values. */
export function medianOf(sorted: ArrayLike<number>): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

function spanOf(points: readonly Point[]): number {
  return (points.at(-1)?.hours ?? 0) - (points[0]?.hours ?? 0);
}

/** In ascending order. */
function pairSlopes(points: readonly Point[]): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (const [i, from] of points.entries())
    for (let j = i + 1; j < points.length; j++) {
      const to = points[j] ?? from;
      if (to.hours > from.hours) slopes[count++] = (to.value - from.value) / (to.hours - from.hours);
    }
  return slopes.subarray(0, count).sort();
}

/** How many pairs lie between the ends of the interval. */
function rankMargin(points: readonly Point[], perHour: number): number {
  const n = points.length;
  const correlation = autocorrelation(points.map(({ hours, value }) => value - perHour * hours));
  const inflation = (1 + correlation) / (1 - correlation);
  return quantile * Math.sqrt(((n * (n - 1) * (2 * n + 5)) / 18) * inflation);
}

/** Of neighbours, with the correction for the bias of short series; 0 to 0.95. */
function autocorrelation(residuals: readonly number[]): number {
  const middle = medianOf(Float64Array.from(residuals).sort());
  let [products, squares] = [0, 0];
  for (const [i, value] of residuals.entries()) {
    squares += (value - middle) ** 2;
    if (i > 0) products += (value - middle) * ((residuals[i - 1] ?? middle) - middle);
  }
  if (squares === 0) return 0;
  const found = products / squares;
  return Math.min(maxAutocorrelation, Math.max(0, found + (1 + 4 * found) / residuals.length));
}
