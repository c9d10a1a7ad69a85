import { factsOf, type Operation, type OpFact, type TruthFact, type TxnStep } from '../history.js';
import type { TruePut, Truth } from '../truth.js';
import type { Check, Violation } from './violation.js';

type Put = Omit<Extract<TxnStep, { type: 'put' }>, 'type'>;

/** Every put of an operation, in either branch of a transaction. */
export function putsOf(op: Operation): readonly Put[] {
  if (op.type === 'put') return [op];
  if (op.type !== 'txn') return [];
  return [...op.success, ...op.failure].filter((step) => step.type === 'put');
}

/** Every key that an operation may delete, in either branch of a transaction. */
export function deletesOf(op: Operation): readonly string[] {
  if (op.type === 'delete') return [op.key];
  if (op.type !== 'txn') return [];
  return [...op.success, ...op.failure].filter((step) => step.type === 'delete').map(({ key }) => key);
}

/** Whether the library may retry it after a lost answer. */
export function isIdempotent(op: Operation): boolean {
  return op.type === 'put' && op.idempotent === true;
}

export function isWrite(op: Operation): boolean {
  return putsOf(op).length > 0 || deletesOf(op).length > 0;
}

/** K1: an acknowledged write is in the truth at the revision of its answer. */
export const acknowledgedWritesExist: Check = (history, truth) =>
  factsOf(history, 'op').flatMap((fact) => {
    const missing = missingOf(fact, truth);
    if (missing === undefined) return [];
    return [{ invariant: 'K1', text: `acknowledged, but ${missing}`, slice: [fact, ...near(fact, truth)] }];
  });

function missingOf({ op, outcome }: OpFact, truth: Truth): string | undefined {
  if (outcome.type !== 'ok') return undefined;
  const { result } = outcome;
  if (result.type === 'put' && op.type === 'put') {
    return truth.hasPut(result.revision, op.key, op.value) ? undefined : `not put at ${result.revision}`;
  }
  if (result.type === 'delete' && op.type === 'delete' && result.deleted > 0n) {
    return truth.hasDelete(result.revision, op.key) ? undefined : `not deleted at ${result.revision}`;
  }
  if (result.type === 'txn' && op.type === 'txn') {
    const puts = (result.succeeded ? op.success : op.failure).filter((step) => step.type === 'put');
    const found = puts.some(({ key, value }) => truth.hasPut(result.revision, key, value));
    return puts.length === 0 || found ? undefined : `none of its puts is at ${result.revision}`;
  }
  return undefined;
}

/** The truth at the op's revision and at the revisions of its values. */
function near({ op, outcome }: OpFact, truth: Truth): TruthFact[] {
  const revisions = new Set(
    putsOf(op).flatMap(({ value }) => truth.putsOf(value).map((put) => put.revision)),
  );
  if (outcome.type === 'ok' && 'revision' in outcome.result) revisions.add(outcome.result.revision);
  return truth.revisions.filter(({ revision }) => revisions.has(revision));
}

/** K2 and K3 for puts: each value in the truth was put once, by one op, and not by one that failed. */
export const putsHaveOneWriter: Check = (history, truth) => {
  const writers = new Map<string, OpFact>();
  for (const fact of factsOf(history, 'op'))
    for (const { value } of putsOf(fact.op)) writers.set(value, fact);
  const found: Violation[] = [];
  for (const [value, puts] of truth.values) {
    const writer = writers.get(value);
    const wrong = wrongOfPut(value, puts, writer);
    if (!wrong) continue;
    const revisions = new Set(puts.map(({ revision }) => revision));
    const slice = [
      ...(writer ? [writer] : []),
      ...truth.revisions.filter((one) => revisions.has(one.revision)),
    ];
    found.push({ ...wrong, slice });
  }
  return found;
};

function wrongOfPut(
  value: string,
  puts: readonly TruePut[],
  writer: OpFact | undefined,
): Pick<Violation, 'invariant' | 'text'> | undefined {
  if (!writer) return { invariant: 'K2', text: `no op put the value '${value}'` };
  if (writer.outcome.type === 'fail') {
    return { invariant: 'K3', text: `reported as not applied, but '${value}' is in the store` };
  }
  if (puts.length > 1 && !isIdempotent(writer.op))
    return { invariant: 'K2', text: `'${value}' was put ${puts.length} times` };
  if (putsOf(writer.op).some(({ key }) => key === puts[0]?.kv.key)) return undefined;
  return { invariant: 'K2', text: `'${value}' was put under another key` };
}
