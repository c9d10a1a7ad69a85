import type { VirtualClock } from './clock.js';
import type { Trace } from './trace.js';

export interface Violation {
  readonly rule: string;
  readonly text: string;
}

/** What a run needs of a simulated world. */
export interface SimulatedWorld<A extends { readonly at: number }> {
  readonly clock: VirtualClock;
  readonly oracle: {
    readonly violation: Violation | undefined;
    readonly counts: Readonly<Record<string, number>>;
    violate(rule: string, text: string): void;
  };
  do(action: A): void;
}

export interface SimulationResult {
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly hits: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
  readonly steps: number;
}

export interface Finish {
  /** More steps than any correct schedule takes, and the rule that is broken by exceeding them. */
  readonly maxSteps: number;
  readonly spinRule: string;
  /** Heals the world and checks the final state; returns early when `stop()` is true. */
  finish(stop: () => boolean): void;
}

/** Runs a schedule in a world and checks it. An exception counts as a violation. */
export function runSchedule<A extends { readonly at: number }>(
  world: SimulatedWorld<A>,
  actions: readonly A[],
  trace: Trace,
  coverage: { readonly hits: Readonly<Record<string, number>> },
  { maxSteps, spinRule, finish }: Finish,
): SimulationResult {
  const { clock, oracle } = world;
  const stop = () => oracle.violation !== undefined || clock.steps > maxSteps;
  try {
    for (const action of actions) {
      clock.runUntil(action.at, stop);
      if (stop()) break;
      world.do(action);
    }
    if (!stop()) finish(stop);
  } catch (error) {
    oracle.violate('no crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (clock.steps > maxSteps) oracle.violate(spinRule, `still running after ${maxSteps} steps`);
  return {
    hash: trace.hash,
    violation: oracle.violation,
    hits: coverage.hits,
    counts: oracle.counts,
    lines: trace.lines,
    steps: clock.steps,
  };
}
