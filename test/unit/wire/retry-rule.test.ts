import assert from 'node:assert/strict';
import {
  AmbiguousWriteError,
  Code,
  DeadlineError,
  EtcdError,
  type EtcdReason,
  errorFor,
  errorFromServer,
  noEtcdError,
} from '#src/errors/index.js';
import {
  attemptTimeoutMs,
  isRetryable,
  type MemberFailure,
  memberFailureOf,
  toCallerError,
} from '#src/wire/call/retry-rule.js';
import type { IdempotencyLevel } from '#src/wire/method.js';

const levels: readonly IdempotencyLevel[] = ['read', 'local-read', 'idempotent', 'write'];
const retried = (error: EtcdError) => levels.filter((level) => isRetryable(error, level));
const lostAnswer = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');

describe('a request that failed', () => {
  it('is sent again if etcd did not apply it, even a write', () => {
    assert.deepEqual(retried(errorFor('NoLeader')), levels);
  });

  it('is sent again after a lost answer unless it is a write', () => {
    assert.deepEqual(retried(lostAnswer), ['read', 'local-read', 'idempotent']);
  });

  it('is not sent again if the answer would be the same, although the request may have been applied', () => {
    assert.deepEqual(retried(errorFor('NoSpace')), []);
  });

  it('is not sent again after a refusal', () => {
    const error = errorFor('EmptyKey');
    for (const level of levels) assert.equal(isRetryable(error, level), false);
  });

  it('is not sent again with the token that was refused', () => {
    assert.deepEqual(retried(errorFor('InvalidAuthToken')), []);
  });

  it('leaves a quarter of its time for another member, unless it is a write or there is none', () => {
    const timeouts = (others: boolean) => levels.map((level) => attemptTimeoutMs(10_000, level, others));
    assert.deepEqual(timeouts(true), [7_500, 7_500, 7_500, 10_000]);
    assert.deepEqual(timeouts(false), [10_000, 10_000, 10_000, 10_000]);
  });
});

describe('the error of a request', () => {
  const request = { method: 'Put', subject: "'a'" };
  const toCaller = (error: EtcdError, level: IdempotencyLevel) =>
    toCallerError(error, request, level, 'etcd1:2379');

  it('is an AmbiguousWriteError with method, key and member when the answer to a write was lost', () => {
    const error = toCaller(lostAnswer, 'write');
    assert.ok(error instanceof AmbiguousWriteError);
    assert.deepEqual([error.operation, error.member, error.cause], ['Put', 'etcd1:2379', lostAnswer]);
    assert.match(error.message, /Put 'a' on etcd1:2379 may have been applied/);
  });

  it('names the request, and is not an AmbiguousWriteError, when a write was refused', () => {
    const error = toCaller(errorFor('NoLeader'), 'write');
    assert.ok(!(error instanceof AmbiguousWriteError));
    assert.equal(error.message, "UNAVAILABLE: etcdserver: no leader (Put 'a')");
  });

  for (const level of ['read', 'local-read', 'idempotent'] as const)
    it(`is no AmbiguousWriteError when the answer to one that is '${level}' was lost`, () => {
      const error = toCaller(lostAnswer, level);
      assert.ok(!(error instanceof AmbiguousWriteError));
      assert.equal(error.message, "UNAVAILABLE: Connection dropped (Put 'a')");
    });
});

describe('the failure that an answer shows of a member', () => {
  const failures: Readonly<Record<MemberFailure, readonly EtcdReason[]>> = {
    unreachable: [],
    silent: ['Timeout', 'TimeoutDueToConnectionLost', 'TimeoutDueToLeaderFail', 'TimeoutWaitAppliedIndex'],
    leaderless: ['NoLeader', 'NotPrimaryLessor', 'ProposalDropped'],
    learner: ['NotSupportedForLearner'],
    overloaded: ['RequestTooManyRequests'],
    'not-etcd': [],
  };
  for (const [failure, reasons] of Object.entries(failures)) {
    for (const reason of reasons)
      it(`is '${failure}' for ${reason}`, () => {
        assert.equal(memberFailureOf(errorFor(reason), 0), failure);
      });
  }

  it("is 'not-etcd' for another server", () => {
    assert.equal(memberFailureOf(noEtcdError('HTTP status 404'), 0), 'not-etcd');
  });

  it("is 'unreachable' for a lost connection", () => {
    assert.equal(memberFailureOf(lostAnswer, 0), 'unreachable');
  });

  for (const reason of ['LeaderChanged', 'Unhealthy'] as const)
    it(`is none for ${reason}, which every member would answer`, () => {
      assert.equal(memberFailureOf(errorFor(reason), 0), undefined);
    });

  for (const reason of ['EmptyKey', 'NoSpace', 'PermissionDenied', 'LeaseNotFound'] as const)
    it(`is none for ${reason}, which is about the request`, () => {
      assert.equal(memberFailureOf(errorFor(reason), 0), undefined);
    });

  it("is 'silent' for a deadline that left it a second to answer, and none for a shorter one", () => {
    const late = new DeadlineError('late');
    assert.equal(memberFailureOf(late, 1_000), 'silent');
    assert.equal(memberFailureOf(late, 999), undefined);
  });

  it('is none for a long call that failed for another reason', () => {
    const internal = new EtcdError('broken', { code: Code.INTERNAL });
    assert.equal(memberFailureOf(internal, 60_000), undefined);
  });
});
