import assert from 'node:assert/strict';
import { ClosedError, DeadlineError, EtcdError, errorFor, PermissionDeniedError } from '#src/errors/index.js';
import { addr, key, record, registered, Scenario, valueWith } from './scenario.js';

describe('a registration that starts', () => {
  let one: Scenario;
  beforeEach(() => {
    one = new Scenario({ endpoint: { addr, metadata: { weight: 1 } } });
    one.start();
  });

  it('stores its record under a new lease, in an absent key', () => {
    assert.equal(one.open, 'grant');
    one.grant(7n);
    const { txn } = one.request('write');
    assert.deepEqual(txn.compare, [{ target: 'create', key, result: '=', value: 0n }]);
    const value = Buffer.from(valueWith({ weight: 1 }));
    assert.deepEqual(txn.success, [{ type: 'put', key, value, options: { lease: 7n } }]);
    assert.deepEqual(txn.failure, [{ type: 'range', range: key }], 'reads the record that is there instead');
  });

  it('is registered once the record is stored, and not before', () => {
    const seen = () => [one.core.state, one.core.lease, one.core.revision, one.core.registrationCount];
    assert.deepEqual(seen(), ['registering', undefined, undefined, 0]);
    one.grant(7n);
    assert.deepEqual(seen(), ['registering', undefined, undefined, 0]);
    assert.equal(one.started, undefined);
    one.store(10n);
    assert.deepEqual(seen(), ['registered', 7n, 10n, 1]);
    assert.deepEqual(one.started, { type: 'started' });
    assert.deepEqual(one.events, [{ type: 'registered', again: false, lease: 7n, revision: 10n }]);
    assert.deepEqual(one.core.endpoint, { addr, metadata: { weight: 1 } });
  });

  it('then follows its key from the stored revision on, without a timer', () => {
    one.grant(7n);
    one.store(10n);
    assert.equal(one.request('follow').from, 10n);
    assert.equal(one.wakeAt, Number.POSITIVE_INFINITY);
  });

  it('sets its timer when its time changes, and again when it fires too early', () => {
    assert.deepEqual(one.send({ type: 'abandon-call', call: 1 }), []);
    assert.deepEqual(one.send({ type: 'timer' }), [{ type: 'wake-at', at: 60_050 }]);
  });

  it('retries a failed grant after a pause that grows, and reports each failure', () => {
    const error = errorFor('NoLeader');
    one.fail('grant', error);
    assert.deepEqual([one.open, one.core.state, one.core.lastError], ['', 'registering', error]);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
    one.advance(99);
    assert.equal(one.open, '');
    one.advance(1);
    one.fail('grant', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 200 }]);
    one.advance(200);
    one.grant(7n);
    one.store(10n);
    assert.equal(one.core.lastError, undefined);
  });

  it('retries a failed write under the same lease after a pause that grows', () => {
    one.grant(7n);
    const error = errorFor('LeaderChanged');
    for (const retryInMs of [100, 200]) {
      one.fail('write', error);
      assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs }]);
      one.advance(retryInMs - 1);
      assert.equal(one.open, '');
      one.advance(1);
    }
    assert.equal(one.expected, 0n);
    one.store(10n);
    assert.deepEqual([one.core.lease, one.revoked], [7n, []]);
  });

  it('treats the answer to a repeated write as success if its record is there', () => {
    one.grant(7n);
    one.fail('write', errorFor('LeaderChanged'));
    one.advance(100);
    one.find(record(10n, 7n, valueWith({ weight: 1 })), 12n);
    assert.deepEqual([one.core.state, one.core.revision], ['registered', 10n]);
  });

  for (const request of ['grant', 'write'] as const) {
    it(`fails at once if etcd denies its user the ${request}`, () => {
      if (request === 'write') one.grant(7n);
      const error = errorFor('PermissionDenied');
      one.fail(request, error);
      assert.equal(one.started?.error, error);
      assert.deepEqual([one.core.state, one.core.lastError], ['closed', error]);
      assert.deepEqual(one.revoked, request === 'write' ? [7n] : [], 'its lease is revoked');
      one.revoke(7n);
      assert.deepEqual(one.ended, { reason: 'closed' });
    });
  }

  it('gets a new lease if its lease has expired before the record is stored', () => {
    one.grant(7n);
    const error = errorFor('LeaseNotFound');
    one.fail('write', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
    one.advance(100);
    one.grant(8n);
    one.store(10n);
    assert.deepEqual([one.core.lease, one.takeEvents()], [8n, 'registered']);
    assert.deepEqual(one.revoked, [7n], 'the earlier lease may still have a record until then');
  });

  it('gets a new lease if its lease ends meanwhile, and abandons its write', () => {
    one.grant(7n);
    const error = errorFor('LeaseNotFound');
    one.endLease(7n, error);
    assert.deepEqual([one.open, one.core.lastError], ['', error]);
    one.advance(100);
    assert.equal(one.open, 'grant');
  });

  it('rejects with ClosedError if it is closed meanwhile', () => {
    one.close('the client');
    assert.ok(one.started?.error instanceof ClosedError);
    assert.match(one.started.error.message, /the client is closed/);
    assert.deepEqual([one.open, one.core.state, one.ended], ['', 'closed', { reason: 'closed' }]);
  });

  it('revokes a lease that is granted although the request was cancelled', () => {
    const { request } = one.request('grant');
    one.grant(7n);
    one.send({ type: 'granted', request, lease: 8n, ttlMs: 1 });
    assert.deepEqual([one.revoked, one.open], [[8n], 'write']);
    one.store(10n);
    assert.equal(one.core.lease, 7n);
  });

  it('ignores the late results of an earlier grant', () => {
    const { request } = one.request('grant');
    one.fail('grant', errorFor('NoLeader'));
    one.advance(100);
    one.takeEvents();
    one.send({ type: 'granted', request, lease: 7n, ttlMs: 1 });
    one.send({ type: 'failed', request, error: errorFor('NoLeader') });
    assert.deepEqual([one.open, one.revoked, one.takeEvents()], ['grant', [7n], '']);
  });
});

