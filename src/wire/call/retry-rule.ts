import {
  AmbiguousWriteError,
  Code,
  type EtcdError,
  isPersistent,
  markNotApplied,
  type RequestDescription,
  requestError,
} from '../../errors/index.js';
import type { IdempotencyLevel } from '../method.js';
import { paths } from '../paths.js';

/** The pauses between attempts on members that answer with errors. An election takes a second or two. */
export const retryPause = { baseMs: 50, maxMs: 1_000 };

/** With less time than this, another attempt would only time out and replace a more useful error. */
export const minAttemptMs = 50;

/**
 * How many new tokens etcd may refuse before the call fails as unauthenticated. Tokens that a change of a user or role
 * invalidated while they were fetched do not count, because such changes may continue.
 */
export const maxTokenRefusals = 2;

/**
 * Why a member is unhealthy, for failures that another member may not have.
 * - `unreachable`: no connection. `silent`: no answer in time.
 * - `leaderless`: no leader, or a changing one. `learner`: not a voting member.
 * - `overloaded`: too many requests. `not-etcd`: a server other than etcd answers.
 */
export type MemberFailure = 'unreachable' | 'silent' | 'leaderless' | 'learner' | 'overloaded' | 'not-etcd';

/** Whether a failed attempt may be repeated: a read after a lost answer, a write only if it was certainly not applied. */
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
 * The time limit of one attempt. If another member exists, a quarter of the time of a repeatable request is kept for it,
 * because the first member may be silent. At the default of 10 s, etcd's own limit of 7 s still passes first.
 */
export function attemptTimeoutMs(
  remainingMs: number,
  idempotency: IdempotencyLevel,
  hasOthers: boolean,
): number {
  return hasOthers && idempotency !== 'write' ? remainingMs * 0.75 : remainingMs;
}

/** A timeout after less time than this does not show that the member is silent. */
const minConclusiveWaitMs = 1_000;

/**
 * Returns the member's failure behind an error, undefined if another member would probably fail in the same way.
 * @param lastedMs The time without an answer before the error, in milliseconds.
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
      return undefined; // failures of the whole cluster
    case 'Timeout':
    case 'TimeoutDueToConnectionLost':
    case 'TimeoutDueToLeaderFail':
    case 'TimeoutWaitAppliedIndex':
      return 'silent';
  }
  if (error.code === Code.DEADLINE_EXCEEDED) return lastedMs < minConclusiveWaitMs ? undefined : 'silent';
  return error.code === Code.UNAVAILABLE ? 'unreachable' : undefined;
}

const memberChanges: ReadonlySet<string> = new Set([
  paths.memberAdd,
  paths.memberRemove,
  paths.memberUpdate,
  paths.memberPromote,
]);

/**
 * Corrects the verdict of an error for methods of the Cluster service: etcd checks the health of its members before it
 * changes their list. For five seconds after a member has connected it refuses changes, so another attempt may succeed.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/etcdserver/server.go, `mayAddMember`
 */
export function withMethodVerdict(error: EtcdError, method: { readonly path: string }): EtcdError {
  return error.reason === 'Unhealthy' && memberChanges.has(method.path) ? markNotApplied(error) : error;
}

/** Converts an attempt's error for the caller: it names the request, and a lost answer to a write is an AmbiguousWriteError. */
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
