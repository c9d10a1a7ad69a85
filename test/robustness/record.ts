import { type ProofRun, type ProofTable, recordProof } from '../support/proof.js';
import { type CampaignResult, exitCodeOf, isCaught, isViolation } from './campaign-result.js';
import { verdictsOf } from './report.js';
import type { MutantOutcome, RunOutcome } from './runs.js';
import { totalOf } from './traffic/summary.js';

/**
 * Writes what the campaign has found so far, of the runs and of the broken clients separately: either may be repeated. The
 * figures of an interrupted campaign are those of its complete runs.
 */
export async function recordCampaign(
  result: CampaignResult,
  command: string,
  isComplete: boolean,
): Promise<void> {
  if (result.runs.length > 0) await recordProof('robustness', toProof(result, command, isComplete));
  if (result.mutants.length > 0)
    await recordProof('robustness-mutants', toMutantProof(result, command, isComplete));
}

export function toProof(result: CampaignResult, command: string, isComplete: boolean): ProofRun {
  const { runs, failures } = result;
  const sum = (count: (run: RunOutcome) => number) => runs.reduce((total, run) => total + count(run), 0);
  return {
    command,
    passed: isComplete && runs.length > 0 && exitCodeOf({ runs, failures, mutants: [] }) === 0,
    etcd: releasesOf(runs),
    figures: {
      runs: runs.length,
      failedRuns: failures.length,
      violations: runs.filter(isViolation).length,
      vacuousRuns: runs.filter(({ vacuity }) => vacuity.length > 0).length,
      operations: sum(({ summary }) => totalOf(summary, 'ok')),
      unknownOutcomes: sum(({ summary }) => totalOf(summary, 'unknown')),
      revisions: sum(({ summary }) => summary.revisions),
      watchEvents: sum(({ summary }) => summary.watch.events),
      resumedWatches: sum(({ summary }) => summary.watch.resumed),
      continuedWatches: sum(({ summary }) => summary.watch.continued),
      effectiveFaults: sum(effectiveFaultsOf),
    },
    tables: { runs: runTable(runs), faults: faultTable(runs) },
  };
}

export function toMutantProof({ mutants }: CampaignResult, command: string, isComplete: boolean): ProofRun {
  const caught = mutants.filter(isCaught).length;
  return {
    command,
    passed: isComplete && mutants.length > 0 && caught === mutants.length,
    etcd: releasesOf(mutants),
    figures: { mutants: mutants.length, mutantsCaught: caught },
    tables: { mutants: mutantTable(mutants) },
  };
}

function releasesOf(runs: readonly RunOutcome[]): string[] {
  return [...new Set(runs.map(({ summary }) => summary.version))];
}

function runTable(runs: readonly RunOutcome[]): ProofTable {
  return {
    columns: [
      ...[
        'etcd',
        'seed',
        'seconds',
        'operations',
        'unknown',
        'revisions',
        'watch events',
        'resumed',
        'faults',
      ],
      ...['linearization', 'watch', 'serializable'],
    ],
    rows: runs.map((run) => {
      const { version, seed, seconds, revisions, watch } = run.summary;
      const { linearization, watch: watchVerdict, serializable } = verdictsOf(run.judgement);
      return [
        ...[version, seed, seconds, totalOf(run.summary, 'ok'), totalOf(run.summary, 'unknown'), revisions],
        ...[watch.events, watch.resumed, effectiveFaultsOf(run)],
        ...[linearization, watchVerdict, serializable],
      ];
    }),
  };
}

function faultTable(runs: readonly RunOutcome[]): ProofTable {
  const all = runs.flatMap(({ summary }) => summary.faults);
  const names = [...new Set(all.map(({ name }) => name))].sort();
  return {
    columns: ['fault', 'injected', 'with an effect'],
    rows: names.map((name) => {
      const own = all.filter((fault) => fault.name === name);
      const sum = (count: 'drawn' | 'effective') => own.reduce((total, fault) => total + fault[count], 0);
      return [name, sum('drawn'), sum('effective')];
    }),
  };
}

function mutantTable(mutants: readonly MutantOutcome[]): ProofTable {
  return {
    columns: ['broken client', 'etcd', 'expected', 'found', 'in run', 'found before by'],
    rows: mutants.map(({ mutant, summary, expected, actual, attempts, others }) => [
      ...[mutant, summary.version, expected, actual ?? 'nothing', attempts, others.join(', ')],
    ]),
  };
}

function effectiveFaultsOf({ summary }: RunOutcome): number {
  return summary.faults.reduce((total, { effective }) => total + effective, 0);
}
