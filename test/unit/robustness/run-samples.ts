import type { Judgement } from '../../robustness/judge.js';
import type { MutantOutcome, RunOutcome } from '../../robustness/runs.js';
import type { TrafficSummary } from '../../robustness/traffic/summary.js';

export const faultNames = ['kill-leader', 'reset'];

const kinds = [
  ...['get', 'stale get', 'range', 'range with limit', 'stream', 'put', 'put with lease', 'delete', 'txn'],
  ...['grant', 'revoke', 'compact'],
];

/** A run in which everything happened: 1,200 operations, of which 12 had an unknown outcome. */
export function summaryWith(changes: Partial<TrafficSummary> = {}): TrafficSummary {
  return {
    ...{ version: '3.7.1', seed: 7, seconds: 60, revisions: 500, late: [] },
    operations: Object.fromEntries(kinds.map((kind) => [kind, { ok: 100, unknown: 1, failed: 0 }])),
    watch: {
      ...{ watches: 20, batches: 1_000, events: 5_000, continued: 9, compacted: 2, resumed: 30 },
      ...{ received: { prefix: 4_000, key: 1_000, 'only put': 300, 'only delete': 90 } },
      ...{ withPrevious: 2_000, withoutPrevious: 20 },
    },
    faults: faultNames.map((name) => ({ name, drawn: 3, effective: 2 })),
    ...changes,
  };
}

export const valid: Judgement = { verdict: 'valid' };
export const notJudged: Judgement = { verdict: 'not-judged', reason: 'a WAL cannot be read', log: '' };

export function runWith(changes: Partial<RunOutcome> = {}): RunOutcome {
  return { summary: summaryWith(), judgement: valid, judgedInMs: 10, vacuity: [], ...changes };
}

export function mutantWith(actual: string | undefined): MutantOutcome {
  const judgement: Judgement =
    actual === undefined ? valid : { verdict: 'invalid', violations: ['atomic'], log: '' };
  return { ...runWith({ judgement }), mutant: 'split', expected: 'atomic', actual, attempts: 1, others: [] };
}
