import type { OperationCount } from './traffic/recorder.js';
import { type TrafficSummary, totalOf } from './traffic/summary.js';
import { watchKinds } from './traffic/watch-traffic.js';

/** Far below what a busy machine with two cores does, faults included. */
const leastOperationsPerSecond = 8;

/** What never happened in a run, so that the validators had nothing to judge. Empty: the run proves something. */
export function vacuityOf(summary: TrafficSummary, faultNames: readonly string[]): readonly string[] {
  const { seconds, operations, watch, faults } = summary;
  const done = totalOf(summary, 'ok');
  const least = seconds * leastOperationsPerSecond;
  const ineffective = faultNames.filter(
    (name) => !faults.some((fault) => fault.name === name && fault.effective > 0),
  );
  return [
    ...(done < least ? [`only ${done} operations succeeded, not ${least}`] : []),
    ...(totalOf(summary, 'unknown') === 0 ? ['no write had an unknown outcome'] : []),
    ...operationKinds.flatMap((kind) => rarityOf(kind, operations[kind])),
    ...(watch.events < done ? ['the watches received fewer events than there were operations'] : []),
    ...watchKinds
      .filter((kind) => watch.received[kind] === 0)
      .map((kind) => `no watch of the kind '${kind}' received an event`),
    // The validators accept an event without a previous value, because it may be compacted.
    ...(watch.withPrevious <= watch.withoutPrevious ? ['most previous values are missing'] : []),
    ...(watch.resumed === 0 ? ['the library continued no watch'] : []),
    ...(watch.continued === 0 ? ['no reader continued at its checkpoint'] : []),
    ...ineffective.map((name) => `the fault ${name} had no effect`),
  ];
}

/** With fewer operations of a kind, a share means little. */
const leastForShare = 20;

/** Why too few operations of a kind succeeded. Many stale reads fail by design: what they ask for is compacted. */
function rarityOf(kind: string, count: OperationCount | undefined): string[] {
  const { ok = 0, unknown = 0, failed = 0 } = count ?? {};
  const all = ok + unknown + failed;
  if (ok === 0) return [`no ${kind} succeeded`];
  const isRare = !kind.startsWith('stale') && all >= leastForShare && ok < all / 4;
  return isRare ? [`only ${ok} of ${all} ${kind} operations succeeded`] : [];
}

const operationKinds = [
  ...['get', 'stale get', 'range', 'range with limit', 'stream', 'put', 'put with lease', 'delete', 'txn'],
  ...['grant', 'revoke', 'compact'],
];
