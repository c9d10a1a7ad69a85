import type { Profile } from './profile.js';
import { type RunResult, run } from './run.js';
import type { Schedule } from './schedule.js';

export interface Shrunk {
  readonly plan: Schedule;
  readonly result: RunResult;
  readonly tries: number;
}

/** Drops actions, many at a time and then one by one, as long as the same rule stays violated. */
export function shrink(plan: Schedule, rule: string, profile: Profile | undefined, maxTries = 600): Shrunk {
  let best = plan;
  let tries = 0;
  const stillWrong = (candidate: Schedule) => {
    tries++;
    return run(candidate, { profile }).violation?.rule === rule;
  };
  for (
    let size = Math.ceil(plan.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length && tries < maxTries; ) {
      const actions = [...best.actions.slice(0, from), ...best.actions.slice(from + size)];
      const candidate = { ...best, actions };
      if (stillWrong(candidate)) best = candidate;
      else from += size;
    }
  }
  return { plan: best, result: run(best, { profile, keep: true }), tries };
}
