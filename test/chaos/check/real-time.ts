import { factsOf, type OpFact } from '../history.js';
import type { Check, Violation } from './violation.js';
import { isWrite, putsOf } from './writes.js';

interface RevisionedOp {
  readonly fact: OpFact;
  readonly revision: bigint;
}

/**
 * K5: an op that was invoked after another one completed has no lower revision, and a higher one if it wrote. Revisions
 * give the order, so one sweep over time suffices. A serializable read may be stale, but its revision did exist. An
 * info write that was applied is checked too, although it has no answer.
 */
export const realTimeOrderHolds: Check = (history, truth) => {
  const facts = factsOf(history, 'op');
  const answered = facts.map(answerOf).filter((one) => one !== undefined);
  const returned = [...answered].sort((a, b) => a.fact.completedAt - b.fact.completedAt);
  const called: RevisionedOp[] = answered.filter(({ fact }) => !isSerializable(fact));
  for (const fact of facts) {
    const [put] =
      fact.outcome.type === 'info' ? putsOf(fact.op).flatMap(({ value }) => truth.putsOf(value)) : [];
    if (put) called.push({ fact, revision: put.revision });
  }
  const found: Violation[] = [];
  let floor: RevisionedOp | undefined;
  let next = 0;
  for (const one of called.sort((a, b) => a.fact.invokedAt - b.fact.invokedAt)) {
    for (
      let past = returned[next];
      past && past.fact.completedAt < one.fact.invokedAt;
      past = returned[++next]
    ) {
      if (!floor || past.revision > floor.revision) floor = past;
    }
    if (!floor || one.revision > floor.revision || (one.revision === floor.revision && !wrote(one))) continue;
    const text = `revision ${one.revision} was invoked after revision ${floor.revision} had completed`;
    found.push({ invariant: 'K5', text, slice: [floor.fact, one.fact] });
  }
  return found;
};

function answerOf(fact: OpFact): RevisionedOp | undefined {
  if (fact.outcome.type !== 'ok' || !('revision' in fact.outcome.result)) return undefined;
  return { fact, revision: fact.outcome.result.revision };
}

function isSerializable({ op }: OpFact): boolean {
  return 'serializable' in op && op.serializable;
}

function wrote({ fact: { op, outcome } }: RevisionedOp): boolean {
  if (outcome.type !== 'ok') return true;
  const { result } = outcome;
  if (result.type === 'delete') return result.deleted > 0n;
  if (result.type !== 'txn') return isWrite(op);
  return result.steps.some((step) => step.type === 'put' || (step.type === 'delete' && step.deleted > 0n));
}
