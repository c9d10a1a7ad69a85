import assert from 'node:assert/strict';
import { LockLostError } from '#src/lock/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { skipIfExternal } from '../support/etcd.js';
import { StoreCopy } from '../support/store-copy.js';

describe('a store that is restored from a backup', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  let store: StoreCopy;

  before(async function () {
    skipIfExternal(this);
    store = await StoreCopy.start();
  });

  after(() => store?.close());

  it('ends a lock whose place was behind another key when the backup was made', async () => {
    const [endpoint = ''] = store.etcd.endpoints;
    const client = connect([endpoint]);
    const first = await client.lock('jobs', { ttlSeconds: 600 });
    const acquiring = connect([endpoint]).lock('jobs', { ttlSeconds: 600 });
    await eventually('the second waits', async () => (await client.lockQueue('jobs')).waiters.length === 1);
    await store.copy();
    await first.release();
    const lock = await acquiring;
    await store.restore();
    await eventually('the lock is lost', () => lock.signal.aborted, 20_000);
    assert.ok(lock.signal.reason instanceof LockLostError, String(lock.signal.reason));
    assert.equal(lock.held, false);
    await assert.rejects(lock.txn({ success: [] }), LockLostError);
    const { holder, waiters } = await client.lockQueue('jobs');
    assert.deepEqual([holder?.leaseId, waiters], [first.leaseId, []]);
  });
});