describe('the timeout of register()', () => {
  it('bounds each request by the time that is left', () => {
    const one = new Scenario();
    one.start(3_000);
    assert.equal(one.request('grant').timeoutMs, 3_000);
    one.advance(1_000);
    one.grant(7n);
    assert.equal(one.request('write').timeoutMs, 2_000);
  });

  it('leaves requests the client’s own timeout while at least ten seconds are left', () => {
    const one = new Scenario();
    one.start(10_001);
    assert.equal('timeoutMs' in one.request('grant'), false);
    one.advance(1);
    one.grant(7n);
    assert.equal('timeoutMs' in one.request('write'), false);
    one.fail('write', errorFor('NoLeader'));
    one.advance(100);
    assert.equal(one.request('write').timeoutMs, 9_900);
  });

  it('gives no request a timeout after the start', () => {
    const one = registered({ timeoutMs: 3_000 });
    one.update({ metadata: 1 });
    assert.equal('timeoutMs' in one.request('write'), false);
    one.advance(3_050);
    assert.equal(one.core.state, 'registered');
  });

  it('rejects shortly after it has passed, with the last failure as the reason', () => {
    const one = new Scenario();
    one.start(500);
    const error = errorFor('NoLeader');
    one.fail('grant', error);
    one.advance(549);
    assert.equal(one.core.state, 'registering', 'the request in flight may still report its own reason');
    one.advance(1);
    const rejected = one.started?.error;
    assert.ok(rejected instanceof DeadlineError);
    assert.equal(rejected.cause, error);
    assert.equal(
      rejected.message,
      `DEADLINE_EXCEEDED: 'svc/e' was not registered within 500 ms: ${error.message}`,
    );
    assert.deepEqual([one.core.state, one.ended?.reason], ['closed', 'closed']);
  });

  it('names no reason if no request has failed', () => {
    const one = new Scenario();
    one.start(500);
    one.advance(550);
    const { error } = one.started!;
    assert.match(error!.message, /within 500 ms$/);
    assert.equal(error!.cause, undefined);
  });

  it('reports an earlier failure rather than that its last request was not answered in time', () => {
    const one = new Scenario();
    one.start(500);
    const [reason, late] = [errorFor('NoLeader'), new DeadlineError('LeaseGrant was not answered in time')];
    one.fail('grant', reason);
    one.advance(100);
    one.fail('grant', late);
    assert.equal(one.core.lastError, reason);
    const later = errorFor('LeaderChanged');
    one.advance(200);
    one.fail('grant', later);
    assert.equal(one.core.lastError, later, 'another failure counts');
  });

  it('reports that no request was answered in time if there was no other failure', () => {
    const one = new Scenario();
    one.start(500);
    const late = new DeadlineError('LeaseGrant was not answered in time');
    one.fail('grant', late);
    assert.equal(one.core.lastError, late);
  });

  it('does not hide such an error after the start', () => {
    const one = registered();
    const late = new DeadlineError('Txn was not answered in time');
    one.update({ metadata: 1 });
    one.fail('write', errorFor('NoLeader'));
    one.advance(100);
    one.fail('write', late);
    assert.equal(one.core.lastError, late);
  });

  it('leaves a request that starts after it a positive timeout', () => {
    const one = new Scenario();
    one.start(120);
    one.advance(40);
    one.fail('grant', errorFor('NoLeader'));
    one.advance(100);
    assert.equal(one.request('grant').timeoutMs, 1);
  });
});

describe('the errors that end a start', () => {
  it('are those that no retry can fix', () => {
    const final = new EtcdError('etcdserver: whatever', { code: 3, verdict: 'final' });
    for (const [error, ends] of [
      [errorFor('PermissionDenied'), true],
      [final, true],
      [errorFor('LeaseNotFound'), false],
      [errorFor('NoSpace'), false],
      [errorFor('NoLeader'), false],
    ] as const) {
      const one = new Scenario();
      one.start();
      one.fail('grant', error);
      assert.equal(one.core.state === 'closed', ends, error.message);
    }
  });

  it('do not end a registration that was stored once', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    const error = errorFor('PermissionDenied');
    one.takeEvents();
    one.fail('grant', error);
    assert.ok(error instanceof PermissionDeniedError);
    assert.deepEqual(one.events, [{ type: 'failure', error, retryInMs: 200 }]);
  });
});
