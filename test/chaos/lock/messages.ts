/** The clients that are compared. `etcd3` is the npm package of that name, `go` is Go's `concurrency.Mutex`. */
export type System = 'ours' | 'go' | 'etcd3';

/** An observer follows the leaders of elections, and is never one. */
export type Role = 'lock' | 'election' | 'observer';

/** The configuration of a worker process, passed as JSON in its first argument. */
export interface WorkerConfig {
  readonly system: System;
  readonly role: Role;
  readonly endpoints: readonly string[];
  readonly incarnation: string;
  readonly seed: number;
  /** The names of the locks or elections, without a slash at the end. */
  readonly names: readonly string[];
  readonly ttlSeconds: number;
  /** How many loops the process runs at the same time; each waits for one name at a time. */
  readonly loops: number;
}

/**
 * A line on a worker's stdin. `settle`: a candidate that leads goes on leading. `drain`: no further request; the
 * outstanding ones run to their end.
 */
export type Command = 'settle' | 'drain';

/** The time before and after something was read: it was true at some moment between them. */
export type Span = readonly [from: number, to: number];

/**
 * A line of JSON on a worker's stdout. Times are milliseconds of the machine's monotonic clock; 64-bit numbers are
 * decimal text. `request` numbers the requests of one process.
 */
export type Report =
  | { readonly type: 'waiting'; readonly request: number; readonly name: string; readonly at: number }
  /** The key with which it waits, or will wait. A request that queues again has several. */
  | { readonly type: 'queued'; readonly request: number; readonly key: string; readonly at: number }
  /** The key is that of one of several requests. */
  | { readonly type: 'maybe-queued'; readonly request: number; readonly key: string; readonly at: number }
  | {
      readonly type: 'acquired';
      readonly request: number;
      readonly key: string;
      readonly lease: string;
      /** etcd3 has none. */
      readonly token?: string;
      readonly at: number;
      /** When it intends to release it. */
      readonly until: number;
    }
  | HeldReport
  | WroteReport
  | {
      readonly type: 'lost';
      readonly request: number;
      readonly at: number;
      readonly reason: string;
    }
  | { readonly type: 'releasing'; readonly request: number; readonly at: number }
  | { readonly type: 'released'; readonly request: number; readonly at: number; readonly error?: string }
  /** It did not get the lock. */
  | { readonly type: 'failed'; readonly request: number; readonly at: number; readonly error: string }
  | {
      readonly type: 'observed';
      readonly name: string;
      readonly at: number;
      /** Undefined: there is none. */
      readonly leader?: {
        readonly key: string;
        readonly value: string;
        readonly createRevision: string;
        readonly modRevision: string;
      };
    }
  /** An observation began, or ended with an error. */
  | { readonly type: 'observing'; readonly name: string; readonly at: number }
  | { readonly type: 'blind'; readonly name: string; readonly at: number; readonly error: string }
  | { readonly type: 'drained'; readonly at: number };

/** What the holder has read of its own state so far. */
export interface HeldReport {
  readonly type: 'held';
  readonly request: number;
  /** The first and the last time that it read `held` as true; absent if it never did. */
  readonly first?: Span;
  readonly last?: Span;
  readonly samples: number;
  /** How often `held` was true after it had been false. */
  readonly again: number;
  /** How often `held` was false while `signal` was not aborted. */
  readonly unaborted: number;
  /** When the last acknowledged renewal of its lease was sent, if that is recorded. */
  readonly renewedAt?: number;
}

/** A write that the lock protects. */
export interface WroteReport {
  readonly type: 'wrote';
  readonly request: number;
  /** Unique in the run. */
  readonly value: string;
  readonly at: number;
  /** `refused`: according to the client it was not applied. */
  readonly outcome: 'applied' | 'refused' | 'unknown';
  readonly error?: string;
}
