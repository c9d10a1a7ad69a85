import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultNames } from './faults.js';
import { type Judgement, judge } from './judge.js';
import { BrokenCopy } from './mutants/broken-copy.js';
import { type MutantName, mutants } from './mutants/catalogue.js';
import type { TrafficSummary } from './traffic/summary.js';
import { projectHome, runTrafficProcess } from './traffic-process.js';
import { vacuityOf } from './vacuity.js';

/** What the runs of a campaign have in common. */
export interface RunContext {
  /** The program with the validators. */
  readonly judgeProgram: string;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface RunPlan {
  readonly version: string;
  readonly seconds: number;
  readonly seed: number;
}

export interface RunOutcome {
  readonly summary: TrafficSummary;
  readonly judgement: Judgement;
  readonly judgedInMs: number;
  /** Why the run proves nothing; empty if it does. */
  readonly vacuity: readonly string[];
  /** The folder with the history, if it is kept. */
  readonly folder?: string;
}

export interface MutantOutcome extends RunOutcome {
  readonly mutant: MutantName;
  readonly expected: string;
  /** The validator that refused the history first; undefined if none did. */
  readonly actual: string | undefined;
  readonly attempts: number;
  /** The validators that refused the histories of earlier attempts first. */
  readonly others: readonly string[];
}

/** One run of the library as it is. */
export function runOnce(plan: RunPlan, context: RunContext): Promise<RunOutcome> {
  return runFrom(projectHome, plan, undefined, context);
}

/** A mistake shows only if a fault hits the right moment: a broken client gets further chances, with other seeds. */
const mutantAttempts = 3;

/**
 * Runs a broken client until the expected validator refuses its history. One mistake may break several guarantees, and
 * etcd's validators stop at the first that they find broken, so another one may be found before.
 */
export async function runMutant(
  mutant: MutantName,
  plan: RunPlan,
  context: RunContext,
): Promise<MutantOutcome> {
  const { patch, expected, faults } = mutants[mutant];
  await using copy = await BrokenCopy.make(projectHome, patch);
  const others: string[] = [];
  for (let attempts = 1; ; attempts++) {
    const outcome = await runFrom(copy.home, { ...plan, seed: plan.seed + attempts - 1 }, faults, context);
    const actual = outcome.judgement.verdict === 'invalid' ? outcome.judgement.violations[0] : undefined;
    const isOver = actual === expected || outcome.judgement.verdict === 'not-judged';
    if (isOver || attempts === mutantAttempts)
      return { ...outcome, mutant, expected, actual, attempts, others };
    if (actual !== undefined) others.push(actual);
  }
}

async function runFrom(
  home: string,
  plan: RunPlan,
  faults: readonly string[] | undefined,
  { judgeProgram, keep, signal, progress }: RunContext,
): Promise<RunOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-robustness-'));
  let isKept = keep;
  try {
    const options = { ...plan, folder, ...(faults && { faults }) };
    const summary = await runTrafficProcess(home, options, signal, progress);
    progress('judging');
    const begun = performance.now();
    const picture = join(folder, 'linearization.html');
    const judgement = await judge(judgeProgram, folder, { signal, picture });
    const judgedInMs = Math.round(performance.now() - begun);
    const isMutant = faults !== undefined;
    isKept ||= !isMutant && (judgement.verdict !== 'valid' || summary.late.length > 0);
    const vacuity = vacuityOf(summary, faults ?? faultNames);
    return { summary, judgement, judgedInMs, vacuity, ...(isKept && { folder }) };
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}
