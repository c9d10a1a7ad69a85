import type { Acquired } from '#src/lock/core/index.js';
import type { RetryPacing } from '../retry-pacing.js';

/** How an attempt stands, as its contender reported it or its user requested it. */
export type Outcome = 'open' | 'owning' | 'lost' | 'refused' | 'taken' | 'releasing' | 'released' | 'aborted';

/** What the oracle knows of an attempt to acquire the lock. */
export interface Attempt {
  readonly startedAt: number;
  readonly pacing: RetryPacing;
  outcome: Outcome;
  acquired: Acquired | undefined;
  /** Its key or its lease was removed by hand or by a rollback, which etcd cannot prevent. */
  isDamaged: boolean;
  /** The revision that created its current key; undefined before that. */
  createRevision: bigint | undefined;
  /** Whether it knows its key. */
  isJoined: boolean;
  /** The leases that it has left: their keys may be deleted. */
  readonly left: Set<bigint>;
  /** Another key was in the queue at some time since it started. */
  sawOthers: boolean;
}

export function newAttempt(startedAt: number, pacing: RetryPacing, sawOthers: boolean): Attempt {
  return {
    startedAt,
    pacing,
    outcome: 'open',
    acquired: undefined,
    isDamaged: false,
    createRevision: undefined,
    isJoined: false,
    left: new Set(),
    sawOthers,
  };
}

export function isOpen(outcome: Outcome): boolean {
  return outcome === 'open' || outcome === 'owning' || outcome === 'releasing';
}
