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
    // Of a kilobyte each, so that a cut finds the next batch still on its way.
    first = await fill(direct, folder, count, Buffer.alloc(1_024));
  });

  /** The truth: what is in the store, by the revisions that put it there. */
  async function written(): Promise<bigint[]> {
    const { kvs } = await direct.kv.range({ prefix: folder }, { keysOnly: true });
    return kvs.map(({ modRevision }) => modRevision).sort((a, b) => (a < b ? -1 : 1));
  }

  it('whose connection is cut after the first batch delivers each event once, in order, none missing', async () => {
    const door = await proxy(etcd());
    const received: WatchEvent[] = [];
    let batches = 0;
    for await (const { events, nextRevision } of connect([door.endpoint]).watch(
      { prefix: folder },
      { startRevision: first },
    )) {
      received.push(...events);
      assert.equal(nextRevision, events.at(-1)!.kv.modRevision + 1n);
      if (++batches === 1) {
        door.cut();
        assert.ok(received.length < count, 'the cut comes before the end of the backlog');
        // Later than all of the backlog: when it is told, so must be everything before it.
        await direct.kv.put(`${folder}last`, 'v');
      }
      if (String(received.at(-1)?.kv.key) === `${folder}last`) break;
    }
    assert.equal(door.accepted, 2);
    const expected = await written();
    assert.equal(received.length, count + 1);
    assert.deepEqual(revisionsOf(received), expected);
  });

  it('whose connection is cut at every batch, and within batches, does so too', async () => {
    const door = await proxy(etcd());
    const received: WatchEvent[] = [];
    await direct.kv.put(`${folder}last`, 'v');
    let nextCut = 300_000;
    door.cutAfterBytes(nextCut, 'down');
    for await (const { events } of connect([door.endpoint]).watch(
      { prefix: folder },
      { startRevision: first },
    )) {
      received.push(...events);
      if (String(received.at(-1)?.kv.key) === `${folder}last`) break;
      nextCut += 350_000;
      door.cutAfterBytes(nextCut, 'down');
      door.cut();
    }
    assert.ok(door.accepted > 3, `${door.accepted} connections`);
    assert.deepEqual(revisionsOf(received), await written());
  });

  it('goes on in another process from the checkpoint of a batch that was dealt with', async () => {
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

  it('lives through a crash of etcd, and tells what was written before and after', async () => {
    const client = connect(etcd().endpoints);
    const watcher = client.watch({ prefix: 'crash/' });
    const told: string[] = [];
    const reading = (async () => {
      for await (const { events } of watcher) {
        told.push(...events.map(({ kv }) => String(kv.key)));
        if (told.includes('crash/after')) return;
      }
    })();
    await watcher.ready;
    await client.kv.put('crash/before', 'v');
    await etcd().kill();
    await etcd().restart();
    await client.kv.put('crash/after', 'v');
    await reading;
    assert.deepEqual(told, ['crash/before', 'crash/after']);
  });

  it('sits out an outage in which much was written, and misses nothing', async () => {
    const direct = connect(etcd().endpoints);
    const door = await proxy(etcd());
    const watcher = connect([door.endpoint]).watch({ prefix: 'outage/' });
    await watcher.ready;
    door.refuse();
    await fill(direct, 'outage/', 1_500);
    const refusals = door.accepted;
    await eventually('it tries again while refused', () => door.accepted > refusals + 2);
    door.heal();
    const told = new Set<string>();
    let events = 0;
    for await (const batch of watcher) {
      events += batch.events.length;
      for (const { kv } of batch.events) told.add(String(kv.key));
      if (events >= 1_500) break;
    }
    assert.equal(told.size, 1_500);
    assert.equal(events, 1_500);
  });

  it('leaves a member that fell silent, and goes on there when it speaks again', async function () {
    this.timeout(60_000);
    const direct = connect(etcd().endpoints);
    const door = await proxy(etcd());
    const client = connect([door.endpoint], { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 500 });
    const watcher = client.watch({ prefix: 'silent/' });
    await watcher.ready;
    door.blackhole();
    await direct.kv.put('silent/k', 'v');
    const before = door.accepted;
    await eventually('it gives the connection up', () => door.accepted > before, 15_000);
    door.heal();
    for await (const { events } of watcher) {
      assert.deepEqual(
        events.map(({ kv }) => String(kv.key)),
        ['silent/k'],
      );
      break;
    }
  });
});
