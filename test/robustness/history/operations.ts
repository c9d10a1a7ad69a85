import type { DeleteResult, OpResult, PutResult, RangeResult, TxnResult } from '#src/index.js';
import type {
  ModelCondition,
  ModelRange,
  ModelRangeResult,
  ModelRequest,
  ModelResponse,
  ModelStep,
  ModelStepResult,
} from './model.js';
import { modelKeyValue, modelValue } from './values.js';

/**
 * What etcd's model knows. It has no serializable read, no range delete, no filter or order of a range, no lease of a
 * put in a transaction, no comparison but of version and mod revision for equality.
 */
export interface Range {
  readonly key: string;
  /** Exclusive. Default: the key alone. */
  readonly end?: string;
  readonly limit?: number;
  /** Only with `end`. */
  readonly keysOnly?: boolean;
}

export type Condition =
  | { readonly key: string; readonly version: bigint }
  | { readonly key: string; readonly modRevision: bigint };

export type Step =
  | ({ readonly type: 'range' } & Range)
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string };

export interface Transaction {
  readonly compare: readonly Condition[];
  readonly success: readonly Step[];
  readonly failure: readonly Step[];
}

export const rangeRequest = (range: Range, revision: bigint): ModelRequest => ({
  Type: 'range',
  Range: { ...modelRange(range), Revision: revision },
});

export const rangeResponse = (range: Range, result: RangeResult): ModelResponse => ({
  Range: modelRangeResult(range, result),
  Revision: result.revision,
});

export const putRequest = (key: string, value: string, lease: bigint): ModelRequest =>
  oneStep({ Type: 'put-operation', Put: { Key: key, Value: modelValue(value), LeaseID: lease } });

export const putResponse = ({ revision }: PutResult): ModelResponse => ({
  Txn: { Failure: false, Results: [{}] },
  Revision: revision,
});

export const deleteRequest = (key: string): ModelRequest =>
  oneStep({ Type: 'delete-operation', Delete: { Key: key } });

export const deleteResponse = ({ deleted, revision }: DeleteResult): ModelResponse => ({
  Txn: { Failure: false, Results: [{ Deleted: deleted }] },
  Revision: revision,
});

export const txnRequest = ({ compare, success, failure }: Transaction): ModelRequest => ({
  Type: 'txn',
  Txn: {
    Conditions: compare.map(modelCondition),
    OperationsOnSuccess: success.map(modelStep),
    OperationsOnFailure: failure.map(modelStep),
  },
});

export function txnResponse({ success, failure }: Transaction, result: TxnResult): ModelResponse {
  const steps = result.succeeded ? success : failure;
  const results = result.results.map((step, index) => modelStepResult(steps[index], step));
  return { Txn: { Failure: !result.succeeded, Results: results }, Revision: result.revision };
}

/** Whether a request changes nothing, so that its failure leaves nothing unknown. */
export function isRead(request: ModelRequest): boolean {
  if (request.Type === 'range') return true;
  if (request.Type !== 'txn') return false;
  const { OperationsOnSuccess, OperationsOnFailure } = request.Txn;
  return [...OperationsOnSuccess, ...OperationsOnFailure].every(({ Type }) => Type === 'range-operation');
}

function oneStep(step: ModelStep): ModelRequest {
  return { Type: 'txn', Txn: { Conditions: [], OperationsOnSuccess: [step], OperationsOnFailure: [] } };
}

function modelRange({ key, end = '', limit = 0, keysOnly = false }: Range): ModelRange {
  if (keysOnly && end === '') throw new Error('the model returns the value of a single key in any case');
  return { Start: key, End: end, Limit: limit, KeysOnly: keysOnly };
}

function modelRangeResult({ keysOnly = false }: Range, { kvs, count }: RangeResult): ModelRangeResult {
  return { KVs: kvs.map((kv) => modelKeyValue(kv, keysOnly)), Count: count };
}

function modelCondition(condition: Condition): ModelCondition {
  return {
    Key: condition.key,
    ExpectedRevision: 'modRevision' in condition ? condition.modRevision : 0n,
    ExpectedVersion: 'version' in condition ? condition.version : 0n,
  };
}

function modelStep(step: Step): ModelStep {
  switch (step.type) {
    case 'range':
      return { Type: 'range-operation', Range: modelRange(step) };
    case 'put':
      return { Type: 'put-operation', Put: { Key: step.key, Value: modelValue(step.value), LeaseID: 0n } };
    case 'delete':
      return { Type: 'delete-operation', Delete: { Key: step.key } };
  }
}

function modelStepResult(step: Step | undefined, result: OpResult): ModelStepResult {
  if (step?.type === 'range' && result.type === 'range') return modelRangeResult(step, result);
  if (step?.type === 'put' && result.type === 'put') return {};
  if (step?.type === 'delete' && result.type === 'delete') return { Deleted: result.deleted };
  throw new Error(`the transaction has '${result.type}' where '${step?.type}' was requested`);
}
