import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { AmbiguousWriteError, CompactedError, DeadlineError } from '#src/errors/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import {
  assertEvents,
  describeEvent,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
  writeContinuously,
} from '../fault/support.js';
import { fill, folderOf } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { useGrpcProxy } from './support/grpc-proxy.js';
import { addResult } from './support/table.js';

describe('a faulty grpc-proxy', function () {
  this.timeout(90_000);
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());
  const startProxy = useGrpcProxy(etcd);
  /** Without the proxy. */
  let direct: EtcdClient;
  let folder: string;

  beforeEach(() => {
    direct = opened.client(etcd().endpoints);
    folder = folderOf(etcd());
  });

  /** A fault proxy to an endpoint. */
  const startProxyTo = async (target: string) =>
    opened.add(await startFaultProxy({ target }), (link) => link.close());

  /** A mirror of the folder, read in the background, with the reasons of its snapshots. */
  function mirrorFolder(client: EtcdClient) {
    const abort = new AbortController();
    const mirror = client.mirror({ prefix: folder }, { signal: abort.signal });
    const reasons: string[] = [];
    const reading = (async () => {
      for await (const update of mirror) if (update.type === 'snapshot') reasons.push(update.reason);
    })().catch(() => {});
    opened.add(abort, async () => {
      abort.abort(new Error('enough'));
      await reading;
    });
    const value = (key: string) => mirror.kvs.get(`${folder}${key}`)?.value.toString();
    return { mirror, reasons, value };
  }

  /** A registration, and whether its record is stored under its current lease. */
  async function registerService(client: EtcdClient) {
    const target = `${folder}service`;
    const endpoint = { addr: '10.0.0.7:1' };
    const registration = await register(client, { target, ...endpoint, ttlSeconds: 4 });
    opened.add(registration, (one) => one.close());
    const manager = new EndpointManager(direct, target);
    const isStored = async () => {
      const found = (await manager.list()).get(registration.key);
      return found !== undefined && found.lease === registration.lease;
    };
    return { registration, isStored };
  }

  it('that is restarted repeatedly does not affect a watch, a mirror and a registration', async () => {
    const proxy = await startProxy();
    const client = opened.client([proxy.endpoint]);
    const watcher = client.watch({ prefix: folder });
    const from = await watcher.ready;
    const received = recordWatch(watcher);
    const { mirror, reasons } = mirrorFolder(client);
    const { isStored } = await registerService(client);
    const writing = writeContinuously(direct, folder);
    for (let round = 0; round < 4; round++) {
      const before = received.events.length;
      await proxy.restart();
      await eventually('the watch continues', () => received.events.length > before + 20, 20_000);
    }
    await writing.stop();
    const end = await putMarker(direct, folder);
    await receivesRevision(received, end);
    assertEvents(
      received,
      (await readHistory(etcd().endpoints[0]!, folder, from + 1n, end)).map(describeEvent),
    );
    await mirror.waitForRevision(end);
    const { kvs } = await direct.kv.range({ prefix: folder });
    assert.deepEqual([...mirror.kvs.keys()].sort(), kvs.map(({ key }) => key.toString()).sort());
    assert.deepEqual(reasons, ['initial']);
    await eventually('the record is stored', isStored);
  });

  it('whose etcd is restarted keeps a watch and a registration', async () => {
    const proxy = await startProxy();
    const client = opened.client([proxy.endpoint]);
    const watcher = client.watch({ prefix: folder });
    const from = await watcher.ready;
    const received = recordWatch(watcher);
    const { isStored } = await registerService(client);
    await etcd().kill();
    await assert.rejects(client.kv.get(`${folder}x`, { timeoutMs: 1_000 }), DeadlineError);
    await assert.rejects(client.kv.put(`${folder}x`, 'v', { timeoutMs: 1_000 }), AmbiguousWriteError);
    await etcd().restart();
    await client.kv.put(`${folder}y`, 'v', { idempotent: true, timeoutMs: 30_000 });
    const end = await putMarker(direct, folder);
    await receivesRevision(received, end);
    assertEvents(
      received,
      (await readHistory(etcd().endpoints[0]!, folder, from + 1n, end)).map(describeEvent),
    );
    await eventually('the record is stored', isStored, 30_000);
  });

  it("ends a client's watch with a typed error after a compaction while disconnected", async () => {
    const proxy = await startProxy();
    const link = await startProxyTo(proxy.endpoint);
    const cut = opened.client([link.endpoint]).watch({ prefix: folder });
    await cut.ready;
    const received = recordWatch(cut);
    link.refuse();
    await fill(direct, folder, 20);
    const compacted = await etcd().compact();
    link.heal();
    const error = await received.ended;
    assert.ok(error instanceof CompactedError, String(error));
    assert.equal(error.compactRevision, compacted);
  });

  it('reports a compaction to one watch, and events to all others of that range', async () => {
    const proxy = await startProxy();
    const client = opened.client([proxy.endpoint]);
    const first = await fill(direct, folder, 20);
    await etcd().compact();
    // Keeps the stream open on which the proxy would keep the watch that has ended.
    const elsewhere = client.watch(`elsewhere-${folder}`);
    const neighbour = opened.client([proxy.endpoint]).watch({ prefix: folder });
    await Promise.all([elsewhere.ready, neighbour.ready]);
    const old = recordWatch(client.watch({ prefix: folder }, { startRevision: first }));
    assert.ok((await old.ended) instanceof CompactedError);
    const again = client.watch({ prefix: folder });
    await again.ready;
    const records = [recordWatch(neighbour), recordWatch(again)];
    for (let count = 1; count <= 3; count++) {
      await direct.kv.put(`${folder}0`, String(count));
      await eventually('both receive the event', () =>
        records.every(({ events }) => events.length === count),
      );
    }
  });

  it('that is disconnected from etcd during a compaction makes every mirror resync and every watch end with a typed error', async () => {
    const link = await startProxyTo(etcd().endpoints[0]!);
    const proxy = await startProxy({ before: link.endpoint });
    await direct.kv.put(`${folder}a`, 'before');
    const clients = Array.from({ length: 4 }, () => opened.client([proxy.endpoint]));
    const mirrors = clients.flatMap((client) => [mirrorFolder(client), mirrorFolder(client)]);
    const watches = clients.map((client) => client.watch({ prefix: folder }));
    await Promise.all(watches.map(({ ready }) => ready));
    const records = watches.map(recordWatch);
    await direct.kv.put(`${folder}a`, 'seen');
    await eventually('all mirrors have the value', () => mirrors.every(({ value }) => value('a') === 'seen'));
    await eventually('all watches have the event', () => records.every(({ events }) => events.length === 1));
    link.refuse();
    await direct.kv.put(`${folder}b`, 'v');
    await direct.kv.delete(`${folder}a`);
    await direct.kv.put(`${folder}b`, 'w');
    await etcd().compact();
    link.heal();
    for (const { ended } of records) assert.ok((await ended) instanceof CompactedError);
    await eventually(
      'all mirrors resync',
      () => mirrors.every(({ reasons }) => reasons.at(-1) === 'compacted'),
      30_000,
    );
    for (const value of ['x', 'y', 'z']) {
      await direct.kv.put(`${folder}b`, value);
      await eventually(`all mirrors have ${value}`, () => mirrors.every((one) => one.value('b') === value));
    }
    for (const { mirror } of mirrors) assert.deepEqual([...mirror.kvs.keys()], [`${folder}b`]);
    addResult({
      wrote: 'anyone',
      what: 'changes and a compaction while a grpc-proxy is disconnected from etcd',
      read: 'ours, 8 mirrors and 4 watches of one range through the proxy',
      bytes: 'n/a',
      result: 'mirrors resync and continue; watches end with `CompactedError`',
    });
  });
});
