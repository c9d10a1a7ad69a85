import { deepEqual, equal } from 'node:assert/strict';
import { Code, type ErrorReason, EtcdError, errorFromServer } from '#src/errors/index.js';
import { BatchCore, type PlannedBatch, type RefusedBatch } from '#src/kv/batch/core/index.js';
import { PlannedRead } from './planned-read.js';

const limits = { operations: 4, keyBytes: 100, answerBytes: 100_000 };
const facts = { version: '3.7.1', memberId: 7n, isLearner: false, isMember: true };
const tenMinutesMs = 10 * 60_000;

const withReason = (reason: ErrorReason) =>
  new EtcdError(reason, { code: Code.INVALID_ARGUMENT, reason, verdict: 'not-applied' });
const lost = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');

describe('the memory of batches', () => {
  let core: BatchCore<PlannedRead>;
  let refused: RefusedBatch;

  beforeEach(() => {
    core = new BatchCore(limits);
    core.startAsking(1, 0);
    core.onFacts(1, facts, 0);
    refused = { connection: 1, pending: 2, hasRefusedKey: false };
  });

  const reads = (names: string, now = 0) => [...names].map((name) => new PlannedRead(name, now + 10_000));

  /** The names of each batch, then those of the separate reads. */
  function planned(names: string, now = 0, connection: number | undefined = 1): string[] {
    const { batches, separate } = core.plan(reads(names, now), connection, now);
    const nameOf = (some: readonly PlannedRead[]) => some.map(({ name }) => name).join('');
    return [...batches.map((batch) => nameOf(batch.reads)), `separate: ${nameOf(separate)}`];
  }

  function batchOf(names: string): PlannedBatch<PlannedRead> {
    const [batch] = core.plan(reads(names), 1, 0).batches;
    if (!batch) throw new Error('no batch');
    return batch;
  }

  it('without a connection, or with one to an unknown server, sends each unsettled read on its own', () => {
    const [settled, open] = reads('ab');
    settled!.isSettled = true;
    for (const connection of [undefined, 2]) {
      const { batches, separate } = core.plan([settled!, open!], connection, 0);
      deepEqual([batches, separate], [[], [open]]);
    }
    deepEqual(planned('abcdef'), ['abcd', 'ef', 'separate: ']);
  });

  it('is of keys that were refused on their own, until one can be read', () => {
    core.onSeparate('b', withReason('PermissionDenied'), undefined, 0);
    deepEqual(planned('abc'), ['ac', 'separate: b']);
    core.onSeparate('b', lost, undefined, 1);
    deepEqual(planned('abc'), ['ac', 'separate: b']);
    core.onSeparate('b', undefined, undefined, 1);
    deepEqual(planned('abc'), ['abc', 'separate: ']);
  });

  it('is of values too large for a batch, from a batch or from a refused answer', () => {
    core.onValue('a', limits.answerBytes);
    core.onSeparate('b', withReason('ResponseTooLarge'), undefined, 0);
    const { batches, separate } = core.plan(reads('abcd'), 1, 0);
    deepEqual([batches.length, separate.map(({ name }) => name)], [1, ['a', 'b']]);
    core.onValue('a', 0);
    equal(core.plan(reads('acd'), 1, 0).separate.length, 0);
  });

  it('is of a server that refuses batches, for ten minutes', () => {
    equal(core.onFailure(1, batchOf('ab'), withReason('NotEtcd'), 0), 'batch');
    deepEqual(planned('ab', 1), ['separate: ab']);
    equal(core.startAsking(1, tenMinutesMs - 1), false);
    equal(core.startAsking(1, tenMinutesMs), true);
    core.onFacts(1, facts, tenMinutesMs);
    deepEqual(planned('ab', tenMinutesMs), ['ab', 'separate: ']);
  });

  it('is of the largest batch that a server answered, after one with too many operations', () => {
    core.onAnswer(1, batchOf('ab'), facts.memberId);
    equal(core.onFailure(1, batchOf('abcd'), withReason('TooManyOps'), 0), 'operations');
    deepEqual(planned('abcd'), ['ab', 'cd', 'separate: ']);
  });

  it('is of an answer from another member, which shows that a proxy distributes the requests', () => {
    core.onAnswer(1, batchOf('ab'), 8n);
    deepEqual(planned('ab'), ['separate: ab']);
  });

  it('does not change with a failure of any request', () => {
    equal(core.onFailure(1, batchOf('ab'), lost, 0), 'attempt');
    equal(core.onFailure(1, batchOf('ab'), withReason('PermissionDenied'), 0), 'key');
    equal(core.onFailure(1, batchOf('ab'), withReason('ResponseTooLarge'), 0), 'size');
    deepEqual(planned('abcd'), ['abcd', 'separate: ']);
  });

  it('is of a server that refuses batches, if it refuses no read of a refused batch on its own', () => {
    core.onSeparate('a', undefined, refused, 0);
    deepEqual(planned('ab'), ['ab', 'separate: ']);
    core.onSeparate('b', lost, refused, 0);
    deepEqual(planned('ab'), ['separate: ab']);
  });

  it('is not of the server, if it refuses one of the reads', () => {
    core.onSeparate('a', withReason('PermissionDenied'), refused, 0);
    core.onSeparate('b', undefined, refused, 0);
    deepEqual(planned('abc'), ['bc', 'separate: a']);
  });
});
