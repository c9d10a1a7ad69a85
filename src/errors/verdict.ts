/**
 * Whether a failed request may be sent again.
 * - `not-applied`: etcd certainly did not apply it. Any request may be sent again.
 * - `maybe-applied`: etcd may have applied it. Only reads and idempotent requests may be sent again.
 * - `final`: etcd refused it for a reason that another attempt does not change.
 */
export type Verdict = 'not-applied' | 'maybe-applied' | 'final';
