import assert from 'node:assert/strict';
import { type EtcdClusterHandle, type EtcdMember, startEtcdCluster } from '#src/testing/index.js';
import { skip, skipIfExternal } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { gatewayOf, isHealthy } from './support.js';

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

  it('has members with different endpoints and the same keys', async () => {
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

  it('continues without a killed member, which catches up after its restart', async () => {
    const leader = await cluster.leader();
    const victim = cluster.members.find((member) => member !== leader)!;
    await victim.kill();
    await gatewayOf(leader).put('meanwhile', 'written');
    await victim.restart();
    assert.equal(await gatewayOf(victim).get('meanwhile'), 'written');
  });

  it('accepts a wiped member as a new one', async () => {
    await gatewayOf(cluster.members[1]!).put('kept', 'by the others');
    await cluster.members[1]!.wipe();
    assert.equal(await gatewayOf(cluster.members[1]!).get('kept'), 'by the others');
    assert.ok(cluster.members.includes(await cluster.leader()));
    await cluster.members[1]!.restart();
    assert.equal(await isHealthy(cluster.members[1]!), true);
  });

  it('rejects the wipe of a member that the quorum needs, without a change', async () => {
    const leader = await cluster.leader();
    // Two followers: a killed leader loses the proposals that others forward to it until they elect another.
    const followers = cluster.members.filter(({ name }) => name !== leader.name);
    const [down, wiped] = followers as [EtcdMember, EtcdMember];
    await down.kill();
    const refusal = new RegExp(`wipe\\(\\) of ${wiped.name} is refused.* 1 answer, and 2 are needed`);
    await assert.rejects(wiped.wipe(), refusal);
    await gatewayOf(wiped).put('quorum', 'of both');
    assert.equal(await gatewayOf(leader).get('quorum'), 'of both');
    await down.restart();
    await wiped.wipe();
    assert.equal(await gatewayOf(wiped).get('quorum'), 'of both');
  });

  it('continues after all members were killed and restarted together', async () => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(cluster.members.map((member) => member.restart()));
    assert.equal(await gatewayOf(cluster.members[2]!).get('shared'), 'by all');
  });

  it('is empty after a wipe of the whole cluster', async () => {
    const { endpoints } = cluster;
    await cluster.wipe();
    assert.deepEqual(cluster.endpoints, endpoints);
    assert.equal(await gatewayOf(cluster.members[0]!).get('shared'), undefined);
    assert.ok(await cluster.leader());
  });
});

describe('a cluster with partitions', function () {
  this.timeout(120_000);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    if (process.platform !== 'linux' || process.env['ETCD_TEST_SOURCE'] === 'docker')
      skip(this, 'members cannot be isolated here');
    cluster = await startEtcdCluster({ partitions: true });
  });

  after(() => cluster?.close());
  afterEach(async () => {
    cluster?.rejoin();
    for (const member of cluster?.members ?? [])
      await eventually(`${member.name} is healthy`, () => isHealthy(member), 15_000);
  });

  it('moves the leadership to the given member, by default to another one', async () => {
    const old = await cluster.leader();
    const wanted = cluster.members.find((member) => member !== old)!;
    assert.equal((await cluster.moveLeader(wanted)).name, wanted.name);
    assert.equal((await cluster.leader()).name, wanted.name);
    assert.notEqual((await cluster.moveLeader()).name, wanted.name);
  });

  it('continues without an isolated leader, which has no quorum but still answers its clients', async () => {
    const old = await cluster.leader();
    cluster.isolate(old);
    const rest = cluster.members.filter((member) => member !== old);
    await eventually('the others are healthy', () => isHealthy(rest[0]!), 15_000);
    await eventually('the isolated leader has no quorum', async () => !(await isHealthy(old)), 15_000);
    await gatewayOf(rest[0]!).put('meanwhile', 'without it');
    assert.ok(rest.includes(await cluster.leader()));
    await eventually(
      'it has no leader',
      async () => (await old.metric('etcd_server_has_leader')) === 0,
      15_000,
    );
    cluster.rejoin();
    await eventually('the rejoined member is healthy', () => isHealthy(old), 15_000);
    assert.equal(await gatewayOf(old).get('meanwhile'), 'without it');
  });

  it('continues with its leader while a follower is isolated, and restarted meanwhile', async () => {
    const leader = await cluster.leader();
    const follower = cluster.members.find((member) => member !== leader)!;
    cluster.isolate(follower);
    await eventually('the follower has no quorum', async () => !(await isHealthy(follower)), 15_000);
    await gatewayOf(leader).put('meanwhile', 'still there');
    await follower.kill();
    const restarted = follower.restart();
    await gatewayOf(leader).put('meanwhile', 'and there');
    assert.equal(await isHealthy(follower), false);
    cluster.rejoin();
    await restarted;
    assert.equal(await gatewayOf(follower).get('meanwhile'), 'and there');
  });

  it('rejects isolate() when it was started without partitions', async () => {
    await using other = await startEtcdCluster({ members: 1 });
    assert.throws(() => other.isolate(other.members[0]!), /partitions: true/);
  });
});
