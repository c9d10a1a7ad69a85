import type { LeaseEndReason } from '#src/lease/index.js';

/** The history of a chaos run. All times are milliseconds of one monotonic clock, so they are comparable. */
export type Fact =
  | OpFact
  | AttemptFact
  | RenewalFact
  | LeaseFact
  | FaultFact
  | StallFact
  | TruthFact
  | ConflictFact
  | FinalFact;

/** One op of a client: its invocation and its completion. */
export interface OpFact {
  readonly kind: 'op';
  readonly id: number;
  readonly client: string;
  readonly op: Operation;
  readonly invokedAt: number;
  readonly completedAt: number;
  readonly outcome: Outcome;
}

/** Every put has a value that is unique in the run, so a value in the store identifies its op. */
export type Operation =
  | { readonly type: 'get'; readonly key: string; readonly serializable: boolean }
  | { readonly type: 'range'; readonly prefix: string; readonly serializable: boolean }
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: string;
      readonly lease: bigint;
      /** Whether the library may retry it after a lost answer; it may then be applied more than once. */
      readonly idempotent?: boolean;
    }
  | { readonly type: 'delete'; readonly key: string }
  | TxnOperation
  | { readonly type: 'grant'; readonly ttlSeconds: number }
  | { readonly type: 'revoke'; readonly lease: bigint };

export interface TxnOperation {
  readonly type: 'txn';
  readonly compare: readonly Condition[];
  readonly success: readonly TxnStep[];
  readonly failure: readonly TxnStep[];
}

export type Condition = { readonly key: string; readonly result: '=' | '!=' | '<' | '>' } & (
  | { readonly target: 'version' | 'create' | 'mod' | 'lease'; readonly value: bigint }
  | { readonly target: 'value'; readonly value: string }
);

/** Reads inside a transaction are linearizable. */
export type TxnStep =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'range'; readonly prefix: string }
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly type: 'delete'; readonly key: string };

/**
 * What the library returned. `fail`: nothing was applied (also a failed read). `info`: a write that may have been
 * applied.
 */
export type Outcome =
  | { readonly type: 'ok'; readonly result: Result }
  | { readonly type: 'fail' | 'info'; readonly error: OpError };

export interface OpError {
  readonly name: string;
  /** gRPC status code; -1 for an error that is not the library's, such as an abort reason. */
  readonly code: number;
  readonly text: string;
}

export type Result =
  | { readonly type: 'read'; readonly revision: bigint; readonly kvs: readonly StoredKv[] }
  | { readonly type: 'put'; readonly revision: bigint }
  | { readonly type: 'delete'; readonly revision: bigint; readonly deleted: bigint }
  | {
      readonly type: 'txn';
      readonly revision: bigint;
      readonly succeeded: boolean;
      readonly steps: readonly StepResult[];
    }
  | { readonly type: 'granted'; readonly lease: bigint; readonly ttlSeconds: number }
  | { readonly type: 'revoked' };

export type StepResult =
  | { readonly type: 'read'; readonly kvs: readonly StoredKv[] }
  | { readonly type: 'put' }
  | { readonly type: 'delete'; readonly deleted: bigint };

export interface StoredKv {
  readonly key: string;
  readonly value: string;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  readonly version: bigint;
  readonly lease: bigint;
}

/** One attempt of a request, as seen at grpc-js's channel, below the library. */
export interface AttemptFact {
  readonly kind: 'attempt';
  /** The op that it belongs to. */
  readonly op: number;
  /** Put, DeleteRange, Txn, LeaseGrant or LeaseRevoke. */
  readonly rpc: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly code: number;
  readonly text: string;
  /** The lease that a LeaseGrant requests. */
  readonly lease?: bigint;
}

/** A lease renewal that was sent, or its answer. */
export interface RenewalFact {
  readonly kind: 'renewal';
  readonly direction: 'sent' | 'acked';
  readonly stream: number;
  readonly lease: bigint;
  readonly at: number;
  /** Of an answer; 0 means that the lease is gone. */
  readonly ttlSeconds: number;
}

/** What the owner of a lease observes: its grant, its end, and each check of `held`. */
export type LeaseFact =
  | {
      readonly kind: 'lease';
      readonly type: 'acquired';
      readonly client: string;
      readonly lease: bigint;
      readonly ttlSeconds: number;
      /** The op that granted it. */
      readonly op: number;
      readonly at: number;
    }
  | {
      readonly kind: 'lease';
      readonly type: 'ended';
      readonly lease: bigint;
      readonly reason: LeaseEndReason;
      readonly at: number;
    }
  | {
      readonly kind: 'lease';
      readonly type: 'checked';
      readonly lease: bigint;
      readonly held: boolean;
      readonly at: number;
    };

export interface FaultFact {
  readonly kind: 'fault';
  readonly name: string;
  readonly target: string;
  /** The clients that may be affected. */
  readonly clients: 'all' | readonly string[];
  readonly from: number;
  /** Until when clients may be affected: a link that lost bytes stays silent until the client detects it. */
  readonly to: number;
  /** Whether ops were in flight and the fault had the effect that its name promises. */
  readonly effective: boolean;
}

/** This process was stalled, by a fault or by a busy machine. */
export interface StallFact {
  readonly kind: 'stall';
  readonly from: number;
  readonly to: number;
}

/** One revision of the store, as etcdctl received it. */
export interface TruthFact {
  readonly kind: 'truth';
  readonly revision: bigint;
  /** When the first recorder received it. */
  readonly at: number;
  readonly events: readonly TruthEvent[];
}

export type TruthEvent =
  | { readonly type: 'put'; readonly kv: StoredKv }
  | { readonly type: 'delete'; readonly key: string };

/** Two members reported different events for one revision. */
export interface ConflictFact {
  readonly kind: 'conflict';
  readonly revision: bigint;
  readonly members: readonly [string, string];
  readonly versions: readonly [readonly TruthEvent[], readonly TruthEvent[]];
}

/** The state of etcd after all faults are healed, read with etcdctl. */
export interface FinalFact {
  readonly kind: 'final';
  readonly revision: bigint;
  readonly kvs: readonly StoredKv[];
  readonly hashes: readonly { readonly member: string; readonly revision: bigint; readonly hash: string }[];
  /** Leases that remain although each had time to expire. */
  readonly leases: readonly bigint[];
}

export type History = readonly Fact[];

/** The facts of one kind, in recorded order. */
export function factsOf<K extends Fact['kind']>(history: History, kind: K): Extract<Fact, { kind: K }>[] {
  return history.filter((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);
}
