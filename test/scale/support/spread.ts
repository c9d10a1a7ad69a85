/** The order statistics that the table shows. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By the nearest rank. All are NaN without a value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** How many of the times lie within the busiest `windowMs`; `count` of each sample is a total that grows. */
export function peakOf(
  samples: readonly { readonly atMs: number; readonly count: number }[],
  windowMs: number,
): number {
  let peak = 0;
  let first = 0;
  for (const last of samples) {
    while (last.atMs - (samples[first]?.atMs ?? last.atMs) > windowMs) first++;
    peak = Math.max(peak, last.count - (samples[first]?.count ?? last.count));
  }
  return peak;
}
