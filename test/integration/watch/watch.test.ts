import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError, CompactedError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import type { WatchEvent } from '#src/model/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import type { Watcher } from '#src/watch/index.js';
import { losesDeletes } from '#src/watch/server-version.js';
import { grpcCounter, skip, skipIfExternal, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, fill, fillKeys, folderOf, useClients } from '../client/support.js';

const name = ({ type, kv }: WatchEvent) => `${type} ${String(kv.key).split('/').at(-1)}`;

/** Reads until `count` events have arrived. */
async function read(watcher: Watcher, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const batch of watcher) {
    events.push(...batch.events);
    if (events.length >= count) break;
  }
  return events;
}

describe('a watch', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let folder: string;

  const watchers = () => etcd().metric('etcd_debugging_mvcc_watcher_total');
  const streams = () => etcd().metric('etcd_debugging_mvcc_watch_stream_total');

  beforeEach(async () => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
    if (!etcd().canBreak) return;
    // etcd removes the watches of earlier tests with a delay, so each test counts from what it finds.
    await eventually('no stream or watcher of an earlier test is left', async () => (await streams()) === 0);
    await eventually('no stream or watcher of an earlier test is left', async () => (await watchers()) === 0);
  });

  it('from now on delivers everything written after it is ready, and nothing from before', async () => {
    for (let i = 0; i < 30; i++) {
      const key = `${folder}${i}`;
      await client.kv.put(key, 'before');
      const watcher = client.watch(key);
      const revision = await watcher.ready;
      const put = await client.kv.put(key, 'after');
      assert.ok(put.revision > revision);
      const [event] = await read(watcher, 1);
      assert.equal(String(event?.kv.value), 'after');
    }
  });

  it('whose ready is not awaited delivers what is written from its call on', async () => {
    const link = await proxy(etcd());
    const proxied = connect([link.endpoint]);
    await proxied.kv.get('k');
    const reads = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'Range');
    const before = await reads();
    // Its start revision is read before its create is sent. Events between the two are delivered too.
    link.delay({ up: 0, down: 500 });
    const watcher = proxied.watch({ prefix: folder });
    await eventually('its revision is read', async () => (await reads()) > before);
    await client.kv.put(`${folder}k`, 'v');
    link.heal();
    assert.deepEqual((await read(watcher, 1)).map(name), ['put k']);
  });

  it('of one key delivers only events of that key', async () => {
    const watcher = client.watch(`${folder}a`);
    await watcher.ready;
    await client.kv.put(`${folder}ab`, 'v');
    await client.kv.put(`${folder}a`, 'v');
    assert.deepEqual((await read(watcher, 1)).map(name), ['put a']);
  });

  it('delivers a transaction in one batch', async () => {
    const watcher = client.watch({ prefix: folder });
    await watcher.ready;
    const keys = Array.from({ length: 128 }, (_, i) => `${folder}${i}`);
    const { revision } = await client.kv.txn({ success: keys.map((key) => op.put(key, 'v')) });
    for await (const { events, nextRevision } of watcher) {
      assert.equal(events.length, 128);
      assert.ok(events.every(({ kv }) => kv.modRevision === revision));
      assert.equal(nextRevision, revision + 1n);
      break;
    }
  });

  it('delivers the previous key-value on request, and only key and revision of a deleted key', async () => {
    const key = `${folder}k`;
    const { revision: startRevision } = await client.kv.put(key, '1');
    await client.kv.put(key, '2');
    const { revision } = await client.kv.delete(key);
    const [created, changed, deleted] = await read(client.watch(key, { startRevision, prevKv: true }), 3);
    assert.equal(created?.prevKv, undefined);
    assert.equal(String(changed?.prevKv?.value), '1');
    assert.equal(String(deleted?.prevKv?.value), '2');
    assert.equal(deleted?.type, 'delete');
    assert.deepEqual(
      [deleted.kv.modRevision, deleted.kv.value.length, deleted.kv.version],
      [revision, 0, 0n],
    );
    const [plain] = await read(client.watch(key, { startRevision: startRevision + 1n }), 1);
    assert.equal(plain?.prevKv, undefined);
  });

  it('filters one type of event on request', async () => {
    const { revision: startRevision } = await client.kv.put(`${folder}a`, '1');
    await client.kv.delete(`${folder}a`);
    await client.kv.put(`${folder}b`, '1');
    await client.kv.delete(`${folder}b`);
    const received = async (only: 'put' | 'delete') =>
      (await read(client.watch({ prefix: folder }, { startRevision, only }), 2)).map(name);
    assert.deepEqual(await received('put'), ['put a', 'put b']);
    assert.deepEqual(await received('delete'), ['delete a', 'delete b']);
  });

  it('that starts in the future waits for its revision', async () => {
    const { revision } = await client.kv.put(`${folder}k`, 'now');
    const watcher = client.watch(`${folder}k`, { startRevision: revision + 2n });
    await watcher.ready;
    await client.kv.put(`${folder}k`, 'too early');
    await client.kv.put(`${folder}k`, 'then');
    const [event] = await read(watcher, 1);
    assert.equal(String(event?.kv.value), 'then');
  });

  it('delivers a delete of 5,000 keys through a small buffer as one batch', async () => {
    await fillKeys(client, folder, 5_000);
    const watcher = client.watch({ prefix: folder }, { maxBufferedEvents: 10, maxBufferedBytes: 100 });
    await watcher.ready;
    const { deleted, revision } = await client.kv.delete({ prefix: folder });
    assert.equal(deleted, 5_000n);
    for await (const { events } of watcher) {
      assert.equal(events.length, 5_000);
      assert.ok(events.every(({ type, kv }) => type === 'delete' && kv.modRevision === revision));
      break;
    }
  });

  it('joins the fragments of one large revision', async () => {
    const value = Buffer.alloc(600 * 1024, 'x');
    for (let i = 0; i < 10; i++) await client.kv.put(`${folder}${i}`, value);
    // A response of 6 MB without fragments would not be received.
    const narrow = connect(etcd().endpoints, { maxReceiveBytes: 4 * 1024 * 1024 });
    const watcher = narrow.watch({ prefix: folder }, { prevKv: true });
    await watcher.ready;
    const { revision } = await client.kv.delete({ prefix: folder });
    for await (const { events } of watcher) {
      assert.equal(events.length, 10);
      for (const { kv, prevKv } of events) {
        assert.equal(kv.modRevision, revision);
        assert.equal(prevKv?.value.equals(value), true);
      }
      break;
    }
  });

  it('shares one stream with a thousand others, and each receives its own events', async () => {
    const before = [await streams(), await watchers()] as const;
    const all = Array.from({ length: 1_000 }, (_, i) => client.watch(`${folder}${i}`));
    await Promise.all(all.map(({ ready }) => ready));
    assert.deepEqual([await streams(), await watchers()], [before[0] + 1, before[1] + 1_000]);
    await fillKeys(client, folder, 1_000);
    const received = await Promise.all(all.map((watcher) => read(watcher, 1)));
    assert.deepEqual(
      received.map(([event]) => String(event?.kv.key)),
      all.map((_, i) => `${folder}${i}`),
    );
  });

  describe('whose reader is slow', () => {
    const revisions = 2_000;
    const each = 10;

    async function write(): Promise<void> {
      for (let i = 0; i < revisions; i += 40) {
        const some = Array.from({ length: 40 }, (_, n) => i + n);
        await Promise.all(
          some.map((n) =>
            client.kv.txn({
              success: Array.from({ length: each }, (_, k) => op.put(`${folder}${k}`, String(n))),
            }),
          ),
        );
      }
    }

    it('receives all 20,000 events once, in order, through a buffer of 100', async function () {
      this.timeout(60_000);
      const before = await watchers();
      const watcher = client.watch({ prefix: folder }, { maxBufferedEvents: 100 });
      await watcher.ready;
      await write();
      await eventually('it is cancelled on the server', async () => (await watchers()) === before);
      const seen: bigint[] = [];
      for await (const { events } of watcher) {
        const split = events.length % each;
        assert.equal(split, 0, 'whole revisions');
        seen.push(...events.map(({ kv }) => kv.modRevision));
        if (seen.length >= revisions * each) break;
        await turn();
      }
      assert.equal(seen.length, revisions * each);
      assert.equal(new Set(seen).size, revisions);
      for (let i = 1; i < seen.length; i++) assert.ok(seen[i]! >= seen[i - 1]!, `event ${i}`);
    });

    it('does not delay another watch of the same client', async function () {
      this.timeout(60_000);
      const slow = client.watch({ prefix: folder }, { maxBufferedEvents: 100 });
      const fast = client.watch({ prefix: folder });
      await Promise.all([slow.ready, fast.ready]);
      const reading = read(fast, revisions * each);
      await write();
      assert.equal((await reading).length, revisions * each);
      await slow.close();
    });
  });

  describe('that has ended', () => {
    async function live(): Promise<{ watcher: Watcher; before: number }> {
      const before = await watchers();
      const watcher = client.watch({ prefix: folder });
      await watcher.ready;
      assert.equal(await watchers(), before + 1);
      return { watcher, before };
    }
    const gone = (before: number) =>
      eventually('etcd has removed the watcher', async () => (await watchers()) === before);

    it('by break, is removed from the server', async () => {
      const { watcher, before } = await live();
      await client.kv.put(`${folder}k`, 'v');
      for await (const _ of watcher) break;
      await gone(before);
      assert.equal((await watcher.closed).reason, 'closed');
    });

    it('by an exception in the loop, is removed from the server', async () => {
      const { watcher, before } = await live();
      await client.kv.put(`${folder}k`, 'v');
      await assert.rejects(async () => {
        for await (const _ of watcher) throw new Error('of the reader');
      }, /of the reader/);
      await gone(before);
    });

    it('by its signal, is removed from the server and rejects with the signal’s reason', async () => {
      const before = await watchers();
      const abort = new AbortController();
      const watcher = client.watch({ prefix: folder }, { signal: abort.signal });
      await watcher.ready;
      const reading = read(watcher, 1);
      const reason = { any: 'thing' };
      abort.abort(reason);
      await assert.rejects(reading, (thrown) => thrown === reason);
      await gone(before);
    });

    it('by calling close() twice, is removed from the server and ends its iteration', async () => {
      const { watcher, before } = await live();
      const reading = read(watcher, 1);
      await Promise.all([watcher.close(), watcher.close()]);
      assert.deepEqual(await reading, []);
      await gone(before);
    });

    it('before it was ready, leaves nothing on the server', async () => {
      const before = [await streams(), await watchers()];
      const staying = client.watch({ prefix: folder });
      await staying.ready;
      for (let i = 0; i < 50; i++) {
        const startRevision = 1_000_000n; // sent immediately, without a pin
        await client.watch({ prefix: folder }, { startRevision }).close();
      }
      await eventually('only one is left', async () => (await watchers()) === before[1]! + 1);
      await staying.close();
      await eventually('none is left', async () => (await streams()) === before[0]);
    });

    it('with its client, ends with ClosedError, and its stream is closed', async () => {
      const before = await streams();
      const { watcher } = await live();
      const reading = read(watcher, 1);
      await client.close();
      await assert.rejects(reading, ClosedError);
      await eventually('the stream is gone', async () => (await streams()) === before);
    });
  });

  describe('of history that is compacted', () => {
    before(function () {
      skipUnlessBreakable(this, etcd());
    });

    it('ends with the oldest revision left', async () => {
      const first = await fill(client, folder, 10);
      const compacted = await etcd().compact(first + 5n);
      const watcher = client.watch({ prefix: folder }, { startRevision: first });
      await assert.rejects(
        read(watcher, 1),
        (error) => error instanceof CompactedError && error.compactRevision === compacted,
      );
      assert.equal((await watcher.closed).reason, 'compacted');
      assert.equal((await watcher.closed).nextRevision, first);
    });

    it('that starts at the compacted revision continues on a release that loses no delete there', async function () {
      if (losesDeletes(etcd().version)) skip(this, `etcd ${etcd().version} may lose a delete`);
      const first = await fill(client, folder, 10);
      await etcd().compact(first + 5n);
      const events = await read(client.watch({ prefix: folder }, { startRevision: first + 5n }), 5);
      assert.equal(events.length, 5);
    });

    it('while it is disconnected, ends after everything it has received', async () => {
      const link = await proxy(etcd());
      const watcher = connect([link.endpoint]).watch({ prefix: folder });
      await watcher.ready;
      for (let i = 0; i < 5; i++) await client.kv.put(`${folder}${i}`, 'v');
      const iterator = watcher[Symbol.asyncIterator]();
      const received: WatchEvent[] = [];
      const take = async () => received.push(...((await iterator.next()).value?.events ?? []));
      while (received.length < 3) await take();
      link.refuse();
      await client.kv.put(`${folder}missed`, 'v');
      await client.kv.put(`${folder}kept`, 'v');
      await etcd().compact();
      link.heal();
      await assert.rejects(async () => {
        for (;;) await take();
      }, CompactedError);
      const all = ['put 0', 'put 1', 'put 2', 'put 3', 'put 4'];
      assert.deepEqual(received.map(name), all.slice(0, received.length));
      assert.equal((await watcher.closed).reason, 'compacted');
    });

    it('does not affect a watch from now on that has not started', async () => {
      await client.kv.put(`${folder}k`, 'v');
      await etcd().compact();
      const watcher = client.watch({ prefix: folder });
      await watcher.ready;
      await client.kv.put(`${folder}k`, 'v');
      assert.equal((await read(watcher, 1)).length, 1);
    });
  });
});

