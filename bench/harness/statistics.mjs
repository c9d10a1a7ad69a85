// The arithmetic of the figures.

/** The value below which a share (0 to 1) of the values lies, interpolated between the two nearest. */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

export function median(values) {
  return percentile(values, 0.5);
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How much y grows for each unit of x, by least squares. NaN unless there are two different x. */
export function slope(xs, ys) {
  const [meanX, meanY] = [mean(xs), mean(ys)];
  let products = 0;
  let squares = 0;
  for (const [i, x] of xs.entries()) {
    products += (x - meanX) * (ys[i] - meanY);
    squares += (x - meanX) ** 2;
  }
  return products / squares;
}

/** The median, and the range that holds all but the lowest and the highest tenth. */
export function spread(values) {
  return { median: median(values), p10: percentile(values, 0.1), p90: percentile(values, 0.9) };
}

/**
 * One ratio per round, so that what disturbs a whole round affects both sides. Rounds in which one of the two failed
 * (`undefined`) are left out.
 */
export function ratios(values, reference) {
  return values
    .map((value, round) => [value, reference[round]])
    .filter(([value, other]) => value !== undefined && other !== undefined && other !== 0)
    .map(([value, other]) => value / other);
}

/**
 * The geometric mean of ratios, with its 95 % confidence interval: of Student's t, on their logarithms. NaN with less than
 * two ratios.
 */
export function meanRatio(values) {
  const logs = values.map(Math.log);
  const degrees = logs.length - 1;
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / degrees;
  const margin = t975(degrees) * Math.sqrt(variance / logs.length);
  return { mean: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin) };
}

/** The quantiles of 0.975 of Student's t with 1 to 4 degrees of freedom. */
const fewDegrees = [12.706, 4.303, 3.182, 2.776];

/**
 * The quantile of 0.975 of Student's t, by the expansion around the normal distribution's; four digits are right.
 *
 * Specification: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5
 */
function t975(degrees) {
  if (degrees < 1) return Number.NaN;
  if (degrees <= fewDegrees.length) return fewDegrees[degrees - 1];
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}
