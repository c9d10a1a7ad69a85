import { factsOf, type OpFact, type StoredKv, type TxnStep } from '../history.js';
import { sameKvs, type Truth } from '../truth.js';
import type { Check } from './violation.js';

/** K4 (linearizable) and K7 (serializable): a read returns the truth at the revision of its answer. */
export const readsMatchTruth: Check = (history, truth) =>
  factsOf(history, 'op').flatMap((fact) => {
    const wrong = mismatchOf(fact, truth);
    if (wrong === undefined) return [];
    const invariant = 'serializable' in fact.op && fact.op.serializable ? 'K7' : 'K4';
    return [
      { invariant, text: `the read differs from the truth: ${wrong.text}`, slice: [fact, ...wrong.near] },
    ];
  });

interface Mismatch {
  readonly text: string;
  readonly near: ReturnType<typeof lastChanges>;
}

function mismatchOf({ op, outcome }: OpFact, truth: Truth): Mismatch | undefined {
  if (outcome.type !== 'ok') return undefined;
  const { result } = outcome;
  if (result.type === 'read' && (op.type === 'get' || op.type === 'range')) {
    return compare(expected(op, truth, result.revision), result.kvs, truth, result.revision);
  }
  if (result.type === 'delete' && op.type === 'delete' && result.deleted === 0n) {
    return compare(expected({ ...op, type: 'get' }, truth, result.revision), [], truth, result.revision);
  }
  if (result.type !== 'txn' || op.type !== 'txn') return undefined;
  const steps = result.succeeded ? op.success : op.failure;
  const wrote = result.steps.some((one) => one.type === 'put' || (one.type === 'delete' && one.deleted > 0n));
  const before = wrote ? result.revision - 1n : result.revision;
  for (const [i, step] of steps.entries()) {
    if (step.type === 'put' || step.type === 'delete') break; // later steps see this write; K6 covers them
    const answer = result.steps[i];
    const kvs = answer?.type === 'read' ? answer.kvs : [];
    const wrong = compare(expected(step, truth, before), kvs, truth, before);
    if (wrong) return wrong;
  }
  return undefined;
}

type Read = Extract<TxnStep, { type: 'get' | 'range' }>;

function expected(read: Read, truth: Truth, revision: bigint): StoredKv[] {
  if (read.type === 'range') return truth.range(read.prefix, revision);
  const kv = truth.get(read.key, revision);
  return kv ? [kv] : [];
}

function compare(
  wanted: readonly StoredKv[],
  got: readonly StoredKv[],
  truth: Truth,
  revision: bigint,
): Mismatch | undefined {
  if (sameKvs(wanted, got)) return undefined;
  const text = `at ${revision} expected ${formatKvs(wanted)}, read ${formatKvs(got)}`;
  return { text, near: lastChanges(truth, [...wanted, ...got]) };
}

function formatKvs(kvs: readonly StoredKv[]): string {
  return `[${kvs.map(({ key, modRevision }) => `${key}@${modRevision}`).join(' ')}]`;
}

function lastChanges(truth: Truth, kvs: readonly StoredKv[]) {
  const revisions = new Set(kvs.map(({ modRevision }) => modRevision));
  return truth.revisions.filter(({ revision }) => revisions.has(revision));
}
