import { until } from '#src/testing/wait.js';

/** Waits for a condition and returns the probe's result; rejects with `what` in the text after the timeout. */
export function eventually<T>(what: string, probe: () => Promise<T> | T, timeoutMs = 10_000) {
  return until(what, { timeoutMs }, probe);
}
