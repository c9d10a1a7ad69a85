import type { VirtualClock } from './clock.js';
import { Trace } from './trace.js';

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

/** Runs a world for so many milliseconds. Returns whether there is a violation: the rest is not to be checked. */
export type Wait = (ms: number) => boolean;

/** How the schedules of one core are run. */
export interface Simulation<W, C> {
  readonly coverage: C;
  readonly createWorld: (coverage: C, trace: Trace) => W;
  /** More steps than any correct schedule takes, and the rule that is broken by exceeding them. */
  readonly maxSteps: number;
  readonly spinRule: string;
  /** Heals the world and checks the final state. */
  readonly finish: (world: W, wait: Wait) => void;
}

/**
 * Runs a schedule in a new world and checks it. An exception counts as a violation.
 *
 * @param keep Record the trace as lines.
 */
export function runSchedule<
  A extends { readonly at: number },
  W extends SimulatedWorld<A>,
  C extends { readonly hits: Readonly<Record<string, number>> },
>(
  actions: readonly A[],
  keep: boolean,
  { coverage, createWorld, maxSteps, spinRule, finish }: Simulation<W, C>,
): SimulationResult {
  const trace = new Trace(keep);
  const world = createWorld(coverage, trace);
  const { clock, oracle } = world;
  const stop = () => oracle.violation !== undefined || clock.steps > maxSteps;
  try {
    for (const action of actions) {
      clock.runUntil(action.at, stop);
      if (stop()) break;
      world.do(action);
    }
    if (!stop())
      finish(world, (ms) => {
        clock.runUntil(clock.now + ms, stop);
        return stop();
      });
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
