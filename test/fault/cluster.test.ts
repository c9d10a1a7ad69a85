import assert from 'node:assert/strict';
import type { EtcdClient, StatusEvent } from '#src/client/index.js';
import type { EtcdMember } from '#src/testing/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import {
  assertTrue,
  history,
  keepWriting,
  leavesNothing,
  mark,
  reaches,
  record,
  told,
  useCluster,
} from './support.js';

/** Fast enough for a test, and no faster than etcd allows. */
const attentive = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };

describe('a watch on a cluster of three', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect, proxy } = useClients();
  leavesNothing(() => cluster().members);

  /** A client whose only way to each member is a door of its own, and the member that its watch has settled on. */
  async function watched() {
    const folder = folderOf(cluster().members[0]!);
    const doors = await Promise.all(cluster().members.map((member) => proxy(member)));
    const client = connect(
      doors.map(({ endpoint }) => endpoint),
      attentive,
    );
    const watcher = client.watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const index = doors.findIndex(({ connections }) => connections > 0);
    const heard = record(watcher);
    return { folder, doors, client, from, index, member: cluster().members[index]!, heard };
  }

  /** Who writes and reads the truth uses other members than the one that is broken. */
  function without(member: EtcdMember): EtcdClient {
    const others = cluster().members.filter((one) => one !== member);
    return connect(
      others.map(({ endpoint }) => endpoint),
      attentive,
    );
  }

  async function assertWhole(
    { folder, from, heard }: Awaited<ReturnType<typeof watched>>,
    writer: EtcdClient,
    source: EtcdMember,
  ): Promise<number> {
    const to = await mark(writer, folder);
    await reaches(heard, to);
    const truth = await history(source.endpoint, folder, from, to);
    assertTrue(heard, truth.map(told));
    return truth.length;
  }

  const another = (member: EtcdMember) => cluster().members.find((one) => one !== member)!;

  it('whose member vanishes without a word goes on at another, and misses nothing', async () => {
    const watch = await watched();
    const writer = without(watch.member);
    const writing = keepWriting(writer, watch.folder);
    await eventually('events come', () => watch.heard.events.length > 20);
    watch.doors[watch.index]!.blackhole();
    const before = watch.heard.events.length;
    await eventually('events come again', () => watch.heard.events.length > before + 50, 60_000);
    await writing.stop();
    assert.ok((await assertWhole(watch, writer, another(watch.member))) > 70);
  });

  it('whose member is frozen goes on at another, and misses nothing', async () => {
    const watch = await watched();
    const writer = without(watch.member);
    const writing = keepWriting(writer, watch.folder);
    await eventually('events come', () => watch.heard.events.length > 20);
    await watch.member.pause();
    const before = watch.heard.events.length;
    const written = writing.acknowledged;
    await eventually('writes go on', () => writing.acknowledged > written + 50, 60_000);
    await eventually('events come again', () => watch.heard.events.length > before + 50, 60_000);
    await writing.stop();
    await assertWhole(watch, writer, another(watch.member));
    await watch.member.resume();
  });

  it('whose leader is killed misses nothing, be it on the leader itself or on a follower', async () => {
    const leader = await cluster().leader();
    const direct = await Promise.all(
      cluster().members.map(async (member) => {
        const folder = 'leader/';
        const watcher = connect([member.endpoint], attentive).watch({ prefix: folder });
        return { watcher, from: (await watcher.ready) + 1n, heard: record(watcher) };
      }),
    );
    const writer = without(leader);
    const writing = keepWriting(writer, 'leader/');
    await eventually('writes go on', () => writing.acknowledged > 30);
    await leader.kill();
    const written = writing.acknowledged;
    await eventually('writes go on', () => writing.acknowledged > written + 50, 60_000);
    await leader.restart();
    await writing.stop();
    const to = await mark(writer, 'leader/');
    const last = direct.reduce((latest, { from }) => (from > latest ? from : latest), 0n);
    const truth = await history(another(leader).endpoint, 'leader/', last, to);
    for (const { heard } of direct) {
      await reaches(heard, to);
      const since = heard.batches.filter(({ events }) => events.some(({ kv }) => kv.modRevision >= last));
      assertTrue({ batches: since, events: since.flatMap(({ events }) => events) }, truth.map(told));
    }
  });

  it('that loses its quorum is told so by the status, and misses nothing when it is back', async () => {
    const watch = await watched();
    const statuses: StatusEvent[] = [];
    const listening = (async () => {
      for await (const event of watch.client.status()) statuses.push(event);
    })();
    const writer = connect(cluster().endpoints, attentive);
    const writing = keepWriting(writer, watch.folder);
    await eventually('events come', () => watch.heard.events.length > 20);
    const others = cluster().members.filter((one) => one !== watch.member);
    await Promise.all(others.map((member) => member.stop()));
    await eventually('the loss is told', () => statuses.some(({ type }) => type === 'disconnected'), 30_000);
    await eventually(
      'the next try is told',
      () => statuses.some((event) => event.type === 'reopening' && event.attempt >= 2),
      30_000,
    );
    await Promise.all(others.map((member) => member.restart()));
    await eventually('the return is told', () => statuses.some(({ type }) => type === 'resumed'), 60_000);
    const before = watch.heard.events.length;
    await eventually('events come again', () => watch.heard.events.length > before + 20, 60_000);
    await writing.stop();
    await assertWhole(watch, writer, another(watch.member));
    await watch.client.close();
    await listening;
    const resumed = statuses.find(({ type }) => type === 'resumed');
    assert.ok(resumed?.type === 'resumed' && resumed.downMs > 0);
  });

  it('misses nothing while its members are restarted one after the other, twice, nor does a mirror', async () => {
    const folder = folderOf(cluster().members[0]!);
    const client = connect(cluster().endpoints, attentive);
    const all = Array.from({ length: 50 }, () => client.watch({ prefix: folder }));
    const starts = await Promise.all(all.map(({ ready }) => ready));
    const from = starts.reduce((latest, start) => (start > latest ? start : latest)) + 1n;
    const records = all.map(record);
    const abort = new AbortController();
    const mirror = client.mirror({ prefix: folder }, { signal: abort.signal });
    const snapshots: string[] = [];
    const mirroring = (async () => {
      for await (const update of mirror) if (update.type === 'snapshot') snapshots.push(update.reason);
    })();
    const writer = connect(cluster().endpoints, attentive);
    const writing = keepWriting(writer, folder);
    for (let round = 0; round < 2; round++) {
      for (const member of cluster().members) {
        const written = writing.acknowledged;
        await member.restart();
        await eventually('writes go on', () => writing.acknowledged > written + 20, 60_000);
      }
    }
    await writing.stop();
    const to = await mark(writer, folder);
    const truth = (await history(cluster().endpoints[0]!, folder, from, to)).map(told);
    for (const heard of records) {
      await reaches(heard, to);
      assertTrue(heard, truth);
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
