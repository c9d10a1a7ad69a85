import type { VirtualClock } from './clock.js';
import type { Trace } from './trace.js';

export interface Violation {
  readonly rule: string;
  readonly text: string;
}

/** What a run needs of a world, of whatever kind. */
export interface Stage<A extends { readonly at: number }> {
  readonly clock: VirtualClock;
  readonly oracle: {
    readonly violation: Violation | undefined;
    readonly counts: Readonly<Record<string, number>>;
    violate(rule: string, text: string): void;
  };
  do(action: A): void;
}

export interface Played {
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly hits: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
  readonly steps: number;
}

export interface Ending {
  /** More steps than any sane schedule takes, and the rule that a schedule which takes them has broken. */
  readonly maxSteps: number;
  readonly spinRule: string;
  /** Heals the world and judges what stands; leaves as soon as `stop()`. */
  finish(stop: () => boolean): void;
}

/** Does to a world what a schedule says, and has it judged. What it throws is a violation like any other. */
export function play<A extends { readonly at: number }>(
  world: Stage<A>,
  actions: readonly A[],
  trace: Trace,
  coverage: { readonly hits: Readonly<Record<string, number>> },
  { maxSteps, spinRule, finish }: Ending,
): Played {
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
  if (clock.steps > maxSteps) oracle.violate(spinRule, `no end of it after ${maxSteps} steps`);
  return {
    hash: trace.hash,
    violation: oracle.violation,
    hits: coverage.hits,
    counts: oracle.counts,
    lines: trace.lines,
    steps: clock.steps,
  };
}
