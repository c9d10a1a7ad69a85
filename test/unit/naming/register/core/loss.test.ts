import assert from 'node:assert/strict';
import { ClosedError, errorFor } from '#src/errors/index.js';
import { ConflictError } from '#src/naming/index.js';
import { maxRetired } from '#src/naming/register/core/retired-leases.js';
import { addr, foreign, record, registered, type Scenario, valueWith } from './scenario.js';

/** The next record is stored under that lease. */
function registerAgain(one: Scenario, lease: bigint, revision: bigint): void {
  one.grant(lease);
  one.store(revision);
}

describe('a registration whose lease ends', () => {
  it('is registered again under a new lease after a pause', () => {
    const one = registered();
    const error = errorFor('LeaseNotFound');
    one.endLease(1n, error);
    assert.deepEqual(one.events.splice(0), [{ type: 'lost', cause: 'lease', error }]);
    assert.deepEqual(
      [one.open, one.core.state, one.core.lease, one.core.revision, one.core.lastError],
      ['', 'registering', undefined, undefined, error],
    );
    one.advance(99);
    assert.equal(one.open, '');
    one.advance(1);
    registerAgain(one, 2n, 20n);
    assert.deepEqual(one.events, [{ type: 'registered', again: true, lease: 2n, revision: 20n }]);
    assert.deepEqual(
      [one.core.state, one.core.registrationCount, one.core.lastError],
      ['registered', 2, undefined],
    );
  });

  it('overwrites a record that is still there under the earlier lease, and revokes that lease afterwards', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.find(record(10n, 1n), 12n);
    assert.deepEqual([one.expected, one.revoked], [10n, []], 'a revocation would delete the record');
    one.store(13n);
    assert.deepEqual(one.revoked, [1n]);
  });

  it('does not retry a lease that ends immediately without pauses', () => {
    const one = registered();
    for (const [lease, pauseMs] of [
      [1n, 100],
      [2n, 200],
      [3n, 400],
    ] as const) {
      one.endLease(lease);
      one.advance(pauseMs - 1);
      assert.equal(one.open, '');
      one.advance(1);
      registerAgain(one, lease + 1n, lease * 10n + 10n);
    }
  });

  it('revokes the oldest of the leases without a record if there are too many', () => {
    const one = registered();
    for (let lease = 1n; lease <= BigInt(maxRetired); lease++) {
      one.endLease(lease);
      one.advance(5_000);
      one.grant(lease + 1n);
    }
    assert.deepEqual(one.revoked, []);
    one.endLease(BigInt(maxRetired + 1));
    assert.deepEqual(one.revoked, [1n]);
    one.advance(5_000);
    registerAgain(one, 100n, 20n);
    assert.equal(one.revoked.length, maxRetired + 1, 'and all of them once the record is stored');
    one.endLease(100n);
    one.advance(5_000);
    registerAgain(one, 101n, 21n);
    assert.deepEqual(one.revoked.slice(maxRetired + 1), [100n], 'each once');
  });

  it('retries with the shortest pause again after five seconds', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    registerAgain(one, 2n, 20n);
    one.advance(5_001);
    one.endLease(2n);
    one.advance(100);
    assert.equal(one.open, 'grant');
  });

  it('ignores the end of another lease', () => {
    const one = registered();
    one.endLease(2n);
    assert.deepEqual([one.core.state, one.takeEvents()], ['registered', '']);
  });

  it('waits if another registration stored its record first, even one of the same address', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.find(record(15n, 42n), 16n);
    assert.equal(one.core.state, 'waiting');
  });

  for (const onConflict of ['fail', 'takeover'] as const) {
    it(`ends if another registration stored its record first, with onConflict ${onConflict}`, () => {
      const one = registered({ onConflict });
      one.endLease(1n);
      one.advance(100);
      one.grant(2n);
      one.find(foreign(15n));
      const error = one.core.lastError;
      assert.ok(error instanceof ConflictError);
      assert.deepEqual(one.revoked, [1n, 2n]);
      one.deleteOrphans();
      one.revoke(1n);
      assert.equal(one.ended, undefined);
      one.revoke(2n);
      assert.deepEqual(one.ended, { reason: 'replaced', error });
    });
  }
});

