import type { LeaseId } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

export interface GrantOptions extends CallOptions {
  /** Seconds to live without a renewal. etcd raises it to its minimum, 2 s by default; use the TTL in the answer. */
  readonly ttlSeconds: number;
  /** The lease's id, positive. Default: random, chosen here so that a grant sent twice leaves no orphan. */
  readonly id?: LeaseId;
}

export interface TimeToLiveOptions {
  /** Also list the keys attached to the lease. Default false. */
  readonly keys?: boolean;
}

export interface Lease {
  readonly id: LeaseId;
  /** The TTL that etcd granted, in seconds. */
  readonly ttlSeconds: number;
}

export interface LeaseTimeToLive {
  readonly id: LeaseId;
  /** Seconds left. */
  readonly remainingSeconds: number;
  /** The TTL granted, in seconds. */
  readonly grantedSeconds: number;
  /** The keys attached, when asked for. */
  readonly keys: readonly Buffer[];
}
