import assert from 'node:assert/strict';
import { errorFor } from '#src/errors/index.js';
import { addr, record, registered, Scenario, valueWith } from './scenario.js';

const tooLarge = () => errorFor('RequestTooLarge');

describe('draining', () => {
  it('stores the status, and resolves when it is stored', () => {
    const one = registered({ endpoint: { addr, metadata: { weight: 1 } } });
    const call = one.drain();
    assert.equal(one.core.state, 'draining');
    assert.equal(one.written, valueWith({ status: 'draining', weight: 1 }));
    one.store(11n);
    assert.equal(one.result(call), 'done');
    assert.deepEqual(one.core.endpoint.metadata, { weight: 1, status: 'draining' });
  });

  it('does not change a record to which an operator has given that status', () => {
    const one = registered();
    one.drain();
    one.store(11n);
    one.show(record(12n, 1n, '{ "Addr": "a:1", "Metadata": { "status": "draining", "weight": 3 } }'));
    one.advance(60_000);
    assert.deepEqual([one.takeEvents(), one.open], ['adopted', 'follow']);
  });

  it('is stored again if an operator removes it', () => {
    for (const metadata of [{ status: 'up' }, { weight: 3 }, 'none', null]) {
      const one = registered();
      one.drain();
      one.store(11n);
      one.show(record(12n, 1n, `{ "Addr": "a:1", "Metadata": ${JSON.stringify(metadata)} }`));
      one.advance(100);
      assert.match(one.written, /"status":"draining"/);
    }
  });

  it('keeps the bytes of an operator who has drained the server already', () => {
    const bytes = '{ "Addr": "a:1", "Metadata": { "status": "draining" } }';
    const one = registered();
    one.show(record(11n, 1n, bytes));
    one.drain();
    assert.equal(one.written, bytes);
    one.store(12n);
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    assert.equal(one.written, bytes);
  });

  it('waits for the record if there is none', () => {
    const one = new Scenario();
    one.start();
    const call = one.drain();
    assert.equal(one.core.state, 'registering');
    one.advance(50_000);
    one.grant(1n);
    assert.equal(one.written, valueWith({ status: 'draining' }));
    one.store(10n);
    assert.deepEqual([one.result(call), one.core.state], ['done', 'draining']);
  });

  it('survives an update that can never be stored', () => {
    const one = registered();
    const first = one.update({ metadata: 0 });
    const draining = one.drain();
    const update = one.update({ metadata: { weight: 2 } });
    one.store(11n);
    one.fail('write', tooLarge());
    assert.deepEqual([one.result(first), one.result(draining)], ['done', 'pending']);
    assert.match(one.result(update), /too large/);
    one.advance(100);
    assert.equal(one.written, valueWith({ status: 'draining' }));
    one.store(12n);
    assert.equal(one.result(draining), 'done');
  });

  it('keeps waiting if no change of its write is to be discarded', () => {
    const one = registered();
    const draining = one.drain();
    one.fail('write', tooLarge());
    assert.equal(one.result(draining), 'pending');
    one.advance(100);
    assert.equal(one.written, valueWith({ status: 'draining' }));
  });
});
