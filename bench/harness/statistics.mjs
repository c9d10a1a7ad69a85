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
