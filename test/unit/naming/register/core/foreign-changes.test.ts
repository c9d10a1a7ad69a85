import assert from 'node:assert/strict';
import { errorFor } from '#src/errors/index.js';
import { addr, foreign, key, record, registered, Scenario, valueWith } from './scenario.js';

describe('a record that another writer changes', () => {
  let one: Scenario;
  beforeEach(() => {
    one = registered({ endpoint: { addr, metadata: { weight: 1 } } });
  });
  const own = valueWith({ weight: 1 });

  it('keeps the metadata of the other writer', () => {
    one.show(record(11n, 1n, valueWith({ weight: 5 })));
    assert.deepEqual(one.events.splice(0), [
      { type: 'adopted', endpoint: { addr, metadata: { weight: 5 } } },
    ]);
    assert.deepEqual([one.core.endpoint.metadata, one.core.revision], [{ weight: 5 }, 11n]);
    one.advance(60_000);
    assert.deepEqual([one.open, one.core.state], ['follow', 'registered'], 'nothing is written');
  });

  it('loses the metadata that the other writer removes', () => {
    one.show(record(11n, 1n, valueWith()));
    assert.deepEqual(one.events.splice(0), [{ type: 'adopted', endpoint: { addr } }]);
    assert.deepEqual(one.core.endpoint, { addr });
  });

  it('keeps metadata that is added to a new address whose write has no answer', () => {
    one.update({ addr: 'a:2' });
    one.fail('write', errorFor('LeaderChanged'));
    one.takeEvents();
    one.show(record(11n, 1n, '{ "Addr": "a:2", "Metadata": { "weight": 5 } }'));
    assert.deepEqual(one.events.splice(0), [
      { type: 'adopted', endpoint: { addr: 'a:2', metadata: { weight: 5 } } },
    ]);
    one.advance(100);
    one.store(12n);
    assert.equal(one.takeEvents(), '', 'nothing had to be restored');
  });

  it('keeps the metadata of the other writer after a loss, too', () => {
    one.show(record(11n, 1n, valueWith({ weight: 5 })));
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    assert.equal(one.written, valueWith({ weight: 5 }));
  });

  for (const [change, value] of [
    ['changes its address', valueWith({ weight: 1 }, 'b:1')],
    ['stores an unreadable value', 'garbage'],
    ['stores a record without an address', '{"Op":0}'],
  ] as const) {
    it(`is restored after a pause if the other writer ${change}`, () => {
      one.show(record(11n, 1n, value));
      assert.deepEqual([one.takeEvents(), one.open], ['', 'follow']);
      one.advance(99);
      assert.equal(one.open, 'follow');
      one.advance(1);
      assert.deepEqual([one.written, one.expected], [own, 11n]);
      one.store(12n);
      assert.deepEqual(one.events.splice(0), [{ type: 'restored', value }]);
      assert.equal(one.core.revision, 12n);
      one.show(record(12n, 1n, own));
      one.advance(60_000);
      assert.deepEqual([one.open, one.takeEvents()], ['follow', '']);
    });
  }

  it('is restored with the metadata that was written with the other address', () => {
    one.show(record(11n, 1n, valueWith({ weight: 5 }, 'b:1')));
    assert.equal(one.takeEvents(), 'adopted');
    one.advance(100);
    assert.equal(one.written, valueWith({ weight: 5 }));
  });

  it('is stored under its lease again if the other writer removed the lease', () => {
    one.show(record(11n, 0n, own));
    one.advance(100);
    assert.deepEqual([one.written, one.expected], [own, 11n]);
    one.store(12n);
    assert.deepEqual(one.events.splice(0), [{ type: 'restored', value: own }]);
  });

  it('is restored after growing pauses while it is overwritten repeatedly', () => {
    let revision = 10n;
    for (const pauseMs of [100, 200, 400]) {
      one.show(record(++revision, 1n, 'garbage'));
      one.advance(pauseMs - 1);
      assert.equal(one.open, 'follow', `before ${pauseMs} ms`);
      one.advance(1);
      one.store(++revision);
    }
  });

  it('is restored quickly after many changes that it keeps', () => {
    for (let weight = 2; weight < 6; weight++)
      one.show(record(BigInt(9 + weight), 1n, valueWith({ weight })));
    one.show(record(20n, 1n, 'garbage'));
    one.advance(100);
    assert.equal(one.open, 'follow,write');
  });

  it('is restored quickly again after five seconds without such a change', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.advance(100);
    one.store(12n);
    one.advance(5_001);
    one.show(record(13n, 1n, 'garbage'));
    one.advance(100);
    assert.equal(one.open, 'follow,write');
  });

  it('is restored after growing pauses across losses of the lease, too', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.store(20n);
    one.show(record(21n, 2n, 'garbage'));
    one.advance(199);
    assert.equal(one.open, 'follow');
    one.advance(1);
    assert.equal(one.open, 'follow,write');
  });

  it('is not written if the other writer restores it first', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.show(record(12n, 1n, own));
    one.advance(60_000);
    assert.deepEqual([one.open, one.takeEvents(), one.wakeAt], ['follow', '', Number.POSITIVE_INFINITY]);
  });

  it('is restored with the last value found there', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.show(record(12n, 1n, 'rubbish'));
    one.advance(300);
    assert.equal(one.expected, 12n);
    one.store(13n);
    assert.deepEqual(one.events, [{ type: 'restored', value: 'rubbish' }]);
  });

  it('is restored after a pause if the first write fails', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.advance(100);
    const error = errorFor('NoLeader');
    one.fail('write', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
    assert.deepEqual([one.core.state, one.core.lastError], ['outdated', error]);
    one.advance(99);
    assert.equal(one.open, 'follow');
    one.advance(1);
    one.store(12n);
    assert.deepEqual([one.core.state, one.core.lastError], ['registered', undefined]);
  });

  it('is no longer outdated once the other writer restores it', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.advance(100);
    one.fail('write', errorFor('NoLeader'));
    one.show(record(12n, 1n, own));
    assert.deepEqual([one.core.state, one.core.lastError], ['registered', undefined]);
  });

  it('does not delay an update of its owner', () => {
    one.show(record(11n, 1n, 'garbage'));
    const call = one.update({ metadata: { weight: 2 } });
    assert.deepEqual([one.written, one.expected], [valueWith({ weight: 2 }), 11n]);
    one.store(12n);
    assert.deepEqual([one.result(call), one.takeEvents()], ['done', 'restored']);
  });

  it('is reported as restored by an update, also if the update was made before', () => {
    one.update({ metadata: { weight: 2 } });
    one.fail('write', errorFor('NoLeader'));
    one.show(record(11n, 1n, 'garbage'));
    one.advance(100);
    one.store(12n);
    assert.equal(one.takeEvents(), 'failure,restored');
  });

  it('does not count as stored while it has no lease', () => {
    const call = one.update({ metadata: { weight: 2 } });
    one.fail('write', errorFor('LeaderChanged'));
    one.show(record(11n, 0n, valueWith({ weight: 2 })));
    assert.equal(one.result(call), 'pending');
    one.advance(100);
    one.store(12n);
    assert.deepEqual([one.result(call), one.takeEvents()], ['done', 'failure,restored']);
  });

  it('is another writer’s if no write can have stored it', () => {
    one.update({ metadata: { weight: 2 } });
    one.fail('write', errorFor('NoLeader')); // which etcd does not apply
    one.update({ metadata: { weight: 3 } });
    one.takeEvents();
    one.show(record(11n, 1n, valueWith({ weight: 2 })));
    assert.equal(one.takeEvents(), 'adopted');
  });

  it('is not deleted at the end if its value is another writer’s and it has no lease', () => {
    one.show(record(11n, 1n, 'garbage'));
    one.close();
    const { txn } = one.request('delete-orphan');
    assert.deepEqual(txn.compare?.[1], { target: 'value', key, result: '=', value: Buffer.from(own) });
  });

  it('escapes and shortens the overwritten value in the event', () => {
    one.show(record(11n, 1n, `\u001b${'x'.repeat(300)}`));
    one.advance(100);
    one.store(12n);
    assert.deepEqual(one.events, [{ type: 'restored', value: `\\x1b${'x'.repeat(199)}` }]);
  });
});

