// The JSON of etcd's `robustness/model` (go.etcd.io/etcd/tests/v3), which its validators load. Names are Go's. A field
// that Go compares with `reflect.DeepEqual` must be `[]` or absent exactly as the model makes it.

/** The folder of one client. */
export interface ModelClient {
  readonly operations: readonly ModelOperation[];
  readonly watches: readonly ModelWatch[];
}

export interface ModelOperation {
  readonly ClientId: number;
  readonly Input: ModelRequest;
  /** Nanoseconds of the clock that all clients of the history share. */
  readonly Call: bigint;
  readonly Output: ModelResponse;
  readonly Return: bigint;
}

export type ModelRequest =
  | { readonly Type: 'range'; readonly Range: ModelRange & { readonly Revision: bigint } }
  | { readonly Type: 'txn'; readonly Txn: ModelTxn }
  | { readonly Type: 'leaseGrant'; readonly LeaseGrant: { readonly LeaseID: bigint } }
  | { readonly Type: 'leaseRevoke'; readonly LeaseRevoke: { readonly LeaseID: bigint } }
  | { readonly Type: 'defragment'; readonly Defragment: Record<string, never> }
  | { readonly Type: 'compact'; readonly Compact: { readonly Revision: bigint } };

export interface ModelRange {
  readonly Start: string;
  /** Empty: the key `Start` alone. */
  readonly End: string;
  readonly Limit: number;
  readonly KeysOnly: boolean;
}

export interface ModelTxn {
  readonly Conditions: readonly ModelCondition[];
  readonly OperationsOnSuccess: readonly ModelStep[];
  readonly OperationsOnFailure: readonly ModelStep[];
}

/** A version above 0 is compared; otherwise the revision, where 0 means that the key is absent. */
export interface ModelCondition {
  readonly Key: string;
  readonly ExpectedRevision: bigint;
  readonly ExpectedVersion: bigint;
}

export type ModelStep =
  | { readonly Type: 'range-operation'; readonly Range: ModelRange }
  | {
      readonly Type: 'put-operation';
      readonly Put: { readonly Key: string; readonly Value: ModelValue; readonly LeaseID: bigint };
    }
  | { readonly Type: 'delete-operation'; readonly Delete: { readonly Key: string } };

/** Values of 20 bytes or more are compared by their hash. */
export type ModelValue = { readonly Value?: string } | { readonly Hash: number };

/** `Error`: the outcome is unknown. `Persisted` alone: applied, but the answer carried no revision. */
export type ModelResponse =
  | { readonly Range: ModelRangeResult; readonly Revision: bigint }
  | { readonly Txn: ModelTxnResult; readonly Revision: bigint }
  | { readonly Defragment: Record<string, never>; readonly Revision: -1n }
  | { readonly Compact: Record<string, never>; readonly Revision: -1n }
  | { readonly ClientError: string }
  | { readonly Persisted: true }
  | { readonly Error: string };

export interface ModelRangeResult {
  readonly KVs: readonly ModelKeyValue[];
  readonly Count: bigint;
}

export interface ModelTxnResult {
  readonly Failure: boolean;
  readonly Results: readonly ModelStepResult[];
}

/** A put has neither, a range only `KVs` and `Count`, a delete only `Deleted`. */
export type ModelStepResult = Record<string, never> | ModelRangeResult | { readonly Deleted: bigint };

export interface ModelKeyValue extends ModelRevisedValue {
  readonly Key: string;
}

export interface ModelRevisedValue {
  readonly Value: ModelValue;
  readonly ModRevision: bigint;
  readonly Version: bigint;
}

export interface ModelWatch {
  readonly Request: ModelWatchRequest;
  readonly Responses: readonly ModelWatchResponse[];
}

export interface ModelWatchRequest {
  readonly Key: string;
  /** 0: from the first response on. */
  readonly Revision: bigint;
  readonly WithPrefix: boolean;
  readonly WithProgressNotify: boolean;
  readonly WithPrevKV: boolean;
  /** Not in etcd's model: the program in `../go` adds the events that the filter leaves out, from the WAL. */
  readonly Only?: 'put' | 'delete';
}

export interface ModelWatchResponse {
  readonly Events: readonly ModelEvent[];
  /** Everything up to `Revision` has been delivered. */
  readonly IsProgressNotify: boolean;
  readonly Revision: bigint;
  readonly Time: bigint;
}

export interface ModelEvent {
  readonly Type: 'put-operation' | 'delete-operation';
  readonly Key: string;
  readonly Value: ModelValue;
  readonly Revision: bigint;
  readonly IsCreate: boolean;
  readonly PrevValue?: ModelRevisedValue;
}
