import type { LeaseId } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

/** Options of `grant` and `hold`. */
export interface GrantOptions extends CallOptions {
  /**
   * The TTL in seconds: how long the lease lives without a renewal. etcd raises it to its minimum, 2 s by default; the
   * returned `ttlSeconds` is the TTL granted.
   */
  readonly ttlSeconds: number;
  /** The lease's id, positive. Default: random, chosen by the client, so that a grant sent twice creates one lease. */
  readonly id?: LeaseId;
}

/** Options of `timeToLive`. */
export interface TimeToLiveOptions {
  /** Also list the keys attached to the lease. Default false, because a lease may have many keys. */
  readonly keys?: boolean;
}

/** A lease as granted or renewed. */
export interface Lease {
  /** The lease's id, as `put` takes it. */
  readonly id: LeaseId;
  /** The TTL that etcd granted, in seconds; it may be longer than requested. */
  readonly ttlSeconds: number;
}

/** The remaining TTL of a lease. */
export interface LeaseTimeToLive {
  /** The lease's id. */
  readonly id: LeaseId;
  /** The seconds left without a renewal. */
  readonly remainingSeconds: number;
  /** The TTL granted, in seconds. */
  readonly grantedSeconds: number;
  /** The keys attached to the lease; empty unless requested. */
  readonly keys: readonly Buffer[];
}