describe('a record from a backup', () => {
  it('is overwritten rather than adopted if it is older than the record that was lost', () => {
    const one = registered();
    one.update({ metadata: 'new' });
    one.store(11n);
    one.show(record(5n, 1n, valueWith('old')), 20n);
    assert.deepEqual([one.core.endpoint.metadata, one.takeEvents()], ['new', '']);
    one.advance(100);
    assert.deepEqual([one.written, one.expected], [valueWith('new'), 5n]);
  });

  it('is overwritten if it belongs to an earlier lease', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.store(20n);
    one.takeEvents();
    one.show(record(21n, 1n, valueWith('old')));
    assert.deepEqual([one.core.endpoint, one.takeEvents(), one.core.state], [{ addr }, '', 'registered']);
    one.advance(100);
    assert.deepEqual([one.written, one.expected], [valueWith(), 21n]);
  });

  it('is overwritten if another value has the same revision', () => {
    const one = registered();
    one.show(record(10n, 1n, valueWith('old')), 15n);
    assert.deepEqual([one.core.endpoint, one.takeEvents()], [{ addr }, '']);
    one.advance(100);
    assert.equal(one.written, valueWith());
  });

  it('is another registration’s, although it has the same revision', () => {
    for (const revision of [10n, 15n]) {
      const one = registered();
      one.show(foreign(10n), revision);
      assert.deepEqual([one.takeEvents(), one.core.state], ['lost', 'registering']);
    }
  });

  it('is found before the next record is stored, and not adopted', () => {
    const one = registered();
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.takeEvents();
    one.find(record(9n, 1n, valueWith('old')), 30n);
    assert.deepEqual([one.written, one.expected, one.takeEvents()], [valueWith(), 9n, '']);
  });

  it('is overwritten once an earlier lease’s records are of a later revision', () => {
    const one = registered();
    for (const lease of [2n, 3n]) {
      one.endLease(lease - 1n);
      one.advance(400);
      one.grant(lease);
      one.store(lease * 10n);
    }
    one.endLease(3n);
    one.advance(800);
    one.grant(4n);
    one.takeEvents();
    one.find(record(90n, 2n, valueWith('old')), 91n);
    assert.deepEqual([one.written, one.takeEvents()], [valueWith(), '']);
  });
});

