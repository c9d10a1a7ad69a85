import { factsOf, type History, type OpFact } from '../history.js';
import type { Truth } from '../truth.js';
import { isWrite, putsOf } from './writes.js';

/** Outcomes of the writes whose op is `info` (reported as ambiguous). */
export interface InfoWrites {
  readonly total: number;
  /** Found in the truth: applied although the answer was lost. */
  readonly applied: number;
  /** Of those, applied after a later acknowledged write to the same key. */
  readonly appliedLate: number;
  readonly neverApplied: number;
  /** Deletes carry no value, so their outcome cannot be proven. */
  readonly unknown: number;
}

export function countInfoWrites(history: History, truth: Truth): InfoWrites {
  const writes = factsOf(history, 'op').filter(({ op }) => isWrite(op));
  const total = writes.filter(({ outcome }) => outcome.type === 'info');
  const known = total.filter(({ op }) => putsOf(op).length > 0);
  const applied = known.filter(({ op }) => putsOf(op).some(({ value }) => truth.putsOf(value).length > 0));
  const acknowledged = acknowledgedPuts(writes);
  return {
    total: total.length,
    applied: applied.length,
    appliedLate: applied.filter((fact) => isLate(fact, acknowledged, truth)).length,
    neverApplied: known.length - applied.length,
    unknown: total.length - known.length,
  };
}

function isLate(
  { op, completedAt }: OpFact,
  acknowledged: Map<string, Acknowledged[]>,
  truth: Truth,
): boolean {
  return putsOf(op).some(({ key, value }) => {
    const [put] = truth.putsOf(value);
    const others = acknowledged.get(key) ?? [];
    return (
      put !== undefined && others.some((one) => one.invokedAt > completedAt && one.revision < put.revision)
    );
  });
}

interface Acknowledged {
  readonly invokedAt: number;
  readonly revision: bigint;
}

/** The acknowledged puts of each key. */
function acknowledgedPuts(writes: readonly OpFact[]): Map<string, Acknowledged[]> {
  const all = new Map<string, Acknowledged[]>();
  for (const { op, invokedAt, outcome } of writes) {
    if (outcome.type !== 'ok' || !('revision' in outcome.result)) continue;
    for (const { key } of putsOf(op)) {
      const own = all.get(key);
      const one = { invokedAt, revision: outcome.result.revision };
      if (own) own.push(one);
      else all.set(key, [one]);
    }
  }
  return all;
}
