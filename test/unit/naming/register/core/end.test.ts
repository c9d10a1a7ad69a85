import assert from 'node:assert/strict';
import { ClosedError, errorFor } from '#src/errors/index.js';
import { addr, foreign, key, record, registered, Scenario, ttlMs, valueWith } from './scenario.js';

describe('closing a registration', () => {
  it('revokes the lease, which deletes the record, and ends when that is done', () => {
    const one = registered();
    one.close();
    one.mark();
    assert.deepEqual([one.revoked, one.core.state, one.ended], [[1n], 'closed', undefined]);
    assert.deepEqual([one.core.lease, one.core.revision], [undefined, undefined]);
    one.deleteOrphans();
    assert.equal(one.ended, undefined);
    one.revoke(1n);
    assert.deepEqual(one.ended, { reason: 'closed' });
    assert.deepEqual(one.events, [{ type: 'ended', reason: 'closed' }]);
    assert.equal(one.wakeAt, Number.POSITIVE_INFINITY);
  });

  it('cancels its watch and its write only at the end: etcd 3.4 keeps a watcher that is cancelled during its creation', () => {
    const one = registered();
    one.update({ metadata: 1 });
    one.close();
    assert.equal(one.open, 'follow,write,delete-orphan,delete-orphan');
    one.revoke(1n);
    one.deleteOrphans();
    assert.equal(one.open, '');
  });

  it('rejects pending calls at once', () => {
    const one = registered();
    const [update, drain] = [one.update({ metadata: 1 }), one.drain()];
    one.close();
    for (const call of [update, drain]) assert.ok(one.settled.get(call) instanceof ClosedError);
  });

  it('ends after five seconds without an answer, and reports for how long the record may remain', () => {
    const one = registered();
    one.close();
    one.mark();
    one.advance(4_999);
    assert.equal(one.ended, undefined);
    one.advance(1);
    assert.deepEqual(one.ended, { reason: 'closed', expiresInMs: ttlMs });
    assert.equal(one.open, 'delete-orphan', 'which has the same timeout');
  });

  it('reports that as well if a lease could not be revoked, and ends at once', () => {
    const one = registered();
    one.close();
    one.mark();
    one.deleteOrphans();
    one.revoke(1n, false);
    assert.deepEqual(one.ended, { reason: 'closed', expiresInMs: ttlMs });
  });

  it('also revokes the leases that it no longer uses, and waits for all', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.store(20n);
    one.endLease(2n);
    one.advance(200);
    one.grant(3n);
    one.revoked.splice(0);
    one.close();
    assert.deepEqual(one.revoked, [2n, 3n]);
    one.revoke(3n);
    assert.equal(one.ended, undefined);
    one.advance(5_000);
    assert.deepEqual(one.ended, { reason: 'closed', expiresInMs: ttlMs });
  });

  it('ends at once without a lease', () => {
    const one = new Scenario();
    one.start();
    one.fail('grant', errorFor('NoLeader'));
    one.close();
    assert.deepEqual([one.ended, one.open, one.revoked], [{ reason: 'closed' }, '', []]);
  });

  it('revokes a lease whose grant is answered too late', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    const { request } = one.request('grant');
    one.close();
    assert.equal(one.open, 'delete-orphan');
    one.send({ type: 'granted', request, lease: 2n, ttlMs });
    assert.deepEqual(one.revoked, [1n, 2n]);
  });

  it('does nothing more when it is closed twice', () => {
    const one = registered();
    one.close();
    assert.deepEqual(one.send({ type: 'close', what: 'the registration' }), []);
    one.mark();
    assert.deepEqual(one.send({ type: 'close', what: 'the registration' }), []);
    assert.deepEqual(one.send({ type: 'close', what: 'the client' }), []);
    one.revoke(1n);
    assert.deepEqual(one.send({ type: 'close', what: 'the client' }), []);
  });

  it('ignores everything that arrives later', () => {
    const one = registered();
    one.update({ metadata: 1 });
    const [write, follow] = [one.request('write').request, one.request('follow').request];
    one.close();
    one.send({ type: 'written', request: write, result: { type: 'stored', revision: 11n } });
    one.send({ type: 'state', request: follow, kv: foreign(12n), revision: 12n });
    one.send({ type: 'failed', request: follow, error: errorFor('NoLeader') });
    one.endLease(1n);
    assert.deepEqual([one.core.state, one.takeEvents(), one.ended], ['closed', '', undefined]);
    one.revoke(1n);
    one.deleteOrphans();
    assert.ok(one.ended);
    for (const input of [
      { type: 'revoked', lease: 1n, isRevoked: false },
      { type: 'orphan-deleted', request: write },
      { type: 'failed', request: write, error: errorFor('NoLeader') },
      { type: 'timer' },
    ] as const)
      assert.deepEqual(one.send(input), []);
  });

  it('does not make a start fail that has succeeded', () => {
    const one = registered();
    const { started } = one;
    one.close();
    assert.equal(one.started, started);
  });
});

