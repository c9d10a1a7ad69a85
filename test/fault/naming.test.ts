import assert from 'node:assert/strict';
import { EndpointManager, register, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { eventually, fill, useClients } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { Etcdctl } from '../support/etcdctl.js';
import {
  assertEvents,
  describeEvent,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
  skipIfExternal,
  useCluster,
} from './support.js';

const addrs = (view: ServiceView | undefined) => view?.endpoints.map(({ addr }) => addr).join(' ');

describe('a registration whose writes are delayed', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect } = useClients();

  it('stores no record after close(), although the leader was paused meanwhile', async () => {
    for (let round = 0; round < 3; round++) {
      const leader = await cluster().leader();
      const others = cluster().members.filter((member) => member !== leader);
      const client = connect([others[round % 2]!.endpoint]);
      const target = `late/${round}`;
      const registration = await register(client, {
        target,
        addr: '10.0.0.1:1',
        ttlSeconds: 3,
      });
      await leader.pause();
      const updates = [1, 2, 3].map((load) => registration.update({ metadata: { load } }).catch(() => {}));
      await registration.close();
      await leader.resume();
      await Promise.all(updates);
      const admin = connect(cluster().endpoints);
      const isGone = async () => (await admin.kv.get(registration.key)).kv === undefined;
      await eventually('the record is gone', isGone, 20_000);
      const { revision } = await admin.kv.get('none');
      // A write through every member flushes what the paused leader still had queued.
      for (const member of cluster().members)
        await connect([member.endpoint]).kv.put('late/mark', member.name);
      const to = await putMarker(admin, 'late/');
      const changes = await readHistory(cluster().endpoints[0]!, 'late/', revision + 1n, to);
      const ofTheRecord = changes.map(describeEvent).filter((line) => line.includes(registration.key));
      assert.deepEqual(ofTheRecord, []);
    }
  });
});

describe('a member that lagged and received a snapshot', function () {
  this.timeout(180_000);
  const { connect } = useClients();
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    cluster = await startEtcdCluster({ partitions: true, args: ['--snapshot-count', '100'] });
  });

  after(() => cluster?.close());

  it('restores no deleted endpoint, and repeats no event to a watch', async () => {
    const leader = await cluster.leader();
    const laggard = cluster.members.find((member) => member !== leader)!;
    const direct = connect(cluster.endpoints.filter((endpoint) => endpoint !== laggard.endpoint));
    const manager = new EndpointManager(direct, 'behind');
    for (const id of ['a', 'b', 'c']) await manager.addEndpoint(`behind/${id}`, { addr: `${id}:1` });
    const client = connect([laggard.endpoint]);
    const directory = new ServiceDirectory(client);
    const views: string[] = [];
    const unfollow = directory.follow('behind', {
      onView: (view) => views.push(addrs(view) ?? ''),
      onFailure: () => {},
    });
    await eventually('the endpoints are shown', () => views.at(-1) === 'a:1 b:1 c:1');
    // Without requireLeader, the stream stays open on the isolated member.
    const watcher = client.watch({ prefix: 'behind/' }, { requireLeader: false });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);

    cluster.isolate(laggard);
    await manager.deleteEndpoint('behind/a');
    await fill(direct, 'behind-noise/', 6_000);
    await manager.addEndpoint('behind/d', { addr: 'd:1' });
    cluster.rejoin();
    await eventually('the view is up to date', () => views.at(-1) === 'b:1 c:1 d:1', 60_000);
    const to = (await manager.addEndpoint('behind/e', { addr: 'e:1' })).revision;
    await receivesRevision(received, to);
    await eventually('the view follows changes', () => views.at(-1) === 'b:1 c:1 d:1 e:1');
    assert.ok(
      (await laggard.metric('etcd_network_snapshot_receive_success')) > 0,
      'the member received a snapshot',
    );
    const gone = views.findIndex((view) => !view.includes('a:1'));
    assert.ok(!views.slice(gone).some((view) => view.includes('a:1')), views.join(' | '));
    assertEvents(received, (await readHistory(leader.endpoint, 'behind/', from, to)).map(describeEvent));
    unfollow();
  });
});

describe('a hundred mirrors behind one stalled link', function () {
  this.timeout(180_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  it('are correct after a compaction during the stall', async () => {
    const direct = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const client = connect([link.endpoint]);
    await fill(direct, 'still/', 50);
    const mirrors = Array.from({ length: 100 }, () => client.mirror({ prefix: 'still/' }));
    const following = mirrors.map(async (mirror) => {
      for await (const _ of mirror);
    });
    for (const one of following) one.catch(() => {});
    await eventually('all mirrors are complete', () => mirrors.every(({ kvs }) => kvs.size === 50), 30_000);
    link.stall();
    for (let i = 0; i < 50; i++) await fill(direct, 'still/', 50, Buffer.alloc(200, i));
    await etcd().compact();
    const { revision } = await direct.kv.put('still/0', 'last');
    link.heal();
    const { kvs } = await direct.kv.range({ prefix: 'still/' });
    const truth = new Map(kvs.map(({ key, modRevision }) => [key.toString('latin1'), modRevision]));
    await Promise.all(mirrors.map((mirror) => mirror.waitForRevision(revision)));
    for (const mirror of mirrors) {
      const found = new Map([...mirror.kvs].map(([key, { modRevision }]) => [key, modRevision]));
      assert.deepEqual(found, truth);
    }
  });
});

describe('an etcd without space', function () {
  this.timeout(120_000);
  const etcd = useEtcd({ args: ['--quota-backend-bytes', String(4 * 1024 * 1024)] });
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  it('keeps a current registration; a lost one reports the reason, and registers again once there is space', async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    const [admin, client] = [connect(etcd().endpoints), connect(etcd().endpoints)];
    const current = await register(client, {
      target: 'full',
      addr: '10.0.0.1:1',
      ttlSeconds: 3,
    });
    const lost = await register(client, {
      target: 'full',
      addr: '10.0.0.2:1',
      ttlSeconds: 3,
    });
    const isFull = () =>
      admin.kv.put('filler', Buffer.alloc(1_000_000)).then(
        () => false,
        () => true,
      );
    await eventually('the quota is used up', isFull, 30_000);
    await admin.lease.revoke(lost.lease!);
    await eventually('the reason is reported', () => lost.lastError?.reason === 'NoSpace', 20_000);
    assert.equal(lost.state, 'registering');
    assert.deepEqual([current.state, current.registrationCount], ['registered', 1]);

    await admin.kv.delete('filler');
    await etcd().compact();
    await etcdctl.run('defrag');
    await etcdctl.run('alarm', 'disarm');
    await eventually('it is registered again', () => lost.registrationCount === 2, 20_000);
    assert.equal((await admin.kv.range({ prefix: 'full/' })).kvs.length, 2);
    assert.equal(current.registrationCount, 1);
  });
});
