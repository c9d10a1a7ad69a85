import assert from 'node:assert/strict';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { gatewayOf, isHealthy, skipIfExternal } from './support.js';

describe('a cluster of three', function () {
  this.timeout(120_000);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    cluster = await startEtcdCluster({ members: 3 });
  });

  after(async () => {
    await cluster?.close();
    await cluster?.close();
  });

  it('has members of different endpoints that share their keys', async () => {
    assert.equal(new Set(cluster.endpoints).size, 3);
    assert.deepEqual(
      cluster.members.map(({ endpoint }) => endpoint),
      cluster.endpoints,
    );
    await gatewayOf(cluster.members[0]!).put('shared', 'by all');
    for (const member of cluster.members) assert.equal(await gatewayOf(member).get('shared'), 'by all');
  });

  it('elects another leader while the leader is paused', async () => {
    const old = await cluster.leader();
    await old.pause();
    try {
      assert.notEqual((await cluster.leader()).name, old.name);
    } finally {
      await old.resume();
    }
  });

  it('goes on without a killed member, which catches up when restarted', async () => {
    const leader = await cluster.leader();
    const victim = cluster.members.find((member) => member !== leader)!;
    await victim.kill();
    await gatewayOf(leader).put('meanwhile', 'written');
    await victim.restart();
    assert.equal(await gatewayOf(victim).get('meanwhile'), 'written');
  });

  it('takes a wiped member back as a new one', async () => {
    await gatewayOf(cluster.members[1]!).put('kept', 'by the others');
    await cluster.members[1]!.wipe();
    assert.equal(await gatewayOf(cluster.members[1]!).get('kept'), 'by the others');
    assert.ok(cluster.members.includes(await cluster.leader()));
    await cluster.members[1]!.restart();
    assert.equal(await isHealthy(cluster.members[1]!), true);
  });

  it('comes back when all members were killed and are restarted together', async () => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(cluster.members.map((member) => member.restart()));
    assert.equal(await gatewayOf(cluster.members[2]!).get('shared'), 'by all');
  });

  it('is empty after a wipe of the whole', async () => {
    const { endpoints } = cluster;
    await cluster.wipe();
    assert.deepEqual(cluster.endpoints, endpoints);
    assert.equal(await gatewayOf(cluster.members[0]!).get('shared'), undefined);
    assert.ok(await cluster.leader());
  });
});
