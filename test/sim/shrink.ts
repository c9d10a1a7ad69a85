import type { Played } from './play.js';

export interface Shrunk<P, R> {
  readonly plan: P;
  readonly result: R;
  readonly tries: number;
}

/**
 * Drops actions, many at a time and then one by one, as long as the same rule stays violated. `run` plays a plan, and
 * keeps the trace when told to.
 */
export function shrink<
  P extends { readonly actions: readonly unknown[] },
  R extends Pick<Played, 'violation'>,
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