describe('a record without a lease at the end', () => {
  const deletes = (value: string) => ({
    compare: [
      { target: 'lease', key, result: '=', value: 0n },
      { target: 'value', key, result: '=', value: Buffer.from(value) },
    ],
    success: [{ type: 'delete', range: key }],
  });

  it('is deleted if it has the registration’s value, within five seconds', () => {
    const one = registered();
    one.close();
    one.mark();
    const { txn, timeoutMs } = one.request('delete-orphan');
    assert.deepEqual([txn, timeoutMs], [deletes(valueWith()), 5_000]);
    one.revoke(1n);
    assert.equal(one.ended, undefined);
    one.deleteOrphans();
    assert.deepEqual(one.ended, { reason: 'closed' });
  });

  it('does not prevent the end if it cannot be deleted', () => {
    const one = registered();
    one.close();
    one.mark();
    one.revoke(1n);
    one.fail('delete-orphan', errorFor('NoLeader'));
    assert.deepEqual(one.ended, { reason: 'closed' });
    const silent = registered();
    silent.close();
    silent.mark();
    silent.revoke(1n);
    silent.advance(5_000);
    assert.deepEqual(silent.ended, { reason: 'closed' }, 'its lease is revoked');
  });

  it('is deleted if it has the last stored or the desired value', () => {
    const one = registered();
    one.update({ metadata: 1 });
    one.close();
    const txns = one.requests('delete-orphan').map(({ txn }) => txn);
    assert.deepEqual(txns, [deletes(valueWith(1)), deletes(valueWith())]);
  });

  it('is deleted if it has the last stored value, also after several updates', () => {
    const one = registered();
    one.update({ metadata: 1 });
    one.store(11n);
    one.update({ metadata: 2 });
    one.close();
    const txns = one.requests('delete-orphan').map(({ txn }) => txn);
    assert.deepEqual(txns, [deletes(valueWith(2)), deletes(valueWith(1))]);
  });

  it('is deleted if it has another writer’s value that a drain was to replace', () => {
    const one = registered();
    one.show(record(11n, 1n, valueWith(5)));
    one.drain();
    one.close();
    const txns = one.requests('delete-orphan').map(({ txn }) => txn);
    assert.deepEqual(txns, [deletes(valueWith({ status: 'draining' })), deletes(valueWith(5))]);
  });

  it('is deleted if it has the value that another writer stored', () => {
    const one = registered();
    one.show(record(11n, 1n, '{"Addr":"a:1","Metadata":5}'));
    one.close();
    const [first] = one.requests('delete-orphan');
    assert.deepEqual(first?.txn, deletes('{"Addr":"a:1","Metadata":5}'));
  });

  it('cannot exist before the first record is stored', () => {
    const one = new Scenario({ endpoint: { addr } });
    one.start();
    one.grant(1n);
    one.close();
    assert.deepEqual([one.open, one.revoked], ['write', [1n]]);
    one.revoke(1n);
    assert.deepEqual([one.open, one.ended], ['', { reason: 'closed' }]);
  });
});

