import assert from 'node:assert/strict';
import { startEtcdCluster } from '#src/testing/index.js';
import { fill, folderOf, useClients } from '../integration/client/support.js';
import { addCandidate, seesNext } from '../support/election.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft } from './support.js';

describe('the observation of an election', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  /** An observation through a proxy, whose watch has delivered an event. */
  async function observed() {
    const client = connect(etcd().endpoints);
    const name = `${folderOf(etcd())}jobs`;
    const leader = await addCandidate(client, name, 'first');
    const link = await proxy(etcd());
    const observation = connect([link.endpoint]).election.observe(name);
    await seesNext(observation, 'first');
    await leader.proclaim('seen');
    await seesNext(observation, 'seen');
    return { client, name, leader, link, observation };
  }

  it('continues with the newest leader after an outage', async () => {
    const { client, name, leader, link, observation } = await observed();
    const next = observation.next();
    link.refuse();
    await addCandidate(client, name, 'second');
    await leader.leave();
    link.heal();
    assert.equal(String((await next).value?.value), 'second');
    await observation.return?.();
  });

  it('yields undefined after an outage in which the last leader left', async () => {
    const { leader, link, observation } = await observed();
    const next = observation.next();
    link.refuse();
    await leader.leave();
    link.heal();
    assert.deepEqual(await next, { done: false, value: undefined });
    await observation.return?.();
  });

  for (const change of ['another leader', 'no leader', 'the same leader'] as const)
    it(`continues after a compaction during an outage, with ${change}`, async () => {
      const { client, name, leader, link, observation } = await observed();
      const next = observation.next();
      link.refuse();
      if (change === 'another leader') await addCandidate(client, name, 'second');
      if (change !== 'the same leader') await leader.leave();
      await fill(client, folderOf(etcd()), 20);
      await etcd().compact();
      link.heal();
      if (change === 'the same leader') await leader.proclaim('again');
      const expected = { 'another leader': 'second', 'no leader': undefined, 'the same leader': 'again' };
      assert.equal((await next).value?.value.toString(), expected[change]);
      await observation.return?.();
    });

  it('continues after etcd was killed and restarted', async () => {
    const { leader, observation } = await observed();
    const next = observation.next();
    await etcd().kill();
    await etcd().restart();
    await leader.proclaim('after');
    assert.equal(String((await next).value?.value), 'after');
    await observation.return?.();
  });

  it('yields undefined when the store is wiped, and the leader of the new store', async () => {
    const { name, observation } = await observed();
    const next = observation.next();
    await etcd().wipe();
    assert.deepEqual(await next, { done: false, value: undefined });
    await addCandidate(connect(etcd().endpoints), name, 'new');
    await seesNext(observation, 'new');
    await observation.return?.();
  });

  for (const [circumstance, more] of [
    ['exceeds the old revision', 200],
    ['is exactly at the old revision', 0],
  ] as const)
    it(`yields the leader of a new store that ${circumstance} before the reconnect`, async () => {
      const { client, name, link, observation } = await observed();
      const { revision } = await client.kv.put(`${name}-other`, 'old');
      const next = observation.next();
      link.refuse();
      await etcd().wipe();
      const again = connect(etcd().endpoints);
      await addCandidate(again, name, 'new');
      for (;;) {
        const put = await again.kv.put('noise', 'v');
        if (put.revision >= revision + BigInt(more)) break;
      }
      link.heal();
      assert.equal(String((await next).value?.value), 'new');
      await observation.return?.();
    });

  it('ends at once when it is left during an outage', async () => {
    const { link, observation } = await observed();
    const next = observation.next();
    link.refuse();
    await observation.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
    link.heal();
  });
});

describe('the observation of an election through a member that is cut off from the others', function () {
  this.timeout(120_000);
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  it('moves to another member and sees the next leader', async () => {
    await using cluster = await startEtcdCluster({ partitions: true });
    const observation = connect(cluster.endpoints).election.observe('jobs');
    const client = connect(cluster.endpoints);
    const leader = await addCandidate(client, 'jobs', 'first');
    await seesNext(observation, 'first');
    await leader.proclaim('seen');
    await seesNext(observation, 'seen');
    const streams = await Promise.all(
      cluster.members.map((member) => member.metric('etcd_debugging_mvcc_watch_stream_total')),
    );
    const isolated = cluster.members[streams.indexOf(1)]!;
    const others = connect(cluster.endpoints.filter((endpoint) => endpoint !== isolated.endpoint));
    const next = observation.next();
    cluster.isolate(isolated);
    await addCandidate(others, 'jobs', 'second');
    await others.lease.revoke(leader.lease);
    assert.equal(String((await next).value?.value), 'second');
    await observation.return?.();
    cluster.rejoin();
  });
});
