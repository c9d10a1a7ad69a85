import assert from 'node:assert/strict';
import {
  ClosedError,
  DeadlineError,
  errorFor,
  RolledBackError,
  StoreReplacedError,
  UnauthenticatedError,
} from '#src/errors/index.js';
import { addr, key, record, registered, Scenario, valueWith } from './scenario.js';

const tooLarge = () => errorFor('RequestTooLarge');

describe('an update of a registered endpoint', () => {
  let one: Scenario;
  beforeEach(() => {
    one = registered();
  });

  it('is written under the same lease at the known revision, and resolves when it is stored', () => {
    const call = one.update({ metadata: 1 });
    const { txn } = one.request('write');
    assert.deepEqual(txn.compare, [{ target: 'mod', key, result: '=', value: 10n }]);
    assert.deepEqual(txn.success, [
      { type: 'put', key, value: Buffer.from(valueWith(1)), options: { lease: 1n } },
    ]);
    assert.equal(one.result(call), 'pending');
    one.store(11n);
    assert.equal(one.result(call), 'done');
    assert.deepEqual([one.core.revision, one.core.state, one.core.registrationCount], [11n, 'registered', 1]);
    assert.equal(one.takeEvents(), '');
  });

  it('waits for the write in flight; all updates made meanwhile are stored by one write', () => {
    const first = one.update({ metadata: 1 });
    const others = [one.update({ metadata: 2 }), one.update({ metadata: 3 })];
    assert.deepEqual([one.open, one.written], ['follow,write', valueWith(1)]);
    one.store(11n);
    assert.deepEqual(
      [one.result(first), ...others.map((call) => one.result(call))],
      ['done', 'pending', 'pending'],
    );
    assert.deepEqual([one.written, one.expected], [valueWith(3), 11n]);
    one.store(12n);
    assert.deepEqual(
      others.map((call) => one.result(call)),
      ['done', 'done'],
    );
  });

  it('is visible in the endpoint immediately', () => {
    one.update({ addr: 'a:2' });
    one.update({ metadata: { weight: 2 } });
    assert.deepEqual(one.core.endpoint, { addr: 'a:2', metadata: { weight: 2 } });
  });

  it('is retried after a pause that grows while it fails, and until then the record is outdated', () => {
    const call = one.update({ metadata: 1 });
    const error = errorFor('NoLeader');
    for (const retryInMs of [100, 200]) {
      one.fail('write', error);
      assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs }]);
      assert.deepEqual(
        [one.core.state, one.core.lastError, one.result(call)],
        ['outdated', error, 'pending'],
      );
      one.advance(retryInMs - 1);
      assert.equal(one.open, 'follow');
      one.advance(1);
    }
    one.store(11n);
    assert.deepEqual(
      [one.core.state, one.core.lastError, one.result(call)],
      ['registered', undefined, 'done'],
    );
  });

  it('starts with the shortest pause again after a success', () => {
    one.update({ metadata: 1 });
    one.fail('write', errorFor('NoLeader'));
    one.advance(100);
    one.store(11n);
    one.update({ metadata: 2 });
    assert.equal(one.open, 'follow,write', 'without a pause');
    one.takeEvents();
    one.fail('write', errorFor('NoLeader'));
    assert.deepEqual(
      one.events.map((event) => event.type === 'failure' && event.retryInMs),
      [100],
    );
  });

  it('is included in the next write after a failure, with later updates', () => {
    const first = one.update({ addr: 'a:2' });
    one.fail('write', errorFor('NoLeader'));
    const second = one.update({ metadata: 2 });
    assert.equal(one.open, 'follow', 'a further update does not shorten the pause');
    one.advance(100);
    assert.equal(one.written, valueWith(2, 'a:2'));
    one.store(11n);
    assert.deepEqual([one.result(first), one.result(second)], ['done', 'done']);
  });

  it('rejects and is discarded if etcd never accepts its value; the registration goes on', () => {
    const call = one.update({ metadata: 1 });
    const error = tooLarge();
    one.fail('write', error);
    assert.equal(one.settled.get(call), error);
    assert.deepEqual([one.core.state, one.core.lastError, one.takeEvents()], ['registered', undefined, '']);
    assert.deepEqual(one.core.endpoint, { addr });
    one.advance(60_000);
    assert.equal(one.open, 'follow', 'nothing is left to write');
  });

  it('stays if only another update of the same write is rejected', () => {
    const first = one.update({ metadata: 0 });
    const [second, third] = [one.update({ metadata: 1 }), one.update({ addr: 'a:2' })];
    one.store(11n);
    const error = tooLarge();
    one.fail('write', error);
    assert.deepEqual([one.result(first), one.result(second)], ['done', error.message]);
    assert.equal(one.result(third), 'pending');
    assert.equal(one.core.state, 'outdated');
    one.advance(100);
    assert.equal(one.written, valueWith(0, 'a:2'));
    one.store(12n);
    assert.deepEqual([one.result(third), one.core.lastError], ['done', undefined]);
  });

  it('rejects with all others if none of them can be stored, however many there are', () => {
    one.update({ metadata: 0 });
    const calls = Array.from({ length: 40 }, (_, i) => one.update({ metadata: i + 1 }, 600_000));
    one.store(11n);
    const error = tooLarge();
    let writes = 0;
    for (; writes < 100 && one.open.includes('write'); writes++) {
      one.fail('write', error);
      one.advance(5_000);
    }
    assert.deepEqual(
      calls.map((call) => one.result(call)),
      calls.map(() => error.message),
    );
    assert.deepEqual([one.core.endpoint.metadata, one.core.state], [0, 'registered']);
    assert.equal(writes, 32, 'the oldest ones are rejected together');
  });

  it('is stored together with others that can be stored, however many of the later ones cannot', () => {
    one.update({ metadata: 0 });
    const calls = Array.from({ length: 40 }, (_, i) => one.update({ metadata: i + 1 }, 600_000));
    one.store(11n);
    while (one.open.includes('write') && one.written !== valueWith(9)) {
      one.fail('write', tooLarge());
      one.advance(5_000);
    }
    one.store(12n);
    const results = calls.map((call) => (one.result(call) === 'done' ? 'done' : 'rejected'));
    assert.deepEqual(results, [...Array(9).fill('done'), ...Array(31).fill('rejected')]);
    assert.equal(one.core.endpoint.metadata, 9);
  });

  for (const error of [errorFor('PermissionDenied'), new UnauthenticatedError('no', { code: 16 })]) {
    it(`rejects after ${error.name}, but stays desired and is retried`, () => {
      const call = one.update({ metadata: 1 });
      const later = one.update({ metadata: 2 });
      one.fail('write', error);
      assert.equal(one.settled.get(call), error);
      assert.equal(one.result(later), 'pending', 'it was not part of the write');
      assert.deepEqual([one.core.state, one.core.lastError], ['outdated', error]);
      one.advance(100);
      assert.equal(one.written, valueWith(2));
    });

    it(`is written again after ${error.name}`, () => {
      const calls = [one.update({ metadata: 0 }), one.update({ addr: 'a:2' }), one.update({ metadata: 1 })];
      one.store(11n);
      one.fail('write', error);
      assert.deepEqual(
        calls.map((call) => one.result(call)),
        ['done', error.message, error.message],
      );
      one.advance(100);
      assert.equal(one.written, valueWith(1, 'a:2'));
    });
  }

  it('rejects after its timeout, but stays desired', () => {
    const call = one.update({ metadata: 1 }, 500);
    const later = one.update({ metadata: 2 }, 700);
    one.advance(499);
    assert.equal(one.result(call), 'pending');
    one.advance(1);
    const error = one.settled.get(call);
    assert.ok(error instanceof DeadlineError);
    assert.match(
      error.message,
      /'svc\/e' was not updated within 500 ms; the update stays desired .* can be$/,
    );
    assert.equal(error.cause, undefined);
    assert.equal(one.result(later), 'pending');
    one.advance(200);
    assert.match(one.result(later), /within 700 ms/);
    one.store(11n);
    assert.equal(one.written, valueWith(2));
    assert.equal(one.wakeAt, Number.POSITIVE_INFINITY);
  });

  it('rejects after its timeout with the last failure as the reason', () => {
    const call = one.update({ metadata: 1 }, 50);
    const failure = errorFor('NoLeader');
    one.fail('write', failure);
    one.advance(50);
    const error = one.settled.get(call);
    assert.ok(error instanceof DeadlineError && error.message.endsWith(`can be: ${failure.message}`));
    assert.equal(error.cause, failure);
  });

  it('stays desired after its owner has stopped waiting', () => {
    const call = one.update({ metadata: 1 }, 500);
    one.send({ type: 'abandon-call', call });
    assert.equal(one.written, valueWith(1));
    one.advance(500);
    one.store(11n);
    assert.equal(one.settled.has(call), false);
  });

  it('rejects if it cannot be stored, and nothing is written', () => {
    const call = one.update({ addr: '' });
    assert.match(one.result(call), /the endpoint has no addr/);
    assert.deepEqual([one.open, one.core.endpoint], ['follow', { addr }]);
  });

  it('is stored although the watch shows its record before the answer arrives', () => {
    const call = one.update({ metadata: 1 });
    const { request } = one.request('write');
    one.show(record(11n, 1n, valueWith(1)));
    assert.deepEqual([one.result(call), one.open, one.core.revision], ['done', 'follow', 11n]);
    one.send({ type: 'written', request, result: { type: 'stored', revision: 11n } });
    one.send({ type: 'failed', request, error: errorFor('NoLeader') });
    assert.deepEqual(
      [one.core.state, one.takeEvents(), one.wakeAt],
      ['registered', '', Number.POSITIVE_INFINITY],
    );
  });

  it('is stored although its answer arrives after a newer record of another writer', () => {
    const call = one.update({ metadata: 1 });
    one.show(record(12n, 1n, valueWith({ operator: true })));
    one.takeEvents();
    one.store(11n);
    assert.equal(one.result(call), 'done');
    assert.deepEqual([one.core.revision, one.core.endpoint.metadata], [12n, { operator: true }]);
    assert.equal(one.open, 'follow');
    one.close();
    assert.equal(one.requests('delete-orphan').length, 1, 'the record has the other writer’s value');
  });

  it('treats the answer to a repeated write as success if its record is there', () => {
    const call = one.update({ metadata: 1 });
    one.find(record(11n, 1n, valueWith(1)), 15n);
    assert.deepEqual([one.result(call), one.core.revision, one.takeEvents()], ['done', 11n, '']);
  });

  it('treats that answer as success also if another update follows', () => {
    const [first, second] = [one.update({ metadata: 1 }), one.update({ metadata: 2 })];
    one.find(record(11n, 1n, valueWith(1)));
    assert.deepEqual([one.result(first), one.result(second), one.takeEvents()], ['done', 'pending', '']);
    assert.deepEqual([one.written, one.expected], [valueWith(2), 11n], 'without a pause');
  });

  it('is written again after a pause if the record has changed', () => {
    const call = one.update({ metadata: { weight: 1 } });
    one.find(record(11n, 1n, valueWith({ status: 'draining' })));
    assert.equal(one.takeEvents(), 'adopted');
    assert.equal(one.open, 'follow');
    one.advance(100);
    assert.equal(one.expected, 11n);
    assert.equal(one.written, valueWith({ status: 'draining', weight: 1 }), 'an operator drained the server');
    one.store(12n);
    assert.equal(one.result(call), 'done');
  });

  it('is stored with the next record if its own lease has expired', () => {
    const call = one.update({ metadata: 1 });
    const error = errorFor('LeaseNotFound');
    one.fail('write', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'lost', cause: 'lease', error }]);
    assert.deepEqual([one.open, one.core.state, one.core.lastError], ['', 'registering', error]);
    one.advance(100);
    one.grant(2n);
    assert.equal(one.written, valueWith(1));
    one.store(20n);
    assert.deepEqual([one.result(call), one.core.registrationCount], ['done', 2]);
  });

  for (const error of [new RolledBackError(10n, 5n), new StoreReplacedError('the store was replaced')]) {
    it(`is stored under a new lease after ${error.name}`, () => {
      one.update({ metadata: 1 });
      one.fail('write', error);
      assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
      one.advance(100);
      one.grant(2n);
      assert.equal(one.written, valueWith(1));
    });
  }

  it('is stored by the next registration if the record is lost meanwhile', () => {
    const call = one.update({ metadata: 1 });
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    assert.deepEqual([one.written, one.expected], [valueWith(1), 0n]);
    one.store(20n);
    assert.equal(one.result(call), 'done');
  });
});

