import { factsOf, type History, type OpFact, type TruthFact } from '../history.js';
import type { Truth } from '../truth.js';
import type { Check, Violation } from './violation.js';
import { deletesOf } from './writes.js';

/**
 * K2 and K3 for deletes. A delete carries no value that identifies its writer, so each one needs a cause: an
 * acknowledged call at its revision, an expired lease, or an info delete of the key that was invoked before it. Each
 * info call explains at most one delete. Taking the earliest unused call is optimal: a call stays eligible for every
 * later delete.
 */
export const deletesHaveCause: Check = (history, truth) => {
  const acknowledged = acknowledgedDeletes(history);
  const ambiguous = byKey(history, 'info');
  const failed = byKey(history, 'fail');
  const found: Violation[] = [];
  for (const fact of truth.revisions) {
    for (const event of fact.events) {
      if (event.type !== 'delete') continue;
      const { key } = event;
      if (acknowledged.has(`${fact.revision} ${key}`) || byLease(truth, key, fact)) continue;
      const causes = ambiguous.get(key) ?? [];
      const cause = causes.findIndex(({ invokedAt }) => invokedAt <= fact.at);
      if (cause >= 0) causes.splice(cause, 1);
      else found.push(violationFor(key, fact, failed.get(key) ?? []));
    }
  }
  return found;
};

function violationFor(key: string, fact: TruthFact, failed: readonly OpFact[]): Violation {
  const suspects = failed.filter(({ invokedAt }) => invokedAt <= fact.at);
  if (suspects.length === 0) {
    return { invariant: 'K2', text: `'${key}' was deleted more often than requested`, slice: [fact] };
  }
  const text = `'${key}' was deleted, and the only possible cause is a delete reported as not applied`;
  return { invariant: 'K3', text, slice: [...suspects, fact] };
}

/** Entries are `<revision> <key>`. */
function acknowledgedDeletes(history: History): Set<string> {
  const all = new Set<string>();
  for (const { op, outcome } of factsOf(history, 'op')) {
    if (outcome.type !== 'ok' || !('revision' in outcome.result)) continue;
    for (const key of deletesOf(op)) all.add(`${outcome.result.revision} ${key}`);
  }
  return all;
}

function byKey(history: History, outcome: 'info' | 'fail'): Map<string, OpFact[]> {
  const all = new Map<string, OpFact[]>();
  const facts = factsOf(history, 'op').filter((fact) => fact.outcome.type === outcome);
  for (const fact of facts.sort((a, b) => a.invokedAt - b.invokedAt)) {
    for (const key of deletesOf(fact.op)) all.set(key, [...(all.get(key) ?? []), fact]);
  }
  return all;
}

function byLease(truth: Truth, key: string, { revision }: TruthFact): boolean {
  return (truth.get(key, revision - 1n)?.lease ?? 0n) !== 0n;
}