describe('a watch with progress', () => {
  const { connect, proxy } = useClients();
  let started: EtcdHandle | undefined;
  const etcd = () => started!;

  before(async function () {
    this.timeout(60_000);
    skipIfExternal(this);
    const flag = 'watch-progress-notify-interval'; // the first name exists since 3.6, the second until 3.7
    started = await startEtcd({ args: [`--${flag}=200ms`] }).catch(() =>
      startEtcd({ args: [`--experimental-${flag}=200ms`] }),
    );
  });

  after(() => started?.close());

  it('moves its checkpoint while its keys are idle, and so survives a compaction', async () => {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const watcher = connect([link.endpoint]).watch({ prefix: 'quiet/' }, { progress: true });
    await watcher.ready;
    await fill(client, 'noise/', 100);
    const { revision } = await client.kv.get('x');
    for await (const { events, nextRevision } of watcher) {
      assert.equal(events.length, 0);
      if (nextRevision > revision) break;
    }
    const quiet = connect([link.endpoint]).watch({ prefix: 'quiet/' }, { progress: true });
    const batches = quiet[Symbol.asyncIterator]();
    await quiet.ready;
    await fill(client, 'noise/', 100);
    const { revision: latest } = await client.kv.get('x');
    for (let next = 0n; next <= latest; ) next = (await batches.next()).value!.nextRevision;
    await etcd().compact();
    link.cut();
    await client.kv.put('quiet/k', 'v');
    for (;;) {
      const { value } = await batches.next();
      assert.ok(value);
      if (value.events.length > 0) break;
    }
    await quiet.close();
  });
});
