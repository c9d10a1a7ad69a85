import assert from 'node:assert/strict';
import { Code, DeadlineError, errorFor, errorFromServer } from '#src/errors/index.js';
import { AttemptLog, describeTried } from '#src/wire/call/attempt-log.js';
import { attemptDeadlineError } from '#src/wire/call/deadline-error.js';

const leaderless = errorFor('NoLeader');
const leaderChanged = errorFor('LeaderChanged');

describe('the error of a call whose deadline passes', () => {
  it('says that no member was tried, and that nothing was applied, if that is so', () => {
    const error = new AttemptLog().toDeadlineError("Put 'a'");
    assert.equal(error.message, "DEADLINE_EXCEEDED: Put 'a' was not answered in time: no member was tried");
    assert.deepEqual([error.verdict, error.tried], ['not-applied', []]);
  });

  it('lists each member once, with its last answer and the number of attempts', () => {
    const log = new AttemptLog();
    log.add('m0', leaderChanged);
    log.add('m1', leaderless);
    log.add('m0', leaderless);
    const error = log.toDeadlineError('Put');
    assert.deepEqual(error.tried, [
      { member: 'm0', answer: leaderless.message, attempts: 2 },
      { member: 'm1', answer: leaderless.message, attempts: 1 },
    ]);
    assert.equal(
      error.message,
      `DEADLINE_EXCEEDED: Put was not answered in time: member m0 (2 times): ${leaderless.message}; member m1: ${leaderless.message}`,
    );
    assert.equal(error.cause, leaderless);
  });

  it("keeps a member's answer when a later attempt on it times out, and counts that attempt", () => {
    const log = new AttemptLog();
    log.add('m0', leaderless);
    log.add('m0', new DeadlineError('late'));
    assert.deepEqual(log.toDeadlineError('Put').tried, [
      { member: 'm0', answer: leaderless.message, attempts: 2 },
    ]);
  });

  it('has the timeout as the answer of a member that gave no other', () => {
    const log = new AttemptLog();
    log.add('m0', new DeadlineError('late'));
    assert.equal(log.toDeadlineError('Put').tried[0]?.answer, 'DEADLINE_EXCEEDED: late');
  });

  it('says once that there was no answer in time', () => {
    const log = new AttemptLog();
    const status = errorFromServer(Code.DEADLINE_EXCEEDED, 'no answer within 700 ms');
    log.add('m0', attemptDeadlineError('Range', false, 'no answer within 700 ms', status));
    const error = log.toDeadlineError("Range 'a'");
    assert.equal(
      error.message,
      "DEADLINE_EXCEEDED: Range 'a' was not answered in time: member m0: DEADLINE_EXCEEDED: no answer within 700 ms",
    );
    assert.equal(error.tried[0]?.answer, 'DEADLINE_EXCEEDED: no answer within 700 ms');
  });

  it('says so of an attempt that was not sent because no stream was free', () => {
    const log = new AttemptLog();
    const status = errorFromServer(Code.DEADLINE_EXCEEDED, 'late', { notSent: true });
    log.add('m0', attemptDeadlineError('Range', true, 'late', status));
    assert.match(
      log.toDeadlineError('Range').message,
      /Range was not sent in time because no stream was free/,
    );
  });

  it('is ambiguous if any attempt may have been applied, and then the log names the last such member', () => {
    const log = new AttemptLog();
    log.add('m0', leaderless);
    assert.deepEqual([log.maybeApplied, log.ambiguousMember], [false, undefined]);
    assert.equal(log.toDeadlineError('Put').verdict, 'not-applied');
    log.add('m1', leaderChanged);
    log.add('m0', leaderless);
    assert.deepEqual([log.maybeApplied, log.ambiguousMember], [true, 'm1']);
    assert.equal(log.toDeadlineError('Put').verdict, 'maybe-applied');
  });
});

describe('a list of tried members', () => {
  it('does not repeat the name of a member whose answer contains it', () => {
    const tried = [{ member: 'm0', answer: 'member m0: refused', attempts: 2 }];
    assert.equal(describeTried(tried), 'member m0: refused (2 times)');
  });
});
