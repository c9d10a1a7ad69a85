import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import type { FaultProxy } from '#src/testing/index.js';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import {
  assertTrue,
  history,
  keepWriting,
  leavesNothing,
  mark,
  type Record,
  reaches,
  record,
  told,
} from './support.js';

/** Before each test a client beside a door that faults are done to, and a folder of its own; on an etcd of ours alone. */
function useDoor() {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  leavesNothing(() => [etcd()]);
  const scene = {} as { direct: EtcdClient; door: FaultProxy; folder: string };

  before(function () {
    skipIfExternal(this);
  });

  beforeEach(async () => {
    scene.direct = connect(etcd().endpoints);
    scene.door = await proxy(etcd());
    scene.folder = folderOf(etcd());
  });

  return { etcd, connect, scene };
}

describe('a connection that is cut', function () {
  this.timeout(120_000);
  const { etcd, connect, scene } = useDoor();
  let direct: EtcdClient;
  let door: FaultProxy;
  let folder: string;

  beforeEach(() => {
    ({ direct, door, folder } = scene);
  });

  const truth = async (from: bigint, to: bigint) =>
    (await history(etcd().endpoints[0]!, folder, from, to)).map(told);

  it('in the middle of a revision that comes in fragments, at 25 places, hands it over whole and once', async () => {
    // With what was there before, one delete is told in some 12 MB, in pieces of about 2.
    const value = Buffer.alloc(600 * 1024, 'x');
    for (let i = 0; i < 20; i++) await direct.kv.put(`${folder}${i}`, value);
    const { revision } = await direct.kv.delete({ prefix: folder });
    const to = await mark(direct, folder);
    const expected = await truth(revision, to);
    assert.equal(expected.length, 21);
    for (let place = 0; place < 25; place++) {
      const before = door.accepted;
      door.cutAfterBytes(200_000 + place * 480_000, 'down');
      const watcher = connect([door.endpoint]).watch(
        { prefix: folder },
        { startRevision: revision, prevKv: true },
      );
      const heard = record(watcher);
      await reaches(heard, to);
      assert.equal(door.accepted, before + 2, `place ${place}`);
      assertTrue(heard, expected);
      const whole = heard.batches[0]!.events.slice(0, 20);
      assert.ok(whole.every(({ kv, prevKv }) => kv.modRevision === revision && prevKv?.value.equals(value)));
      await watcher.close();
    }
  });

  it('time and again within one such response gets through it, since complete revisions are kept', async () => {
    const value = Buffer.alloc(400 * 1024, 'x');
    const from = (await direct.kv.put(`${folder}0`, value)).revision;
    for (let i = 1; i < 50; i++) await direct.kv.put(`${folder}${i % 10}`, value);
    const to = await mark(direct, folder);
    const watcher = connect([door.endpoint]).watch({ prefix: folder }, { startRevision: from });
    const heard = record(watcher);
    const told = () => (heard.events.at(-1)?.kv.modRevision ?? 0n) >= to;
    let cuts = 0;
    for (; !told(); cuts++) {
      const before = door.accepted;
      door.cutAfterBytes(3_000_000, 'down');
      await eventually('it is cut, or done', () => door.accepted > before || told(), 30_000);
    }
    assert.ok(cuts > 3, `${cuts} cuts`);
    assertTrue(heard, await truth(from, to));
  });

  it('at any byte of what etcd says, while two hundred watches of random ranges run, costs none an event', async () => {
    const client = connect([door.endpoint]);
    const names = Array.from({ length: 30 }, (_, i) => `${folder}${String(i).padStart(2, '0')}`);
    const ranges = Array.from({ length: 200 }, () => {
      const [a, b] = [Math.floor(Math.random() * 30), Math.floor(Math.random() * 30)];
      return [Math.min(a, b), Math.max(a, b)] as const;
    });
    const watchers = ranges.map(([first, last]) =>
      client.watch({ key: `${names[first]}`, rangeEnd: `${names[last]}\xff` }),
    );
    const starts = await Promise.all(watchers.map(({ ready }) => ready));
    const from = starts.reduce((latest, start) => (start > latest ? start : latest)) + 1n;
    const records = watchers.map(record);
    let written = 0;
    const write = async () => {
      const [a, b] = [names[(written * 7) % 30]!, names[(written * 11 + 3) % 30]!];
      if (written++ % 3 === 2) await direct.kv.delete(a);
      else await direct.kv.txn({ success: [a, b].map((key) => op.put(key, String(written))) });
      await sleep(5);
    };
    for (let round = 0; round < 15; round++) {
      // Another place each time: within frames and between them, in acknowledgements and in events.
      door.cutAfterBytes(1_000 + round * 1_997, 'down');
      for (const before = door.accepted; door.accepted === before; ) await write();
    }
    // Both ends of every range are written to in one revision, so that each watch has a last event to wait for.
    const { revision: to } = await direct.kv.txn({ success: names.map((key) => op.put(key, 'end')) });
    const all = await history(etcd().endpoints[0]!, folder, from, to);
    assert.ok(all.length > 200, `${all.length} events`);
    for (const [i, heard] of records.entries()) {
      await reaches(heard, to);
      const [first, last] = ranges[i]!;
      const inRange = all.filter(({ kv }) => {
        const key = String(kv.key);
        return key >= names[first]! && key < `${names[last]!}\xff`;
      });
      assertTrue(heard, inRange.map(told));
    }
  });

  it('at every message to come, one after the other, loses none of them', async () => {
    const watcher = connect([door.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const heard = record(watcher);
    for (let i = 0; i < 30; i++) {
      const before = heard.events.length;
      await direct.kv.put(`${folder}${i % 3}`, String(i));
      await eventually('it is told', () => heard.events.length > before);
      door.cut();
    }
    const to = await mark(direct, folder);
    await reaches(heard, to);
    assertTrue(heard, await truth(from, to));
  });

  it('every 50 ms for five seconds loses nothing, and does not wear etcd down', async () => {
    const client = connect([door.endpoint]);
    const watchers = Array.from({ length: 20 }, () => client.watch({ prefix: folder }));
    const starts = await Promise.all(watchers.map(({ ready }) => ready));
    const from = starts.reduce((latest, start) => (start > latest ? start : latest)) + 1n;
    const records = watchers.map(record);
    const writing = keepWriting(direct, folder);
    const before = door.accepted;
    for (const until = performance.now() + 5_000; performance.now() < until; await sleep(50)) door.cut();
    const dialled = door.accepted - before;
    await writing.stop();
    const to = await mark(direct, folder);
    const expected = await truth(from, to);
    for (const heard of records) {
      await reaches(heard, to);
      assertTrue(heard, expected);
    }
    // Without pauses between its attempts it would dial after each of some hundred cuts.
    assert.ok(dialled < 50, `${dialled} connections in five seconds`);
  });

  it('and refused for a while is taken up when it is served again', async () => {
    const watcher = connect([door.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const heard = record(watcher);
    door.refuse();
    await fill(direct, folder, 3_000);
    const before = door.accepted;
    await eventually('its pauses have grown', () => door.accepted >= before + 5, 30_000);
    door.heal();
    const to = await mark(direct, folder);
    await reaches(heard, to);
    assertTrue(heard, await truth(from, to));
  });
});

describe('a connection that goes bad', function () {
  this.timeout(120_000);
  const { etcd, connect, scene } = useDoor();
  let direct: EtcdClient;
  let door: FaultProxy;
  let folder: string;

  beforeEach(() => {
    ({ direct, door, folder } = scene);
  });

  const now = async () => (await direct.kv.get(folder)).revision;

  /** The fault is given what has been heard. */
  async function survives(fault: (heard: Record) => Promise<void>): Promise<void> {
    const client = connect([door.endpoint], {
      keepaliveTimeMs: 5_000,
      keepaliveTimeoutMs: 1_000,
      connectTimeoutMs: 1_000,
    });
    const watcher = client.watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const heard = record(watcher);
    const writing = keepWriting(direct, folder);
    await eventually('it hears', () => heard.events.length > 20);
    await fault(heard);
    await writing.stop();
    const to = await mark(direct, folder);
    await reaches(heard, to);
    assertTrue(heard, (await history(etcd().endpoints[0]!, folder, from, to)).map(told));
  }

  it('by swallowing everything is given up, and what was missed is told on the next', () =>
    survives(async () => {
      const before = door.accepted;
      door.blackhole();
      await eventually('it dials again', () => door.accepted > before, 30_000);
      door.heal();
    }));

  it('by a peer that accepts and says nothing is taken up when one speaks', () =>
    survives(async () => {
      door.acceptSilently();
      const before = door.accepted;
      door.cut();
      await eventually('it dials again and again', () => door.accepted > before + 2, 30_000);
      door.heal();
    }));

  it('by holding everything back for a while costs nothing', () =>
    survives(async (heard) => {
      const before = door.accepted;
      door.stall();
      const behind = async () => (await now()) - (heard.events.at(-1)?.kv.modRevision ?? 0n);
      await eventually('it is far behind', async () => (await behind()) > 200n);
      door.heal();
      await reaches(heard, await now());
      assert.equal(door.accepted, before);
    }));

  it('by a delay of 200 ms each way, and a cut under it, loses nothing', () =>
    survives(async (heard) => {
      door.delay(200);
      await reaches(heard, await now());
      for (let i = 0; i < 3; i++) {
        const before = door.accepted;
        door.cut();
        await eventually('it dials again', () => door.accepted > before);
        await reaches(heard, await now());
      }
    }));

  it('by etcd being restarted ten times in a row loses nothing', () =>
    survives(async () => {
      for (let i = 0; i < 10; i++) {
        await etcd().kill();
        await etcd().restart();
      }
    }));
});
