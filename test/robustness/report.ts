import type { Judgement } from './judge.js';
import type { MutantOutcome, RunOutcome } from './runs.js';
import { type FaultCount, type TrafficSummary, totalOf } from './traffic/summary.js';

/** The validators of etcd, in their order. */
export const validators = ['linearization', 'watch', 'serializable'] as const;

/** What each validator said. A validator that did not run has no opinion. */
export function verdictsOf(judgement: Judgement): Readonly<Record<(typeof validators)[number], string>> {
  if (judgement.verdict === 'valid') return { linearization: 'valid', watch: 'valid', serializable: 'valid' };
  if (judgement.verdict === 'not-judged')
    return { linearization: 'not judged', watch: 'not judged', serializable: 'not judged' };
  const { violations } = judgement;
  const isLinear = !violations.includes('linearization');
  const broken = violations.find((name) => name !== 'linearization' && name !== 'serializable');
  return {
    linearization: isLinear ? 'valid' : 'VIOLATION',
    watch: !isLinear ? 'did not run' : broken === undefined ? 'valid' : `VIOLATION of ${broken}`,
    serializable: !isLinear ? 'did not run' : violations.includes('serializable') ? 'VIOLATION' : 'valid',
  };
}

/** The run in a dozen lines. */
export function formatRun(outcome: RunOutcome): string {
  const { summary, judgement, judgedInMs, vacuity, folder } = outcome;
  return [
    ...formatOperations(summary),
    formatWatches(summary),
    ...formatFaults(summary.faults),
    `judged in ${(judgedInMs / 1_000).toFixed(1)} s: ${Object.entries(verdictsOf(judgement))
      .map(([name, verdict]) => `${name} ${verdict}`)
      .join(', ')}`,
    ...(judgement.verdict === 'valid' ? [] : [judgement.log.trimEnd()]),
    ...(judgement.verdict === 'not-judged' ? [`not judged: ${judgement.reason}`] : []),
    ...summary.late.map((name) => `VIOLATION: a watch of ${name} did not receive the last write in time`),
    ...(vacuity.length > 0 ? [`vacuous: ${vacuity.join('; ')}`] : []),
    ...(folder === undefined ? [] : [`history: ${folder}`]),
  ].join('\n');
}

function formatOperations(summary: TrafficSummary): string[] {
  const kinds = Object.entries(summary.operations).map(
    ([kind, { ok, unknown, failed }]) =>
      `${kind} ${ok}${unknown > 0 ? ` +${unknown} unknown` : ''}${failed > 0 ? ` +${failed} failed` : ''}`,
  );
  return [
    `${totalOf(summary, 'ok')} operations, ${totalOf(summary, 'unknown')} of unknown outcome, ${summary.revisions} revisions`,
    `  ${kinds.join(', ')}`,
  ];
}

function formatWatches({ watch }: TrafficSummary): string {
  const { watches, batches, events, resumed, continued, compacted } = watch;
  return `${watches} watches, ${events} events in ${batches} batches; resumed ${resumed} times by the library, continued ${continued} times at a checkpoint, ended ${compacted} times by a compaction`;
}

function formatFaults(faults: readonly FaultCount[]): string[] {
  const texts = faults.map(({ name, drawn, effective }) => `${name} ${effective}/${drawn}`);
  return ['faults with an effect:', `  ${texts.join(', ')}`];
}

export function formatMutant({ mutant, expected, actual, attempts, judgement }: MutantOutcome): string {
  const found =
    actual ?? (judgement.verdict === 'not-judged' ? `not judged: ${judgement.reason}` : 'nothing');
  const verdict = actual === expected ? 'caught' : 'NOT CAUGHT as expected';
  return `${mutant.padEnd(8)} expected ${expected.padEnd(13)} found ${found.padEnd(13)} in run ${attempts}: ${verdict}`;
}
