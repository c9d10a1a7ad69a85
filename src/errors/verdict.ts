/**
 * What is known about a request that failed, and so whether it may be sent again.
 * - `not-applied`: etcd surely did not carry it out; anything may be sent again.
 * - `maybe-applied`: it may have been carried out; only reads and idempotent requests may be sent again.
 * - `final`: etcd refused it for a reason that another attempt will not change.
 */
export type Verdict = 'not-applied' | 'maybe-applied' | 'final';