describe('a registration whose record is gone', () => {
  let one: Scenario;
  beforeEach(() => {
    one = registered();
    one.show(undefined, 15n);
  });

  it('asks whether its lease is alive', () => {
    assert.deepEqual([one.open, one.request('check-lease').lease], ['check-lease', 1n]);
    assert.deepEqual([one.core.state, one.core.revision, one.takeEvents()], ['registering', undefined, '']);
  });

  it('was deleted by an operator if the lease is alive, and is stored again under a new one', () => {
    one.reportLease(true);
    assert.deepEqual(one.events.splice(0), [{ type: 'lost', cause: 'deleted', error: undefined }]);
    assert.deepEqual([one.revoked, one.open], [[1n], '']);
    one.advance(100);
    registerAgain(one, 2n, 20n);
    assert.equal(one.takeEvents(), 'registered');
    assert.deepEqual(one.revoked, [1n]);
  });

  it('has lost its lease if the lease does not exist', () => {
    one.reportLease(false);
    assert.deepEqual(one.events.splice(0), [{ type: 'lost', cause: 'lease', error: undefined }]);
    one.advance(100);
    registerAgain(one, 2n, 20n);
    assert.deepEqual(one.revoked, [1n]);
  });

  it('has lost its lease if the lease ends meanwhile', () => {
    const error = errorFor('LeaseNotFound');
    one.endLease(1n, error);
    assert.deepEqual(one.events, [{ type: 'lost', cause: 'lease', error }]);
    assert.equal(one.open, '');
  });

  it('asks again after a pause that grows until etcd answers', () => {
    const error = errorFor('NoLeader');
    for (const retryInMs of [100, 200]) {
      one.fail('check-lease', error);
      assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs }]);
      one.advance(retryInMs - 1);
      assert.equal(one.open, '');
      one.advance(1);
    }
    one.reportLease(true);
    assert.equal(one.takeEvents(), 'lost');
    assert.equal(one.core.lastError, error, 'until the record is stored again');
  });

  it('is stored under a new lease if etcd denies the answer', () => {
    const error = errorFor('PermissionDenied');
    one.fail('check-lease', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
    one.advance(100);
    assert.equal(one.open, 'grant');
    registerAgain(one, 2n, 20n);
    assert.deepEqual(one.revoked, [1n]);
  });

  it('ignores an answer that belongs to an earlier request', () => {
    const { request } = one.request('check-lease');
    one.fail('check-lease', errorFor('NoLeader'));
    one.advance(100);
    one.takeEvents();
    const late = () => {
      one.send({ type: 'lease-state', request, isAlive: true });
      one.send({ type: 'failed', request, error: errorFor('NoLeader') });
      assert.equal(one.takeEvents(), '');
    };
    late();
    assert.equal(one.open, 'check-lease');
    one.reportLease(true);
    one.takeEvents();
    late();
    one.advance(100);
    one.grant(2n);
    late();
    one.store(20n);
    one.takeEvents();
    late();
  });

  it('ignores the late results of its write and its watch', () => {
    const request = 1;
    const error = errorFor('NoLeader');
    one.send({ type: 'written', request, result: { type: 'stored', revision: 16n } });
    one.send({ type: 'state', request, kv: record(16n, 1n), revision: 16n });
    one.send({ type: 'follow-failure', request, error });
    assert.deepEqual([one.open, one.takeEvents(), one.core.lastError], ['check-lease', '', undefined]);
    one.reportLease(false);
    one.send({ type: 'follow-failure', request, error });
    assert.equal(one.core.lastError, undefined);
  });

  it('accepts no update until it is stored again', () => {
    const call = one.update({ metadata: 1 });
    assert.deepEqual([one.open, one.result(call)], ['check-lease', 'pending']);
    one.reportLease(true);
    one.advance(100);
    one.grant(2n);
    assert.equal(one.written, valueWith(1));
    one.store(20n);
    assert.equal(one.result(call), 'done');
  });

  it('cancels its request when it closes', () => {
    one.close();
    one.deleteOrphans();
    one.revoke(1n);
    assert.deepEqual([one.open, one.ended], ['', { reason: 'closed' }]);
  });
});

describe('a registration whose record was deleted, with onDeleted stop', () => {
  it('ends, and revokes the lease', () => {
    const one = registered({ onDeleted: 'stop' });
    const call = one.update({ metadata: 1 });
    one.show(undefined, 15n);
    one.reportLease(true);
    assert.equal(one.takeEvents(), 'lost');
    assert.ok(one.settled.get(call) instanceof ClosedError);
    assert.deepEqual([one.revoked, one.core.state], [[1n], 'closed']);
    one.deleteOrphans();
    one.revoke(1n);
    assert.deepEqual(one.ended, { reason: 'deleted' });
    assert.deepEqual(one.events, [{ type: 'ended', reason: 'deleted' }]);
  });

  it('does not end if the lease had ended', () => {
    const one = registered({ onDeleted: 'stop' });
    one.show(undefined, 15n);
    one.reportLease(false);
    one.advance(100);
    assert.equal(one.open, 'grant');
  });
});

describe('a registration whose record another registration has replaced', () => {
  it('waits for the key under a new lease, with onConflict wait', () => {
    const one = registered();
    one.show(foreign(15n));
    const error = one.core.lastError;
    assert.ok(error instanceof ConflictError);
    const value = valueWith(null, 'b:1');
    assert.ok(error.message.endsWith(`'svc/e' was overwritten by another writer: ${value}`));
    assert.deepEqual(one.events.splice(0), [{ type: 'lost', cause: 'replaced', error }]);
    assert.deepEqual([one.revoked, one.open], [[1n], '']);
    one.advance(100);
    one.grant(2n);
    one.find(foreign(15n), 16n);
    assert.equal(one.core.state, 'waiting');
    one.show(undefined, 20n);
    one.store(21n);
    assert.deepEqual([one.takeEvents(), one.core.endpoint], ['waiting,registered', { addr }]);
  });

  for (const onConflict of ['fail', 'takeover'] as const) {
    it(`ends, with onConflict ${onConflict}: two that overwrite each other would never stop`, () => {
      const one = registered({ onConflict });
      one.show(foreign(15n));
      const error = one.core.lastError;
      assert.equal(one.core.state, 'closed');
      one.deleteOrphans();
      one.revoke(1n);
      assert.deepEqual(one.ended, { reason: 'replaced', error });
      assert.deepEqual(one.events.pop(), { type: 'ended', reason: 'replaced', error });
    });
  }

  it('detects this by the compare of an update, too', () => {
    const one = registered();
    const call = one.update({ metadata: 1 });
    one.find(foreign(15n));
    assert.deepEqual([one.takeEvents(), one.result(call)], ['lost', 'pending']);
  });

  it('ignores a state older than its record', () => {
    const one = registered();
    one.show(foreign(8n), 9n);
    one.show(undefined, 9n);
    assert.deepEqual([one.core.state, one.takeEvents()], ['registered', '']);
  });
});
