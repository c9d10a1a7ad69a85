import type { SimulationResult } from './run-schedule.js';

export interface Shrunk<P, R> {
  readonly plan: P;
  readonly result: R;
  readonly tries: number;
}

/**
 * Removes actions, first in large groups and then one by one, while the same rule stays broken. `run` runs a plan and
 * records the trace if `keep` is true.
 */
export function shrink<
  P extends { readonly actions: readonly unknown[] },
  R extends Pick<SimulationResult, 'violation'>,
>(plan: P, rule: string, run: (plan: P, keep: boolean) => R, maxTries = 600): Shrunk<P, R> {
  let best = plan;
  let tries = 0;
  for (
    let size = Math.ceil(plan.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length && tries < maxTries; ) {
      const actions = [...best.actions.slice(0, from), ...best.actions.slice(from + size)];
      const candidate = { ...best, actions };
      tries++;
      if (run(candidate, false).violation?.rule === rule) best = candidate;
      else from += size;
    }
  }
  return { plan: best, result: run(best, true), tries };
}
