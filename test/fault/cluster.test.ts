import assert from 'node:assert/strict';
import type { EtcdClient, StatusEvent } from '#src/client/index.js';
import type { EtcdMember } from '#src/testing/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import {
  assertEvents,
  describeEvent,
  expectNoWatchersLeft,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
  useCluster,
  writeContinuously,
} from './support.js';

/** As short as etcd allows. */
const keepaliveOptions = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };

describe('a watch on a cluster of three', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => cluster().members);

  /** A client that reaches each member through a fault proxy, and the member that its watch uses. */
  async function watchThroughProxies() {
    const folder = folderOf(cluster().members[0]!);
    const links = await Promise.all(cluster().members.map((member) => proxy(member)));
    const client = connect(
      links.map(({ endpoint }) => endpoint),
      keepaliveOptions,
    );
    const watcher = client.watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const index = links.findIndex(({ connections }) => connections > 0);
    const received = recordWatch(watcher);
    return { folder, links, client, from, index, member: cluster().members[index]!, received };
  }

  /** A client of the members that are not broken, to write and to read the truth. */
  function without(member: EtcdMember): EtcdClient {
    const others = cluster().members.filter((one) => one !== member);
    return connect(
      others.map(({ endpoint }) => endpoint),
      keepaliveOptions,
    );
  }

  async function assertComplete(
    { folder, from, received }: Awaited<ReturnType<typeof watchThroughProxies>>,
    writer: EtcdClient,
    source: EtcdMember,
  ): Promise<number> {
    const to = await putMarker(writer, folder);
    await receivesRevision(received, to);
    const truth = await readHistory(source.endpoint, folder, from, to);
    assertEvents(received, truth.map(describeEvent));
    return truth.length;
  }

  const another = (member: EtcdMember) => cluster().members.find((one) => one !== member)!;

  it('continues at another member when its member is blackholed, and misses no event', async () => {
    const watch = await watchThroughProxies();
    const writer = without(watch.member);
    const writing = writeContinuously(writer, watch.folder);
    await eventually('events arrive', () => watch.received.events.length > 20);
    watch.links[watch.index]!.blackhole();
    const before = watch.received.events.length;
    await eventually('events arrive again', () => watch.received.events.length > before + 50, 60_000);
    await writing.stop();
    assert.ok((await assertComplete(watch, writer, another(watch.member))) > 70);
  });

  it('continues at another member when its member is paused, and misses no event', async () => {
    const watch = await watchThroughProxies();
    const writer = without(watch.member);
    const writing = writeContinuously(writer, watch.folder);
    await eventually('events arrive', () => watch.received.events.length > 20);
    await watch.member.pause();
    const before = watch.received.events.length;
    const written = writing.acknowledged;
    await eventually('writes continue', () => writing.acknowledged > written + 50, 60_000);
    await eventually('events arrive again', () => watch.received.events.length > before + 50, 60_000);
    await writing.stop();
    await assertComplete(watch, writer, another(watch.member));
    await watch.member.resume();
  });

  it('misses no event when the leader is killed, on the leader and on a follower', async () => {
    const leader = await cluster().leader();
    const direct = await Promise.all(
      cluster().members.map(async (member) => {
        const folder = 'leader/';
        const watcher = connect([member.endpoint], keepaliveOptions).watch({ prefix: folder });
        return { watcher, from: (await watcher.ready) + 1n, received: recordWatch(watcher) };
      }),
    );
    const writer = without(leader);
    const writing = writeContinuously(writer, 'leader/');
    await eventually('writes continue', () => writing.acknowledged > 30);
    await leader.kill();
    const written = writing.acknowledged;
    await eventually('writes continue', () => writing.acknowledged > written + 50, 60_000);
    await leader.restart();
    await writing.stop();
    const to = await putMarker(writer, 'leader/');
    const last = direct.reduce((latest, { from }) => (from > latest ? from : latest), 0n);
    const truth = await readHistory(another(leader).endpoint, 'leader/', last, to);
    for (const { received } of direct) {
      await receivesRevision(received, to);
      const since = received.batches.filter(({ events }) => events.some(({ kv }) => kv.modRevision >= last));
      assertEvents(
        { batches: since, events: since.flatMap(({ events }) => events) },
        truth.map(describeEvent),
      );
    }
  });

  it('reports the loss of quorum as status events, and misses no event after its return', async () => {
    const watch = await watchThroughProxies();
    const statuses: StatusEvent[] = [];
    const listening = (async () => {
      for await (const event of watch.client.status()) statuses.push(event);
    })();
    const writer = connect(cluster().endpoints, keepaliveOptions);
    const writing = writeContinuously(writer, watch.folder);
    await eventually('events arrive', () => watch.received.events.length > 20);
    const others = cluster().members.filter((one) => one !== watch.member);
    await Promise.all(others.map((member) => member.stop()));
    await eventually(
      'the loss is reported',
      () => statuses.some(({ type }) => type === 'disconnected'),
      30_000,
    );
    await eventually(
      'the next attempt is reported',
      () => statuses.some((event) => event.type === 'reopening' && event.attempt >= 2),
      30_000,
    );
    await Promise.all(others.map((member) => member.restart()));
    await eventually(
      'the recovery is reported',
      () => statuses.some(({ type }) => type === 'resumed'),
      60_000,
    );
    const before = watch.received.events.length;
    await eventually('events arrive again', () => watch.received.events.length > before + 20, 60_000);
    await writing.stop();
    await assertComplete(watch, writer, another(watch.member));
    await watch.client.close();
    await listening;
    const resumed = statuses.find(({ type }) => type === 'resumed');
    assert.ok(resumed?.type === 'resumed' && resumed.downMs > 0);
  });

  it('misses no event during two rolling restarts, nor does a mirror', async () => {
    const folder = folderOf(cluster().members[0]!);
    const client = connect(cluster().endpoints, keepaliveOptions);
    const all = Array.from({ length: 50 }, () => client.watch({ prefix: folder }));
    const starts = await Promise.all(all.map(({ ready }) => ready));
    const from = starts.reduce((latest, start) => (start > latest ? start : latest)) + 1n;
    const records = all.map(recordWatch);
    const abort = new AbortController();
    const mirror = client.mirror({ prefix: folder }, { signal: abort.signal });
    const snapshots: string[] = [];
    const mirroring = (async () => {
      for await (const update of mirror) if (update.type === 'snapshot') snapshots.push(update.reason);
    })();
    const writer = connect(cluster().endpoints, keepaliveOptions);
    const writing = writeContinuously(writer, folder);
    for (let round = 0; round < 2; round++) {
      for (const member of cluster().members) {
        const written = writing.acknowledged;
        await member.restart();
        await eventually('writes continue', () => writing.acknowledged > written + 20, 60_000);
      }
    }
    await writing.stop();
    const to = await putMarker(writer, folder);
    const truth = (await readHistory(cluster().endpoints[0]!, folder, from, to)).map(describeEvent);
    for (const received of records) {
      await receivesRevision(received, to);
      assertEvents(received, truth);
    }
    assert.ok((await mirror.waitForRevision(to)) >= to);
    const { kvs } = await client.kv.range({ prefix: folder });
    assert.deepEqual(
      [...mirror.kvs.values()].map(({ key, modRevision }) => `${key} ${modRevision}`).sort(),
      kvs.map(({ key, modRevision }) => `${key} ${modRevision}`).sort(),
    );
    assert.deepEqual(snapshots, ['initial']);
    abort.abort(new Error('enough'));
    await assert.rejects(mirroring, /enough/);
  });
});
