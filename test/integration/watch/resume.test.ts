import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { WatchEvent } from '#src/model/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, fill, folderOf, useClients } from '../client/support.js';

const count = 2_500;
const revisionsOf = (events: readonly WatchEvent[]) => events.map(({ kv }) => kv.modRevision);

describe('a watch over 2,500 revisions of backlog', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let direct: EtcdClient;
  let folder: string;
  let first: bigint;

  beforeEach(async function () {
    this.timeout(60_000);
    direct = connect(etcd().endpoints);
    folder = folderOf(etcd());
    // One kilobyte each, so that the next batch is still in flight at a cut.
    first = await fill(direct, folder, count, Buffer.alloc(1_024));
  });

  /** The expected events: the keys in the store with the revisions that put them. */
  async function written(): Promise<bigint[]> {
    const { kvs } = await direct.kv.range({ prefix: folder }, { keysOnly: true });
    return kvs.map(({ modRevision }) => modRevision).sort((a, b) => (a < b ? -1 : 1));
  }

  it('delivers each event once and in order when its connection is cut after the first batch', async () => {
    const link = await proxy(etcd());
    const received: WatchEvent[] = [];
    let batches = 0;
    for await (const { events, nextRevision } of connect([link.endpoint]).watch(
      { prefix: folder },
      { startRevision: first },
    )) {
      received.push(...events);
      assert.equal(nextRevision, events.at(-1)!.kv.modRevision + 1n);
      if (++batches === 1) {
        link.cut();
        assert.ok(received.length < count, 'the cut was after the backlog');
        // Later than the whole backlog: once it is delivered, everything before it must be.
        await direct.kv.put(`${folder}last`, 'v');
      }
      if (String(received.at(-1)?.kv.key) === `${folder}last`) break;
    }
    assert.equal(link.accepted, 2);
    const expected = await written();
    assert.equal(received.length, count + 1);
    assert.deepEqual(revisionsOf(received), expected);
  });

  it('delivers each event once and in order when its connection is cut at every batch and within batches', async () => {
    const link = await proxy(etcd());
    const received: WatchEvent[] = [];
    await direct.kv.put(`${folder}last`, 'v');
    let nextCut = 300_000;
    link.cutAfterBytes(nextCut, 'down');
    for await (const { events } of connect([link.endpoint]).watch(
      { prefix: folder },
      { startRevision: first },
    )) {
      received.push(...events);
      if (String(received.at(-1)?.kv.key) === `${folder}last`) break;
      nextCut += 350_000;
      link.cutAfterBytes(nextCut, 'down');
      link.cut();
    }
    assert.ok(link.accepted > 3, `${link.accepted} connections`);
    assert.deepEqual(revisionsOf(received), await written());
  });

  it('continues in another process at the checkpoint of a processed batch', async () => {
    const received: WatchEvent[] = [];
    let checkpoint: bigint | undefined = first;
    while (received.length < count) {
      const watcher = connect(etcd().endpoints).watch({ prefix: folder }, { startRevision: checkpoint });
      for await (const { events, nextRevision } of watcher) {
        received.push(...events);
        checkpoint = nextRevision;
        break;
      }
    }
    assert.deepEqual(revisionsOf(received), await written());
  });
});

describe('a watch', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  it('survives a crash of etcd, and delivers what was written before and after', async () => {
    const client = connect(etcd().endpoints);
    const watcher = client.watch({ prefix: 'crash/' });
    const received: string[] = [];
    const reading = (async () => {
      for await (const { events } of watcher) {
        received.push(...events.map(({ kv }) => String(kv.key)));
        if (received.includes('crash/after')) return;
      }
    })();
    await watcher.ready;
    await client.kv.put('crash/before', 'v');
    await etcd().kill();
    await etcd().restart();
    await client.kv.put('crash/after', 'v');
    await reading;
    assert.deepEqual(received, ['crash/before', 'crash/after']);
  });

  it('survives an outage during which much was written, and misses nothing', async () => {
    const direct = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const watcher = connect([link.endpoint]).watch({ prefix: 'outage/' });
    await watcher.ready;
    link.refuse();
    await fill(direct, 'outage/', 1_500);
    const refusals = link.accepted;
    await eventually(
      'the watch reconnects while connections are refused',
      () => link.accepted > refusals + 2,
    );
    link.heal();
    const received = new Set<string>();
    let events = 0;
    for await (const batch of watcher) {
      events += batch.events.length;
      for (const { kv } of batch.events) received.add(String(kv.key));
      if (events >= 1_500) break;
    }
    assert.equal(received.size, 1_500);
    assert.equal(events, 1_500);
  });

  it('leaves a member that stops responding, and returns when it responds again', async function () {
    this.timeout(60_000);
    const direct = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const client = connect([link.endpoint], { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 500 });
    const watcher = client.watch({ prefix: 'silent/' });
    await watcher.ready;
    link.blackhole();
    await direct.kv.put('silent/k', 'v');
    const before = link.accepted;
    await eventually('the client replaces the connection', () => link.accepted > before, 15_000);
    link.heal();
    for await (const { events } of watcher) {
      assert.deepEqual(
        events.map(({ kv }) => String(kv.key)),
        ['silent/k'],
      );
      break;
    }
  });
});
