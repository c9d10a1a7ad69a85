import assert from 'node:assert/strict';
import { ClusterState } from '#src/cli/ui/cluster/index.js';
import { EtcdClient } from '#src/client/index.js';
import { formatLeaseId } from '#src/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { grpcCounter, useEtcd } from '../../../support/etcd.js';
import { grantRawLease } from '../../../support/raw-lease.js';
import { apiError, signal } from './actions-fixture.js';

describe('the leases on the page', () => {
  const etcd = useEtcd();
  let client: EtcdClient;
  let state: ClusterState;

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    state = new ClusterState({ client, endpoints: etcd().endpoints });
  });
  afterEach(() => client.close());

  const lookups = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'LeaseTimeToLive');
  const grant = async () => formatLeaseId((await client.lease.grant({ ttlSeconds: 300 })).id);

  it('have the time that is left, or are gone', async () => {
    const alive = await grant();
    const { leases } = await state.leases({ leases: [alive, '00000000000000ff'] }, signal);
    assert.deepEqual(leases['00000000000000ff'], { state: 'gone' });
    const lease = leases[alive];
    assert.ok(lease?.state === 'alive');
    assert.equal(lease.grantedSeconds, 300);
    assert.ok(lease.remainingSeconds > 290 && lease.remainingSeconds <= 300);
  });

  it('may have a negative id', async () => {
    await grantRawLease(etcd().endpoints[0]!, -0x4en, 300n);
    const id = formatLeaseId(-0x4en);
    const { leases } = await state.leases({ leases: [id] }, signal);
    assert.equal(leases[id]?.state, 'alive');
  });

  it('are looked up once for many pages', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, grant));
    const before = await lookups();
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => state.leases({ leases: [...ids, ...ids] }, signal)),
    );
    assert.equal((await lookups()) - before, 40);
    for (const { leases } of replies) assert.deepEqual(Object.keys(leases).sort(), [...ids].sort());
  });

  for (const id of ['', '0', 'x', '0x1', '__proto__', '1'.repeat(17), '\ud800'])
    it(`are refused with the id '${id}'`, async () => {
      await assert.rejects(
        state.leases({ leases: [id] }, signal),
        apiError('invalid', /not the id of a lease/),
      );
    });

  it('are at most 200', async () => {
    const ids = Array.from({ length: 201 }, (_, i) => String(i + 1));
    await assert.rejects(state.leases({ leases: ids }, signal), apiError('invalid', /201 leases/));
    const { leases } = await state.leases({ leases: ids.slice(1) }, signal);
    assert.equal(Object.keys(leases).length, 200);
  });

  it('are unknown, with a reason, while etcd does not answer', async () => {
    await using link = await startFaultProxy({ target: etcd().endpoints[0]! });
    await using far = new EtcdClient({ endpoints: [link.endpoint] });
    link.acceptSilently();
    const ids = Array.from({ length: 100 }, (_, i) => (i + 1).toString(16));
    const { leases } = await new ClusterState({ client: far, endpoints: [] }).leases({ leases: ids }, signal);
    for (const lease of Object.values(leases)) {
      assert.ok(lease.state === 'unknown');
      assert.match(lease.error, /./);
    }
  });

  it('reject when the page that asked goes away, and are still looked up for the others', async () => {
    const id = await grant();
    const leaving = new AbortController();
    const left = state.leases({ leases: [id] }, leaving.signal);
    const stays = state.leases({ leases: [id] }, signal);
    leaving.abort();
    await assert.rejects(left, { name: 'AbortError' });
    assert.equal((await stays).leases[id]?.state, 'alive');
  });
});
