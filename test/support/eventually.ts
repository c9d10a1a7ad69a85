import { until } from '#src/testing/wait.js';

/** Waits for a condition, and gives what it found; rejects with `what` in the text when it does not come in time. */
export function eventually<T>(what: string, probe: () => Promise<T> | T, timeoutMs = 10_000) {
  return until(what, { timeoutMs }, probe);
}
