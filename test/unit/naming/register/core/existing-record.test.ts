import assert from 'node:assert/strict';
import { DeadlineError, errorFor } from '#src/errors/index.js';
import { ConflictError } from '#src/naming/index.js';
import { addr, foreign, key, record, registered, Scenario, valueWith } from './scenario.js';

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