describe('the mark of a registration that its owner closes', () => {
  const mark = (value: string, revision: bigint, lease = 1n) => ({
    compare: [
      { target: 'mod', key, result: '=', value: revision },
      { target: 'lease', key, result: '=', value: lease },
    ],
    success: [{ type: 'put', key, value: Buffer.from(value), options: { lease } }],
  });
  const draining = valueWith({ status: 'draining' });

  it('writes the draining status to the record that it stored', () => {
    const one = registered();
    one.close();
    assert.deepEqual(one.marks, [mark(draining, 10n)]);
  });

  it('is followed by the revoke as soon as it is answered', () => {
    const one = registered();
    one.close();
    one.advance(999);
    assert.deepEqual([one.revoked, one.open], [[], 'follow,mark,delete-orphan']);
    one.mark();
    assert.deepEqual([one.revoked, one.open], [[1n], 'follow,delete-orphan']);
  });

  it('is followed by the revoke as soon as it fails', () => {
    const one = registered();
    one.close();
    one.fail('mark', errorFor('NoLeader'));
    assert.deepEqual(one.revoked, [1n]);
    one.advance(1_000);
    assert.deepEqual(one.revoked, [1n], 'once');
  });

  it('is cancelled, and followed by the revoke, if it is not answered within 1 s', () => {
    const one = registered();
    one.close();
    one.advance(999);
    assert.deepEqual(one.revoked, []);
    one.advance(1);
    assert.deepEqual([one.revoked, one.open], [[1n], 'follow,delete-orphan']);
  });

  for (const [how, answer] of Object.entries({
    stored: (request: number) => ({ type: 'marked', request }) as const,
    failed: (request: number) => ({ type: 'failed', request, error: errorFor('NoLeader') }) as const,
  }))
    it(`is ignored if it is ${how} after that`, () => {
      const one = registered();
      one.close();
      const { request } = one.request('mark');
      one.advance(1_000);
      assert.deepEqual(one.send(answer(request)), []);
      one.revoke(1n);
      one.deleteOrphans();
      assert.deepEqual(one.ended, { reason: 'closed' });
      assert.deepEqual(one.send(answer(request)), []);
    });

  it('delays the revoke of its own lease only', () => {
    const one = registered();
    one.close();
    one.send({ type: 'granted', request: 99, lease: 2n, ttlMs });
    assert.deepEqual(one.revoked, [2n]);
    one.mark();
    assert.deepEqual(one.revoked, [2n, 1n]);
  });

  it('leaves the lease to be revoked after five seconds if no timer fires before', () => {
    const one = registered();
    one.close();
    one.now += 5_000;
    one.send({ type: 'timer' });
    assert.deepEqual([one.revoked, one.ended], [[1n], { reason: 'closed', expiresInMs: ttlMs }]);
    assert.equal(one.open, 'delete-orphan');
  });

  it('is cancelled, and followed by the revoke, when the client is closed: later, none could be sent', () => {
    const one = registered();
    one.close();
    one.close('the client');
    assert.deepEqual([one.revoked, one.open, one.ended], [[1n], 'follow,delete-orphan', undefined]);
    one.close('the client');
    assert.deepEqual(one.revoked, [1n]);
  });

  it('keeps the metadata, and follows updates of the owner and of other writers', () => {
    const one = registered({ endpoint: { addr, metadata: { weight: 2 } } });
    one.update({ metadata: { weight: 3 } });
    one.store(11n);
    one.show(record(12n, 1n, valueWith({ weight: 4, status: 'slow' })));
    one.close();
    assert.deepEqual(one.marks, [mark(valueWith({ status: 'draining', weight: 4 }), 12n)]);
  });

  it('is part of the five seconds after which the registration ends', () => {
    const one = registered();
    one.close();
    one.advance(4_999);
    assert.equal(one.ended, undefined);
    one.advance(1);
    assert.deepEqual(one.ended, { reason: 'closed', expiresInMs: ttlMs });
  });

  const unmarked: Record<string, () => Scenario> = {
    'a record that is draining': () => {
      const one = registered();
      one.drain();
      one.store(11n);
      return one;
    },
    'a record that an operator drains': () => {
      const one = registered();
      one.show(record(11n, 1n, draining));
      return one;
    },
    'a record whose metadata is not an object': () => registered({ endpoint: { addr, metadata: [1] } }),
    'a record that is being changed': () => {
      const one = registered();
      one.update({ metadata: { weight: 2 } });
      return one;
    },
    'a record that another writer changed and that is to be restored': () => {
      const one = registered();
      one.show(record(11n, 1n, 'garbage'));
      return one;
    },
    'a record while writes fail': () => {
      const one = registered();
      one.update({ metadata: { weight: 2 } });
      one.fail('write', errorFor('NoLeader'));
      return one;
    },
    'a record that may be lost': () => {
      const one = registered();
      one.show(undefined, 11n);
      return one;
    },
    'a record that is not stored yet': () => {
      const one = new Scenario();
      one.start();
      one.grant(1n);
      return one;
    },
  };
  for (const [what, scenario] of Object.entries(unmarked)) {
    it(`is not written to ${what}`, () => {
      const one = scenario();
      one.close();
      assert.deepEqual([one.marks, one.revoked.length], [[], 1]);
    });
  }

  it('is not written while the watch of the record fails: etcd may be unreachable', () => {
    const one = registered();
    const { request } = one.request('follow');
    one.send({ type: 'follow-failure', request, error: errorFor('NoLeader') });
    one.close();
    assert.deepEqual([one.marks, one.revoked], [[], [1n]]);
  });

  it('is not written when the client is closed, nor when an operator or another writer ended the registration', () => {
    const closed = registered();
    closed.close('the client');
    const deleted = registered({ onDeleted: 'stop' });
    deleted.show(undefined, 11n);
    deleted.reportLease(true);
    const replaced = registered({ onConflict: 'fail' });
    replaced.show(foreign(11n));
    assert.deepEqual([closed.marks, deleted.marks, replaced.marks], [[], [], []]);
    assert.ok([closed, deleted, replaced].every(({ core }) => core.state === 'closed'));
  });
});
