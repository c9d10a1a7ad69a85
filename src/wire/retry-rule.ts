import {
  AmbiguousWriteError,
  Code,
  type EtcdError,
  isPersistent,
  type RequestDescription,
  requestError,
} from '../errors/index.js';
import type { IdempotencyLevel } from './method.js';

/** Pauses between tries on members that answer, but badly: an election takes a second or two. */
export const retryPause = { baseMs: 50, maxMs: 1_000 };

/** With less than this left, another try could only end in a deadline that tells nothing. */
export const minAttemptMs = 50;

/**
 * Fresh tokens that may be refused before the user is taken for unauthorized. One that became old while it was fetched
 * does not count: users and roles may change for as long as they like.
 */
export const maxRefusedTokens = 2;

/** What may be wrong with a member that another one might not have. */
export type MemberFailure = 'unreachable' | 'silent' | 'leaderless' | 'learner' | 'overloaded' | 'not-etcd';

/** The whole retry rule. Reads of a lost answer are repeated; a write only if it was surely not carried out. */
export function isRetryable(error: EtcdError, idempotency: IdempotencyLevel): boolean {
  switch (error.verdict) {
    case 'not-applied':
      return error.code !== Code.UNAUTHENTICATED;
    case 'maybe-applied':
      return idempotency !== 'write' && !isPersistent(error);
    case 'final':
      return false;
  }
}

/**
 * How long one try may take. Where another member could be asked, a read keeps a quarter of its time for that: the
 * first member may have fallen silent. At the default of 10 s that leaves etcd's own limit of 7 s the first word.
 */
export function attemptTimeoutMs(
  remainingMs: number,
  idempotency: IdempotencyLevel,
  others: boolean,
): number {
  return others && idempotency !== 'write' ? remainingMs * 0.75 : remainingMs;
}

/** A caller whose deadline was shorter than this learnt nothing about the member. */
const minConclusiveWaitMs = 1_000;

/**
 * What the error says about the member that gave it after so many milliseconds; undefined when any other would have
 * given it, too.
 */
export function memberFailureOf(error: EtcdError, lastedMs: number): MemberFailure | undefined {
  switch (error.reason) {
    case 'NoLeader':
    case 'NotPrimaryLessor':
    case 'ProposalDropped':
      return 'leaderless';
    case 'NotSupportedForLearner':
      return 'learner';
    case 'RequestTooManyRequests':
      return 'overloaded';
    case 'NotEtcd':
      return 'not-etcd';
    case 'LeaderChanged':
    case 'Unhealthy':
      return undefined; // the whole cluster's
    case 'Timeout':
    case 'TimeoutDueToConnectionLost':
    case 'TimeoutDueToLeaderFail':
    case 'TimeoutWaitAppliedIndex':
      return 'silent';
    default:
      break;
  }
  if (error.code === Code.DEADLINE_EXCEEDED) return lastedMs < minConclusiveWaitMs ? undefined : 'silent';
  return error.code === Code.UNAVAILABLE ? 'unreachable' : undefined;
}

/** The error as its caller should meet it: what was asked is named, and a lost answer to a write is no plain error. */
export function toCallerError(
  error: EtcdError,
  request: RequestDescription,
  idempotency: IdempotencyLevel,
  endpoint: string,
): EtcdError {
  if (error.verdict === 'maybe-applied' && idempotency === 'write') {
    return new AmbiguousWriteError(request.method, endpoint, error, request.subject);
  }
  return requestError(error, request);
}
