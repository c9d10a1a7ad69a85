import type { LeaseEndReason } from '#src/lease/index.js';

/**
 * What a run of chaos leaves behind, one fact after the other. All times are milliseconds of the one monotonic clock
 * of the process that recorded them, so that they can be compared with each other.
 */
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

/** One call of a client, from its begin to its end. */
export interface OpFact {
  readonly kind: 'op';
  readonly id: number;
  readonly client: string;
  readonly op: Operation;
  readonly invokedAt: number;
  readonly completedAt: number;
  readonly outcome: Outcome;
}

/** Every value that is put is unique in the whole run, so that a value found in the store names its operation. */
export type Operation =
  | { readonly type: 'get'; readonly key: string; readonly serializable: boolean }
  | { readonly type: 'range'; readonly prefix: string; readonly serializable: boolean }
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: string;
      readonly lease: bigint;
      /** The library may send it again when an answer is lost, so it may be there more than once. */
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

/** Reads inside a transaction are part of it, hence always linearizable. */
export type TxnStep =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'range'; readonly prefix: string }
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly type: 'delete'; readonly key: string };

/** What the library told its caller. `failed` is a promise that nothing was applied; a read that failed is that, too. */
export type Outcome =
  | { readonly type: 'ok'; readonly result: Result }
  | { readonly type: 'fail' | 'info'; readonly error: OpError };

export interface OpError {
  readonly name: string;
  /** gRPC status code; -1 for what is no error of the library, such as the reason of an abort. */
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

/** One sending of a request, as seen at grpc-js's channel, below everything that the library does. */
export interface AttemptFact {
  readonly kind: 'attempt';
  /** The operation on whose behalf it was sent. */
  readonly op: number;
  /** Put, DeleteRange, Txn, LeaseGrant or LeaseRevoke. */
  readonly rpc: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly code: number;
  readonly text: string;
  /** The lease that a LeaseGrant asks for. */
  readonly lease?: bigint;
}

/** A renewal of a lease on its way out, or its answer coming in. */
export interface RenewalFact {
  readonly kind: 'renewal';
  readonly direction: 'sent' | 'acked';
  readonly stream: number;
  readonly lease: bigint;
  readonly at: number;
  /** Of an answer; 0 says that the lease is gone. */
  readonly ttlSeconds: number;
}

/** What the owner of a lease is told of it, and what it may claim. */
export type LeaseFact =
  | {
      readonly kind: 'lease';
      readonly type: 'acquired';
      readonly client: string;
      readonly lease: bigint;
      readonly ttlSeconds: number;
      /** The operation that granted it. */
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
  /** The clients that may feel it. */
  readonly clients: 'all' | readonly string[];
  readonly from: number;
  /** Until when it is felt: a link that lost bytes stays silent until the client finds out. */
  readonly to: number;
  /** Whether it really met operations under way and had the effect that its name promises. */
  readonly hit: boolean;
}

/** This process stood still: on purpose, or because the machine had no time for it. */
export interface StallFact {
  readonly kind: 'stall';
  readonly from: number;
  readonly to: number;
}

/** One revision of the store as etcd's own client was told of it. */
export interface TruthFact {
  readonly kind: 'truth';
  readonly revision: bigint;
  /** When the first recorder had it. */
  readonly at: number;
  readonly events: readonly TruthEvent[];
}

export type TruthEvent =
  | { readonly type: 'put'; readonly kv: StoredKv }
  | { readonly type: 'delete'; readonly key: string };

/** Two members told different things of one revision. */
export interface ConflictFact {
  readonly kind: 'conflict';
  readonly revision: bigint;
  readonly members: readonly [string, string];
  readonly versions: readonly [readonly TruthEvent[], readonly TruthEvent[]];
}

/** What etcd holds when all is healed and quiet, asked for by etcd's own client. */
export interface FinalFact {
  readonly kind: 'final';
  readonly revision: bigint;
  readonly kvs: readonly StoredKv[];
  readonly hashes: readonly { readonly member: string; readonly revision: bigint; readonly hash: string }[];
  /** Leases that are left although every one had the time to run out. */
  readonly leases: readonly bigint[];
}

export type History = readonly Fact[];

/** The facts of one kind, in the order in which they were recorded. */
export function factsOf<K extends Fact['kind']>(history: History, kind: K): Extract<Fact, { kind: K }>[] {
  return history.filter((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);
}
