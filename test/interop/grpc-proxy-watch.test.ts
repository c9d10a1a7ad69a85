import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  assertEvents,
  describeEvent,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
} from '../fault/support.js';
import { fill, folderOf } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { type GrpcProxy, useGrpcProxy } from './support/grpc-proxy.js';
import { addResult } from './support/table.js';

describe('a watch through a grpc-proxy', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());
  const startProxy = useGrpcProxy(etcd);
  let proxy: GrpcProxy;
  let client: EtcdClient;
  /** Without the proxy. */
  let direct: EtcdClient;
  let folder: string;

  beforeEach(async () => {
    proxy = await startProxy();
    client = opened.client([proxy.endpoint]);
    direct = opened.client(etcd().endpoints);
    folder = folderOf(etcd());
  });

  it('delivers every event from now on, and from a revision on', async () => {
    const first = await fill(direct, folder, 20);
    const now = client.watch({ prefix: folder });
    const past = client.watch({ prefix: folder }, { startRevision: first });
    const pastDeletes = client.watch(
      { prefix: folder },
      { startRevision: first, only: 'delete', prevKv: true },
    );
    const ready = await now.ready;
    const records = [now, past, pastDeletes].map(recordWatch);
    await direct.kv.delete(`${folder}0`);
    const end = await putMarker(direct, folder);
    await Promise.all(records.slice(0, 2).map((one) => receivesRevision(one, end)));
    await eventually('the delete has arrived', () => records[2]!.events.length > 0);
    const truth = await readHistory(etcd().endpoints[0]!, folder, first, end);
    assertEvents(records[0]!, truth.filter(({ kv }) => kv.modRevision > ready).map(describeEvent));
    assertEvents(records[1]!, truth.map(describeEvent));
    const [deleted] = records[2]!.events;
    assert.deepEqual([deleted?.type, deleted?.prevKv?.value.toString()], ['delete', 'v']);
  });

  it('is one of many of the same range, of which etcd has few', async () => {
    const first = await fill(direct, folder, 10);
    const clients = [client, opened.client([proxy.endpoint]), opened.client([proxy.endpoint])];
    const watchers = clients.flatMap((one) =>
      Array.from({ length: 20 }, (_, i) =>
        i % 2 ? one.watch({ prefix: folder }) : one.watch({ prefix: folder }, { startRevision: first }),
      ),
    );
    const ready = await Promise.all(watchers.map((watcher) => watcher.ready));
    const records = watchers.map(recordWatch);
    const end = await putMarker(direct, folder);
    await Promise.all(records.map((one) => receivesRevision(one, end)));
    const truth = await readHistory(etcd().endpoints[0]!, folder, first, end);
    for (const [i, one] of records.entries()) {
      const from = i % 2 ? ready[i]! : first - 1n;
      assertEvents(one, truth.filter(({ kv }) => kv.modRevision > from).map(describeEvent));
    }
    await eventually(
      'etcd has few of them',
      async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) < watchers.length / 2,
    );
  });

  it('is never ready at a revision that the store does not have', async () => {
    const { revision } = await direct.kv.put(`${folder}a`, 'v');
    const watch = () => client.watch({ prefix: folder }, { startRevision: revision + 1n });
    assert.equal(await watch().ready, revision);
    assert.ok((await watch().ready) <= revision, 'the second joins the first, and the proxy answers itself');
  });

  it('does not report a rollback after a restart of the proxy on which it shared a watch', async () => {
    const { revision } = await direct.kv.put(`${folder}a`, 'v');
    const watch = () => client.watch({ prefix: folder }, { startRevision: revision + 1n });
    const first = watch();
    await first.ready;
    const second = watch();
    await second.ready;
    const kept = recordWatch(second);
    await first.close();
    await proxy.restart();
    await eventually('the watch is live again', () => second.live);
    const end = await putMarker(direct, folder);
    await receivesRevision(kept, end);
    assert.equal(kept.events.length, 1);
  });

  it('misses no event of a long catch-up beside a watch that is up to date', async () => {
    const first = await fill(direct, folder, 3_500);
    const level = client.watch({ prefix: folder });
    await level.ready;
    const ahead = recordWatch(level);
    await direct.kv.put(`${folder}level`, 'v');
    await eventually('the other watch has the event', () => ahead.events.length === 1);
    const behind = recordWatch(
      opened.client([proxy.endpoint]).watch({ prefix: folder }, { startRevision: first }),
    );
    const end = await putMarker(direct, folder);
    await receivesRevision(behind, end);
    assertEvents(behind, (await readHistory(etcd().endpoints[0]!, folder, first, end)).map(describeEvent));
    addResult({
      wrote: 'anyone',
      what: 'a backlog of 3,500 revisions for a watch through a grpc-proxy, beside another watch of the same range',
      read: 'ours, through a grpc-proxy',
      bytes: 'n/a',
      result: 'each delivered once, although the proxy drops events after 1,000 revisions',
    });
  });

  it('is one of a thousand, and continues after a restart of the proxy', async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `${folder}${i}`);
    const watchers = Array.from({ length: 1_000 }, (_, i) => client.watch(keys[i % keys.length]!));
    await Promise.all(watchers.map((watcher) => watcher.ready));
    const records = watchers.map(recordWatch);
    const round = async (count: number) => {
      for (const key of keys) await direct.kv.put(key, 'v');
      await eventually(
        `each has ${count} events`,
        () => records.every(({ events }) => events.length >= count),
        30_000,
      );
    };
    await round(1);
    await proxy.kill();
    for (const key of keys) await direct.kv.put(key, 'missed');
    await proxy.restart();
    await round(3);
    for (const { events } of records)
      assert.deepEqual(
        events.map(({ kv }) => kv.value.toString()),
        ['v', 'missed', 'v'],
      );
  });
});
