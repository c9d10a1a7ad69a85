import assert from 'node:assert/strict';
import { ClosedError, DeadlineError, EtcdError, errorFor, PermissionDeniedError } from '#src/errors/index.js';
import { ConflictError } from '#src/naming/index.js';
import { addr, foreign, key, record, registered, Scenario, valueWith } from './scenario.js';

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

describe('a key that has a record already', () => {
  it('is taken over immediately from a record of the same address, as after a restart of the process', () => {
    const one = new Scenario();
    one.start();
    one.grant(7n);
    one.find(record(5n, 42n, valueWith({ weight: 9 })), 6n);
    assert.deepEqual([one.expected, one.now, one.core.state], [5n, 0, 'registering']);
    assert.deepEqual(one.request('write').txn.compare, [{ target: 'mod', key, result: '=', value: 5n }]);
    assert.equal(one.written, valueWith(), 'the earlier process’s metadata is replaced');
    one.store(8n);
    assert.equal(one.takeEvents(), 'registered');
  });

  it('is written after a pause if it changes repeatedly', () => {
    const one = new Scenario();
    one.start();
    one.grant(7n);
    one.find(record(5n, 42n));
    for (const pauseMs of [100, 200]) {
      one.find(record(6n, 42n));
      one.advance(pauseMs - 1);
      assert.equal(one.open, '');
      one.advance(1);
      assert.equal(one.expected, 6n);
    }
  });

  it('is written after a pause if the record was gone when the compare failed', () => {
    const one = new Scenario();
    one.start();
    one.grant(7n);
    one.find(undefined, 6n);
    assert.equal(one.open, '');
    one.advance(100);
    assert.equal(one.expected, 0n);
  });

  it('keeps what another writer stored under the same lease', () => {
    const one = new Scenario();
    one.start();
    one.grant(7n);
    one.fail('write', errorFor('LeaderChanged'));
    one.advance(100);
    one.find(record(6n, 7n, valueWith({ weight: 9 })));
    assert.deepEqual(one.events.pop(), { type: 'adopted', endpoint: { addr, metadata: { weight: 9 } } });
    assert.deepEqual([one.written, one.expected], [valueWith({ weight: 9 }), 6n]);
  });

  it('is overwritten if it has another address, with onConflict takeover', () => {
    const one = new Scenario({ onConflict: 'takeover' });
    one.start();
    one.grant(7n);
    one.find(foreign(5n));
    assert.equal(one.expected, 5n);
    one.store(6n);
    assert.deepEqual([one.core.state, one.takeEvents()], ['registered', 'registered']);
  });

  it('ends the registration if it has another address, with onConflict fail', () => {
    const one = new Scenario({ onConflict: 'fail' });
    one.start();
    one.grant(7n);
    one.find(foreign(5n));
    const error = one.started?.error;
    assert.ok(error instanceof ConflictError);
    assert.ok(error.message.endsWith(`'svc/e' belongs to another registration: ${valueWith(null, 'b:1')}`));
    assert.equal(one.core.lastError, error);
    assert.deepEqual(one.revoked, [7n]);
    one.revoke(7n);
    assert.ok(one.ended);
  });
});