describe('a change by an operator while the registration is disconnected', () => {
  it('is adopted by the next record', () => {
    const one = registered();
    one.fail('follow', errorFor('NoLeader'));
    one.advance(100);
    one.grant(2n);
    one.takeEvents();
    one.find(record(15n, 1n, valueWith({ status: 'draining' })), 16n);
    assert.deepEqual(one.events, [{ type: 'adopted', endpoint: { addr, metadata: { status: 'draining' } } }]);
    assert.deepEqual([one.written, one.expected], [valueWith({ status: 'draining' }), 15n]);
  });
});

describe('a record that shows an earlier value of its owner', () => {
  it('does not count as another writer’s', () => {
    const one = registered();
    one.update({ metadata: 1 });
    one.fail('write', errorFor('LeaderChanged'));
    const call = one.update({ metadata: 2 });
    one.show(record(11n, 1n, valueWith(1)));
    assert.deepEqual([one.core.endpoint.metadata, one.result(call)], [2, 'pending']);
    one.advance(100);
    assert.deepEqual([one.written, one.expected], [valueWith(2), 11n]);
    one.store(12n);
    assert.deepEqual([one.result(call), one.takeEvents()], ['done', 'failure']);
  });

  it('is restored if a late write overwrites a newer record', () => {
    const one = registered();
    one.update({ metadata: 1 });
    one.fail('write', errorFor('LeaderChanged'));
    one.update({ metadata: 2 });
    one.advance(100);
    one.store(12n);
    one.takeEvents();
    one.show(record(13n, 1n, valueWith(1)));
    assert.deepEqual(
      [one.core.endpoint.metadata, one.takeEvents()],
      [1, 'adopted'],
      'only another writer can have stored it: a write at a revision is not applied after a later one',
    );
  });
});

describe('the first write of a record, applied late', () => {
  it('is overwritten by the newer value: the newer record had been deleted meanwhile', () => {
    const one = new Scenario();
    one.start();
    one.grant(1n);
    one.fail('write', errorFor('LeaderChanged'));
    one.update({ metadata: 1 });
    one.advance(100);
    one.store(12n);
    one.takeEvents();
    one.show(record(14n, 1n, valueWith()));
    assert.deepEqual([one.core.endpoint.metadata, one.takeEvents()], [1, '']);
    one.advance(100);
    assert.deepEqual([one.written, one.expected], [valueWith(1), 14n]);
  });
});