describe('updates made at any time', () => {
  it('are stored with the first record if it is not stored yet', () => {
    const one = new Scenario();
    one.start();
    const call = one.update({ metadata: 1 });
    one.grant(1n);
    assert.equal(one.written, valueWith(1));
    const second = one.update({ metadata: 2 });
    one.store(10n);
    assert.deepEqual([one.result(call), one.result(second)], ['done', 'pending']);
    assert.equal(one.written, valueWith(2));
  });

  it('stay stored after a loss', () => {
    const one = new Scenario();
    one.start();
    one.update({ metadata: 1 });
    one.grant(1n);
    one.store(10n);
    one.update({ addr: 'a:2' });
    one.store(11n);
    assert.deepEqual(one.core.endpoint, { addr: 'a:2', metadata: 1 });
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    assert.equal(one.written, valueWith(1, 'a:2'));
  });

  it('are rejected while a registration closes, and after it', () => {
    const one = registered();
    const waiting = one.update({ metadata: 1 });
    one.close();
    const [closing, draining] = [one.update({ metadata: 2 }), one.drain()];
    one.revoke(1n);
    for (const call of [waiting, closing, draining, one.update({ metadata: 3 })]) {
      assert.ok(one.settled.get(call) instanceof ClosedError);
      assert.match(one.result(call), /the registration is closed/);
    }
  });

  it('never write a value that is stored already', () => {
    const one = registered();
    const call = one.update({ metadata: 1 });
    one.fail('write', errorFor('LeaderChanged'));
    one.show(record(11n, 1n, valueWith(1)));
    assert.equal(one.result(call), 'done', 'etcd applied the write whose answer was lost');
    assert.deepEqual([one.core.state, one.core.lastError], ['registered', undefined]);
    one.advance(60_000);
    assert.deepEqual([one.open, one.takeEvents()], ['follow', 'failure']);
  });
});
