import assert from 'node:assert/strict';
import { errorFor } from '#src/errors/index.js';
import { foreign, record, registered } from './scenario.js';

describe('a record whose watch fails', () => {
  it('is stored under a new lease, and the earlier one is revoked then', () => {
    const one = registered();
    const error = errorFor('NoLeader');
    one.fail('follow', error);
    assert.deepEqual(one.events.splice(0), [{ type: 'failure', error, retryInMs: 100 }]);
    one.advance(100);
    one.grant(2n);
    one.find(record(10n, 1n), 12n);
    assert.equal(one.expected, 10n, 'its own record');
    assert.deepEqual(one.revoked, []);
    one.store(13n);
    assert.deepEqual([one.revoked, one.core.lease], [[1n], 2n]);
  });

  it('shows the failure of a read that is retried, until a state shows the record', () => {
    const one = registered();
    const error = errorFor('NoLeader');
    one.send({ type: 'follow-failure', request: one.request('follow').request, error });
    assert.deepEqual([one.core.lastError, one.core.state], [error, 'registered']);
    one.show(record(10n, 1n), 12n);
    assert.equal(one.core.lastError, undefined);
  });

  it('shows the failure of an update in preference to that', () => {
    const one = registered();
    one.update({ metadata: 1 });
    const error = errorFor('NoLeader');
    one.fail('write', error);
    one.show(record(10n, 1n), 12n);
    assert.equal(one.core.lastError, error);
  });

  it('ignores the states of an earlier watch', () => {
    const one = registered();
    const { request } = one.request('follow');
    one.endLease(1n);
    one.advance(100);
    one.grant(2n);
    one.store(20n);
    one.takeEvents();
    one.send({ type: 'state', request, kv: foreign(21n), revision: 21n });
    one.send({ type: 'failed', request, error: errorFor('NoLeader') });
    one.send({ type: 'follow-failure', request, error: errorFor('NoLeader') });
    assert.deepEqual([one.core.state, one.takeEvents(), one.core.lastError], ['registered', '', undefined]);
  });
});
