import assert from 'node:assert/strict';
import { Code, CompactedError, EtcdError, type Verdict } from '#src/errors/index.js';
import { ClientHistory } from '../../robustness/history/index.js';
import type { ModelRequest, ModelResponse } from '../../robustness/history/model.js';
import { putRequest, rangeRequest } from '../../robustness/history/operations.js';

const write = putRequest('a', '1', 0n);
const read = rangeRequest({ key: 'a' }, 0n);
const compaction: ModelRequest = { Type: 'compact', Compact: { Revision: 5n } };
const answer: ModelResponse = { Txn: { Failure: false, Results: [{}] }, Revision: 2n };

function historyWith(now: () => bigint): ClientHistory {
  let ids = 0;
  return new ClientHistory({ now, nextClientId: () => ++ids });
}

function succeed(history: ClientHistory, request: ModelRequest): Promise<string> {
  return history.run(
    request,
    async () => 'done',
    () => ({ response: answer }),
  );
}

async function fail(history: ClientHistory, request: ModelRequest, error: Error): Promise<void> {
  const call = history.run(
    request,
    () => Promise.reject(error),
    () => ({ response: answer }),
  );
  await assert.rejects(call, error);
}

function etcdError(verdict: Verdict): EtcdError {
  return new EtcdError('no leader', { code: Code.UNAVAILABLE, verdict });
}

describe('the history of a sequential client', () => {
  let history: ClientHistory;

  beforeEach(() => {
    history = historyWith(() => 7n);
  });

  it('has an operation with its times, which increase also when the clock does not', async () => {
    assert.equal(await succeed(history, write), 'done');
    await succeed(history, write);
    const [first, second] = history.operations;
    assert.deepEqual(first, { ClientId: 1, Input: write, Call: 7n, Output: answer, Return: 8n });
    assert.deepEqual([second?.Call, second?.Return], [9n, 10n]);
  });

  it('refuses a second operation before the end of the first', async () => {
    let end = () => {};
    const perform = () => new Promise<void>((resolve) => (end = resolve));
    const first = history.run(write, perform, () => ({ response: answer }));
    await assert.rejects(succeed(history, write), /sequential/);
    end();
    await first;
    assert.equal(history.operations.length, 1);
  });

  it('continues with another client id after a write of unknown outcome', async () => {
    await fail(history, write, etcdError('maybe-applied'));
    await fail(history, write, new Error('aborted'));
    await succeed(history, write);
    assert.deepEqual(
      history.operations.map(({ ClientId, Output }) => [ClientId, 'Error' in Output]),
      [
        [1, true],
        [2, true],
        [3, false],
      ],
    );
    assert.equal(history.counts.unknown, 2);
  });

  it('leaves out a write that was not applied', async () => {
    await fail(history, write, etcdError('not-applied'));
    await fail(history, write, etcdError('final'));
    assert.deepEqual(history.operations, []);
    assert.equal(history.counts.notApplied, 2);
  });

  it('keeps the client id after a failed read', async () => {
    await fail(history, read, etcdError('maybe-applied'));
    await succeed(history, read);
    assert.deepEqual(
      history.operations.map(({ ClientId }) => ClientId),
      [1, 1],
    );
    assert.deepEqual(history.counts, { operations: 2, unknown: 0, notApplied: 0, failedReads: 1 });
  });

  it('has the answer of a compaction that changes nothing, unless an earlier attempt may have changed something', async () => {
    const text = 'mvcc: required revision has been compacted';
    await fail(history, compaction, new CompactedError(text, 6n));
    await fail(
      history,
      compaction,
      new EtcdError(text, { code: Code.OUT_OF_RANGE, verdict: 'maybe-applied' }),
    );
    const [refused, unknown] = history.operations.map(({ Output }) => Output);
    assert.deepEqual(refused, { ClientError: text });
    assert.ok(unknown && 'Error' in unknown);
  });
});
