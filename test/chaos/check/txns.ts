import {
  type Condition,
  factsOf,
  type OpFact,
  type StoredKv,
  type TruthFact,
  type TxnOperation,
  type TxnStep,
} from '../history.js';
import type { Truth } from '../truth.js';
import type { Check } from './violation.js';

/**
 * K6: a transaction took the branch that its conditions select at the revision before it. That branch was applied
 * completely, and the other one not at all.
 */
export const txnsAreAtomic: Check = (history, truth) =>
  factsOf(history, 'op').flatMap((fact) => {
    if (fact.op.type !== 'txn') return [];
    const problem = violationOf(fact, fact.op, truth);
    if (problem === undefined) return [];
    return [{ invariant: 'K6', text: problem, slice: [fact, ...near(fact.op, truth)] }];
  });

function violationOf({ outcome }: OpFact, txn: TxnOperation, truth: Truth): string | undefined {
  if (outcome.type === 'info') return violationOfInfo(txn, truth);
  if (outcome.type !== 'ok' || outcome.result.type !== 'txn') return undefined;
  const { succeeded, revision, steps } = outcome.result;
  const wrote = steps.some((one) => one.type === 'put' || (one.type === 'delete' && one.deleted > 0n));
  const before = wrote ? revision - 1n : revision;
  if (conditionsHold(txn, truth, before) !== succeeded) {
    return `its conditions were ${succeeded ? 'not met' : 'met'} at ${before}, and the other branch was taken`;
  }
  if (firstPut(succeeded ? txn.failure : txn.success, truth) !== undefined) {
    return 'the branch that was not taken was applied';
  }
  const branch = succeeded ? txn.success : txn.failure;
  return isPartlyApplied(branch, revision, truth) ? missingStep(branch, revision, truth) : undefined;
}

/** Without an answer, the puts found in the truth show the revision and the branch. */
function violationOfInfo(txn: TxnOperation, truth: Truth): string | undefined {
  const inSuccess = firstPut(txn.success, truth);
  const inFailure = firstPut(txn.failure, truth);
  if (inSuccess !== undefined && inFailure !== undefined) return 'both branches were applied';
  const revision = inSuccess ?? inFailure;
  if (revision === undefined) return undefined;
  const succeeded = inSuccess !== undefined;
  if (conditionsHold(txn, truth, revision - 1n) !== succeeded) {
    return `its conditions were ${succeeded ? 'not met' : 'met'} at ${revision - 1n}, and the other branch was taken`;
  }
  return missingStep(succeeded ? txn.success : txn.failure, revision, truth);
}

function missingStep(branch: readonly TxnStep[], revision: bigint, truth: Truth): string | undefined {
  const left = branch.find((step) => {
    if (step.type === 'put') return !truth.hasPut(revision, step.key, step.value);
    return step.type === 'delete' && truth.get(step.key, revision) !== undefined;
  });
  return left && `a step was not applied at ${revision}: ${left.type}`;
}

/** Whether any put of the branch is in the truth; K1 covers an acknowledged transaction that is wholly absent. */
function isPartlyApplied(branch: readonly TxnStep[], revision: bigint, truth: Truth): boolean {
  const puts = branch.filter((step) => step.type === 'put');
  return puts.length === 0 || puts.some(({ key, value }) => truth.hasPut(revision, key, value));
}

function firstPut(branch: readonly TxnStep[], truth: Truth): bigint | undefined {
  return branch.flatMap((step) => (step.type === 'put' ? truth.putsOf(step.value) : []))[0]?.revision;
}

function conditionsHold({ compare }: TxnOperation, truth: Truth, revision: bigint): boolean {
  return compare.every((condition) => isMet(condition, truth.get(condition.key, revision)));
}

function isMet(condition: Condition, kv: StoredKv | undefined): boolean {
  if (condition.target === 'value')
    return kv !== undefined && meets(kv.value, condition.value, condition.result);
  const fields = {
    version: kv?.version,
    create: kv?.createRevision,
    mod: kv?.modRevision,
    lease: kv?.lease,
  };
  return meets(fields[condition.target] ?? 0n, condition.value, condition.result);
}

function meets<T extends bigint | string>(is: T, wanted: T, result: Condition['result']): boolean {
  switch (result) {
    case '=':
      return is === wanted;
    case '!=':
      return is !== wanted;
    case '<':
      return is < wanted;
    case '>':
      return is > wanted;
  }
}

function near(txn: TxnOperation, truth: Truth): TruthFact[] {
  const values = [...txn.success, ...txn.failure].flatMap((step) =>
    step.type === 'put' ? [step.value] : [],
  );
  const revisions = new Set(values.flatMap((value) => truth.putsOf(value).map(({ revision }) => revision)));
  return truth.revisions.filter(({ revision }) => revisions.has(revision));
}
