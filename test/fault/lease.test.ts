import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { useCluster } from './support.js';

/** A client behind a proxy of its own to each member of a cluster. */
function useDoors(endpoints: () => readonly string[]) {
  const { connect } = useClients();
  const doors: FaultProxy[] = [];
  afterEach(async () => {
    await Promise.all(doors.splice(0).map((door) => door.close()));
  });
  return async () => {
    for (const target of endpoints()) doors.push(await startFaultProxy({ target }));
    return { doors: [...doors], client: connect(doors.map(({ endpoint }) => endpoint)) };
  };
}

const carrying = (doors: readonly FaultProxy[]) => doors.filter(({ connections }) => connections > 0);

describe('a lease of 5 s on three members', () => {
  const cluster = useCluster();
  const enter = useDoors(() => cluster().endpoints);

  for (const [fault, work] of [
    ['swallows everything', (door: FaultProxy) => door.blackhole()],
    ['keeps everything back', (door: FaultProxy) => door.stall()],
    ['refuses connections', (door: FaultProxy) => door.refuse()],
  ] as const) {
    it(`survives its member when that ${fault}, by asking another one`, async () => {
      const { doors, client } = await enter();
      const lease = await client.lease.hold({ ttlSeconds: 5 });
      await client.kv.put('kept', 'v', { lease: lease.id });
      // Renewed once, so that its stream is where it will break.
      await eventually('it is renewed', async () => {
        const left = await client.lease.timeToLive(lease.id);
        return (left?.remainingSeconds ?? 0) < 4;
      });
      await eventually('and again', async () => {
        const left = await client.lease.timeToLive(lease.id);
        return (left?.remainingSeconds ?? 0) >= 4;
      });
      const [door] = carrying(doors);
      assert.ok(door);
      work(door);
      const direct = new EtcdClient({ endpoints: cluster().endpoints });
      try {
        const start = performance.now();
        await eventually(
          'three times its time is over',
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

  it('is told lost when all members are silent, before any of them lets go of it', async () => {
    const { doors, client } = await enter();
    const direct = new EtcdClient({ endpoints: cluster().endpoints });
    try {
      const lease = await client.lease.hold({ ttlSeconds: 5 });
      await client.kv.put('kept', 'v', { lease: lease.id });
      assert.ok((await direct.kv.get('kept')).kv, 'and is connected from now on');
      for (const door of doors) door.blackhole();
      const { reason } = await lease.ended;
      assert.equal(reason, 'lost-contact');
      assert.ok((await direct.kv.get('kept')).kv, 'it is still there');
      await eventually('it is gone', async () => !(await direct.kv.get('kept')).kv);
    } finally {
      await direct.close();
    }
  });

  it('survives the loss of the leader', async () => {
    const { client } = await enter();
    const lease = await client.lease.hold({ ttlSeconds: 5 });
    const leader = await cluster().leader();
    await leader.kill();
    const start = performance.now();
    await eventually(
      'three times its time is over',
      () => !lease.held || performance.now() - start > 15_000,
      20_000,
    );
    assert.equal(lease.held, true, JSON.stringify(lease.signal.reason));
    await leader.restart();
    await lease.revoke();
  });
});