describe('a registration that waits for its key', () => {
  let one: Scenario;
  beforeEach(() => {
    one = new Scenario({ onConflict: 'wait' });
    one.start();
    one.grant(7n);
    one.find(foreign(5n), 6n);
  });

  it('reports the other record, and follows the key from the revision at which it was read', () => {
    assert.equal(one.core.state, 'waiting');
    assert.deepEqual([one.open, one.request('follow').from], ['follow', 6n]);
    const value = valueWith(null, 'b:1');
    const error = one.core.lastError;
    assert.deepEqual(one.events, [{ type: 'waiting', value, error }]);
    assert.ok(error instanceof ConflictError);
    assert.ok(
      error.message.endsWith(`'svc/e' belongs to another registration; waiting until it is gone: ${value}`),
    );
  });

  it('shows the start of a long value, with control characters escaped', () => {
    one.takeEvents();
    one.show(foreign(7n, `\u001b[2J${'é'.repeat(400)}`));
    const [event] = one.events;
    assert.ok(event?.type === 'waiting');
    assert.match(event.value, /^\\x1b\[2Jé{196}$/);
  });

  it('reports only another value', () => {
    one.takeEvents();
    one.show(foreign(7n));
    assert.equal(one.takeEvents(), '');
    one.show(foreign(8n, valueWith(1, 'b:1')));
    one.show(foreign(9n, valueWith(1, 'b:1')));
    assert.equal(one.takeEvents(), 'waiting');
    one.show(foreign(10n));
    assert.equal(one.takeEvents(), 'waiting');
  });

  it('stores its record immediately when the other one is gone', () => {
    one.show(undefined, 9n);
    assert.deepEqual([one.open, one.expected, one.core.state], ['write', 0n, 'waiting']);
    one.store(10n);
    assert.deepEqual([one.core.state, one.core.lastError], ['registered', undefined]);
  });

  it('overwrites a record of its own address', () => {
    one.show(record(9n, 42n));
    assert.deepEqual([one.open, one.expected], ['write', 9n]);
  });

  it('overwrites a record of its own value without a lease, which would never expire', () => {
    one.show(record(9n, 0n));
    assert.deepEqual([one.open, one.expected], ['write', 9n]);
  });

  it('waits again if another registration stores its record first, and from then on pauses before each write', () => {
    one.show(undefined, 9n);
    one.find(foreign(10n), 11n);
    assert.deepEqual([one.open, one.core.state], ['follow', 'waiting']);
    one.show(undefined, 12n);
    assert.equal(one.open, '');
    one.advance(100);
    assert.equal(one.open, 'write');
  });

  it('ignores a state that arrives after the end of the wait', () => {
    const { request } = one.request('follow');
    one.show(undefined, 9n);
    one.send({ type: 'state', request, kv: foreign(10n), revision: 10n });
    assert.equal(one.open, 'write');
  });

  it('ignores the result of a write under an earlier lease', () => {
    one.show(undefined, 9n);
    const { request } = one.request('write');
    one.endLease(7n);
    one.advance(100);
    one.grant(8n);
    one.takeEvents();
    const late = () => {
      one.send({ type: 'written', request, result: { type: 'stored', revision: 10n } });
      one.send({ type: 'failed', request, error: errorFor('NoLeader') });
      assert.deepEqual([one.core.registrationCount, one.takeEvents()], [0, '']);
    };
    late();
    one.find(foreign(11n), 12n);
    one.takeEvents();
    late();
    assert.equal(one.core.state, 'waiting');
  });

  it('shows the failure of a read that is retried', () => {
    const { request } = one.request('follow');
    const error = errorFor('NoLeader');
    one.send({ type: 'follow-failure', request: request + 1, error });
    assert.notEqual(one.core.lastError, error);
    one.send({ type: 'follow-failure', request, error });
    assert.equal(one.core.lastError, error);
  });

  it('waits under a new lease if its watch fails', () => {
    const error = errorFor('NoLeader');
    one.takeEvents();
    one.fail('follow', error);
    assert.deepEqual(one.events, [{ type: 'failure', error, retryInMs: 100 }]);
    one.advance(100);
    assert.equal(one.open, 'grant');
  });

  it('stops following when its lease ends', () => {
    one.endLease(7n);
    assert.equal(one.open, '');
  });

  it('rejects at the timeout of register() with the conflict as the reason', () => {
    one.advance(60_050);
    const error = one.started?.error;
    assert.ok(error instanceof DeadlineError && error.cause instanceof ConflictError);
    assert.deepEqual(one.revoked, [7n]);
  });
});

describe('a conflict with a record of the same address', () => {
  const hint =
    'it has this registration’s own address: processes that share an address each need their own id (option id of register)';

  it('explains that each process needs its own id, while the registration waits', () => {
    const one = registered({ onConflict: 'wait' });
    one.show(record(11n, 42n));
    assert.ok(one.core.lastError?.message.endsWith(`; ${hint}`), one.core.lastError?.message);
    one.advance(100);
    one.grant(2n);
    one.find(record(11n, 42n));
    assert.equal(one.core.state, 'waiting', 'not taken over, as a record after the first one');
    assert.ok(one.core.lastError?.message.endsWith(`waiting until it is gone: ${valueWith()}; ${hint}`));
  });

  it('is explained without that hint if the address differs or is unreadable', () => {
    for (const kv of [foreign(11n), foreign(11n, 'garbage')]) {
      const one = registered({ onConflict: 'wait' });
      one.show(kv);
      assert.ok(one.core.lastError?.message.endsWith(kv.value.toString()), one.core.lastError?.message);
    }
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
