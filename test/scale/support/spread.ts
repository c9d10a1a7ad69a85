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

/** A total that grows, such as that of requests. */
export interface Sample {
  readonly atMs: number;
  readonly count: number;
}

/** The increase within the busiest `windowMs`; of samples that are farther apart, in proportion. */
export function peakOf(samples: readonly Sample[], windowMs: number): number {
  let peak = 0;
  let first = 0;
  for (const [i, last] of samples.entries()) {
    while (first < i - 1 && last.atMs - (samples[first]?.atMs ?? last.atMs) > windowMs) first++;
    const from = samples[first] ?? last;
    const longer = Math.max(1, (last.atMs - from.atMs) / windowMs);
    peak = Math.max(peak, (last.count - from.count) / longer);
  }
  return Math.round(peak);
}
