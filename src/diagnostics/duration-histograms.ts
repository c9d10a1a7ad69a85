/**
 * The upper bounds of the buckets, in seconds.
 *
 * Specification: https://github.com/open-telemetry/semantic-conventions/blob/v1.40.0/docs/rpc/rpc-metrics.md
 */
export const durationBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** How long calls of one method took that ended with one status. */
export interface CallDurations {
  /** The service and the method, such as `etcdserverpb.KV/Put`. */
  readonly method: string;
  /** The gRPC status, such as `OK` or `UNAVAILABLE`; `CANCELLED` for a call that its signal ended. */
  readonly status: string;
  /** The number of calls. */
  readonly count: number;
  /** The sum of their durations, in seconds. */
  readonly sumSeconds: number;
  /** The number of calls in each bucket, which is not cumulative; the last one is above all bounds. */
  readonly buckets: readonly number[];
}

interface Durations extends CallDurations {
  count: number;
  sumSeconds: number;
  readonly buckets: number[];
}

/** A histogram of durations for each method and status. */
export class DurationHistograms {
  readonly #byName = new Map<string, Durations>();

  record(method: string, status: string, seconds: number): void {
    const name = `${method} ${status}`;
    let durations = this.#byName.get(name);
    if (!durations) {
      const buckets = new Array<number>(durationBounds.length + 1).fill(0);
      durations = { method, status, count: 0, sumSeconds: 0, buckets };
      this.#byName.set(name, durations);
    }
    durations.count++;
    durations.sumSeconds += seconds;
    const found = durationBounds.findIndex((bound) => seconds <= bound);
    const index = found < 0 ? durationBounds.length : found;
    durations.buckets[index] = (durations.buckets[index] ?? 0) + 1;
  }

  snapshot(): readonly CallDurations[] {
    return [...this.#byName.values()].map((one) => ({ ...one, buckets: [...one.buckets] }));
  }
}
