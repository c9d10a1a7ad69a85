import { ambiguous, failed, HistoryBuilder, putStep } from './history-builder.js';
import { assertNoViolation, assertViolation } from './support.js';

const txn = { type: 'txn', compare: [], success: [], failure: [] } as const;
const put = { type: 'put' } as const;

describe('K1: an acknowledged write is in the store', () => {
  it('is violated by a put that is not in the store', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.acknowledgedPut('k', 'lost', 3n);
    assertViolation(builder.end(), 'K1');
  });

  it('is violated by a put at another revision than that of its answer', () => {
    const builder = new HistoryBuilder();
    builder.apply({ put: 'k', value: 'a' });
    builder.apply({ put: 'k', value: 'b' });
    builder.acknowledgedPut('k', 'a', 3n, { from: 1, to: 9 });
    builder.acknowledgedPut('k', 'b', 3n, { from: 1, to: 9 });
    assertViolation(builder.end(), 'K1');
  });

  it('is violated by a delete that is not in the store', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ type: 'delete', key: 'k' }, { type: 'delete', revision: 3n, deleted: 1n });
    assertViolation(builder.end(), 'K1');
  });

  it('is violated by a transaction that is not in the store', () => {
    const builder = new HistoryBuilder();
    builder.op(
      { ...txn, success: [putStep('k', 'a')] },
      { type: 'txn', revision: 2n, succeeded: true, steps: [put] },
    );
    assertViolation(builder.end(), 'K1');
  });
});

describe('K2: every write in the store is that of a client, and is applied once', () => {
  it('is violated by a put that is applied twice', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a');
    builder.apply({ put: 'k', value: 'a' });
    builder.apply({ put: 'k', value: 'a' });
    assertViolation(builder.end(), 'K2');
  });

  it('is violated by a value that no client put', () => {
    const builder = new HistoryBuilder();
    builder.apply({ put: 'k', value: 'from nowhere' });
    assertViolation(builder.end(), 'K2');
  });

  it('is violated by a value under another key', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a');
    builder.apply({ put: 'other', value: 'a' });
    assertViolation(builder.end(), 'K2');
  });

  it('is violated by a delete that is applied twice', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ type: 'delete', key: 'k' }, ambiguous);
    builder.apply({ delete: 'k' });
    builder.put('k', 'b');
    builder.apply({ delete: 'k' });
    assertViolation(builder.end(), 'K2');
  });

  it('is violated by a delete that is applied before the only call that can have caused it', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.apply({ delete: 'k' });
    builder.op({ type: 'delete', key: 'k' }, ambiguous);
    assertViolation(builder.end(), 'K2');
  });
});

describe('K3: a write that fails as not applied is not in the store', () => {
  it('is violated by a put', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', failed);
    builder.apply({ put: 'k', value: 'a' });
    assertViolation(builder.end(), 'K3');
  });

  it('is violated by a put that is applied later', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', failed);
    builder.put('k', 'b');
    builder.apply({ put: 'k', value: 'a' });
    assertViolation(builder.end(), 'K3');
  });

  it('is violated by a delete', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.op({ type: 'delete', key: 'k' }, failed);
    builder.apply({ delete: 'k' });
    assertViolation(builder.end(), 'K3');
  });

  it('is violated by a transaction', () => {
    const builder = new HistoryBuilder();
    builder.op({ ...txn, success: [putStep('k', 'a')] }, failed);
    builder.apply({ put: 'k', value: 'a' });
    assertViolation(builder.end(), 'K3');
  });
});

describe('K8: a write whose answer was lost is reported as ambiguous and not sent again', () => {
  const unavailable = [14, 'etcdserver: leader changed'] as const;

  it('is violated by a write that is sent again', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a', { statuses: [unavailable, [0, '']] });
    assertViolation(builder.end(), 'K8');
  });

  it('is violated by a write that is sent again after a deadline, and refused then', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', ambiguous, { statuses: [[4, 'Deadline exceeded'], unavailable] });
    assertViolation(builder.end(), 'K8');
  });

  it('is violated by a lost answer that is reported as a failure', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', failed, { statuses: [[14, 'Connection dropped']] });
    assertViolation(builder.end(), 'K8');
  });

  it('is violated by a refusal that is reported as a lost answer', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', ambiguous, { statuses: [[14, 'etcdserver: too many requests']] });
    assertViolation(builder.end(), 'K8');
  });

  it('is violated by a write that was never sent and is reported as a lost answer', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.lostPut('k', 'b', ambiguous, { statuses: [] });
    assertViolation(builder.end(), 'K8');
  });

  it('is violated by an idempotent write whose first answer was lost and whose last refusal is reported', () => {
    const builder = new HistoryBuilder();
    const op = { type: 'put', key: 'k', value: 'a', lease: 0n, idempotent: true } as const;
    builder.op(op, failed, { statuses: [unavailable, [14, 'etcdserver: no leader']] });
    assertViolation(builder.end(), 'K8');
  });

  it('holds for a write that etcd refuses, and a grpc-proxy reports under a code of its own', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'a', failed, { statuses: [[2, 'etcdserver: requested lease not found']] });
    assertNoViolation(builder.end());
  });

  it('allows an idempotent write to be sent again, and to be applied twice', () => {
    const builder = new HistoryBuilder();
    const op = { type: 'put', key: 'k', value: 'a', lease: 0n, idempotent: true } as const;
    builder.apply({ put: 'k', value: 'a' });
    const revision = builder.apply({ put: 'k', value: 'a' });
    builder.op(op, { type: 'put', revision }, { statuses: [unavailable, [0, '']] });
    assertNoViolation(builder.end());
  });

  describe('for a write that fails because it was never sent', () => {
    const text = 'DEADLINE_EXCEEDED: Put was not sent in time, because no stream was free';
    const heldBack = { type: 'fail', error: { name: 'DeadlineError', code: 4, text } } as const;

    const builder = () => {
      const begun = new HistoryBuilder();
      begun.lostPut('k', 'a', heldBack, { statuses: [[4, 'no answer within 500 ms']] });
      return begun;
    };

    it('holds if the write was not applied', () => {
      assertNoViolation(builder().end());
      const applied = builder();
      applied.apply({ put: 'k', value: 'a' });
      assertViolation(applied.end(), 'K3');
    });

    it('is violated if the answer of an earlier attempt was lost', () => {
      const builder = new HistoryBuilder();
      builder.lostPut('k', 'a', heldBack, { statuses: [unavailable, [4, 'no answer within 500 ms']] });
      assertViolation(builder.end(), 'K8');
    });
  });

  it('holds if a refused write is sent again, and if a caller aborts a write that was not sent yet', () => {
    const builder = new HistoryBuilder();
    const statuses = [
      [14, 'No connection established. Last error: null'],
      [14, 'etcdserver: no leader'],
      [2, 'raft proposal dropped'],
      [0, ''],
    ];
    builder.put('k', 'a', { statuses: statuses as [number, string][] });
    const aborted = { type: 'info', error: { name: 'AbortError', code: -1, text: 'enough' } } as const;
    builder.lostPut('k', 'b', aborted, { statuses: [] });
    assertNoViolation(builder.end());
  });
});
