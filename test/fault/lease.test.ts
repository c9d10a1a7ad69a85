import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { useCluster } from './support.js';

/** A client with a fault proxy to each member of a cluster. */
function useFaultProxies(endpoints: () => readonly string[]) {
  const { connect } = useClients();
  const links: FaultProxy[] = [];
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });
  return async () => {
    for (const target of endpoints()) links.push(await startFaultProxy({ target }));
    return { links: [...links], client: connect(links.map(({ endpoint }) => endpoint)) };
  };
}

const connected = (links: readonly FaultProxy[]) => links.filter(({ connections }) => connections > 0);

describe('a lease of 5 s on three members', () => {
  const cluster = useCluster();
  const connectThroughProxies = useFaultProxies(() => cluster().endpoints);

  for (const [fault, work] of [
    ['is blackholed', (link: FaultProxy) => link.blackhole()],
    ['stalls', (link: FaultProxy) => link.stall()],
    ['refuses connections', (link: FaultProxy) => link.refuse()],
  ] as const) {
    it(`is renewed at another member when its member ${fault}`, async () => {
      const { links, client } = await connectThroughProxies();
      const lease = await client.lease.hold({ ttlSeconds: 5 });
      await client.kv.put('kept', 'v', { lease: lease.id });
      // Renewed once, so that its stream is open when the fault begins.
      await eventually('a second has passed', async () => {
        const left = await client.lease.timeToLive(lease.id);
        return (left?.remainingSeconds ?? 0) < 4;
      });
      await eventually('the lease is renewed', async () => {
        const left = await client.lease.timeToLive(lease.id);
        return (left?.remainingSeconds ?? 0) >= 4;
      });
      const [link] = connected(links);
      assert.ok(link);
      work(link);
      const direct = new EtcdClient({ endpoints: cluster().endpoints });
      try {
        const start = performance.now();
        await eventually(
          'three TTLs have passed',
          () => !lease.held || performance.now() - start > 15_000,
          20_000,
        );
        assert.equal(lease.held, true, JSON.stringify(lease.signal.reason));
        assert.ok((await direct.kv.get('kept')).kv);
      } finally {
        await direct.close();
      }
      await lease.revoke();
    });
  }

  it('is reported lost when all members are silent, before etcd expires it', async () => {
    const { links, client } = await connectThroughProxies();
    const direct = new EtcdClient({ endpoints: cluster().endpoints });
    try {
      const lease = await client.lease.hold({ ttlSeconds: 5 });
      await client.kv.put('kept', 'v', { lease: lease.id });
      assert.ok((await direct.kv.get('kept')).kv, 'the record exists');
      for (const link of links) link.blackhole();
      const { reason } = await lease.ended;
      assert.equal(reason, 'lost-contact');
      assert.ok((await direct.kv.get('kept')).kv, 'the key still exists');
      await eventually('the key is gone', async () => !(await direct.kv.get('kept')).kv);
    } finally {
      await direct.close();
    }
  });

  it('survives the loss of the leader', async () => {
    const { client } = await connectThroughProxies();
    const lease = await client.lease.hold({ ttlSeconds: 5 });
    const leader = await cluster().leader();
    await leader.kill();
    const start = performance.now();
    await eventually(
      'three TTLs have passed',
      () => !lease.held || performance.now() - start > 15_000,
      20_000,
    );
    assert.equal(lease.held, true, JSON.stringify(lease.signal.reason));
    await leader.restart();
    await lease.revoke();
  });
});
