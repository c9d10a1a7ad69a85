import { type ProofRun, type ProofTable, recordProof } from '../support/proof.js';
import { type CampaignResult, exitCodeOf, isCaught, isViolation } from './campaign-result.js';
import { verdictsOf } from './report.js';
import type { MutantOutcome, RunOutcome } from './runs.js';
import { totalOf } from './traffic/summary.js';

/** Writes what the campaign has found so far; the figures of an interrupted campaign are those of its complete runs. */
export function recordCampaign(
  result: CampaignResult,
  command: string,
  isComplete: boolean,
): Promise<string> {
  return recordProof('robustness', toProof(result, command, isComplete));
}

export function toProof(result: CampaignResult, command: string, isComplete: boolean): ProofRun {
  const { runs, mutants, failures } = result;
  const sum = (count: (run: RunOutcome) => number) => runs.reduce((total, run) => total + count(run), 0);
  return {
    command,
    passed: isComplete && runs.length > 0 && exitCodeOf(result) === 0,
    etcd: [...new Set([...runs, ...mutants].map(({ summary }) => summary.version))],
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
      mutants: mutants.length,
      mutantsCaught: mutants.filter(isCaught).length,
    },
    tables: { runs: runTable(runs), faults: faultTable(runs), mutants: mutantTable(mutants) },
  };
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
    columns: ['broken client', 'etcd', 'expected', 'found', 'in run'],
    rows: mutants.map(({ mutant, summary, expected, actual, attempts }) => [
      ...[mutant, summary.version, expected, actual ?? 'nothing', attempts],
    ]),
  };
}

function effectiveFaultsOf({ summary }: RunOutcome): number {
  return summary.faults.reduce((total, { effective }) => total + effective, 0);
}
