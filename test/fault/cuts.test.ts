import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import type { FaultProxy } from '#src/testing/index.js';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import {
  assertEvents,
  describeEvent,
  expectNoWatchersLeft,
  putMarker,
  type RecordedWatch,
  readHistory,
  receivesRevision,
  recordWatch,
  writeContinuously,
} from './support.js';

/** Creates a direct client, a fault proxy and a folder before each test. Requires an etcd of the tests' own. */
function useFaultProxy() {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);
  const fixture = {} as { direct: EtcdClient; link: FaultProxy; folder: string };

  before(function () {
    skipIfExternal(this);
  });

  beforeEach(async () => {
    fixture.direct = connect(etcd().endpoints);
    fixture.link = await proxy(etcd());
    fixture.folder = folderOf(etcd());
  });

  return { etcd, connect, fixture };
}

describe('a connection that is reset', function () {
  this.timeout(120_000);
  const { etcd, connect, fixture } = useFaultProxy();
  let direct: EtcdClient;
  let link: FaultProxy;
  let folder: string;

  beforeEach(() => {
    ({ direct, link, folder } = fixture);
  });

  const truth = async (from: bigint, to: bigint) =>
    (await readHistory(etcd().endpoints[0]!, folder, from, to)).map(describeEvent);

  it('at 25 places within a fragmented revision, delivers that revision completely and once', async () => {
    // With previous values, one delete is about 12 MB. The client refuses it whole, and gets fragments of about 2 MB.
    const value = Buffer.alloc(600 * 1024, 'x');
    for (let i = 0; i < 20; i++) await direct.kv.put(`${folder}${i}`, value);
    const { revision } = await direct.kv.delete({ prefix: folder });
    const to = await putMarker(direct, folder);
    const expected = await truth(revision, to);
    assert.equal(expected.length, 21);
    for (let place = 0; place < 25; place++) {
      const before = link.accepted;
      link.cutAfterBytes(200_000 + place * 480_000, 'down');
      const watcher = connect([link.endpoint], { maxReceiveBytes: 4 * 1024 * 1024 }).watch(
        { prefix: folder },
        { startRevision: revision, prevKv: true },
      );
      const received = recordWatch(watcher);
      await receivesRevision(received, to);
      assert.equal(link.accepted, before + 2, `place ${place}`);
      assertEvents(received, expected);
      const whole = received.batches[0]!.events.slice(0, 20);
      assert.ok(whole.every(({ kv, prevKv }) => kv.modRevision === revision && prevKv?.value.equals(value)));
      await watcher.close();
    }
  });

  it('repeatedly within one response still makes progress, because complete revisions are kept', async () => {
    const value = Buffer.alloc(400 * 1024, 'x');
    const from = (await direct.kv.put(`${folder}0`, value)).revision;
    for (let i = 1; i < 50; i++) await direct.kv.put(`${folder}${i % 10}`, value);
    const to = await putMarker(direct, folder);
    const watcher = connect([link.endpoint]).watch({ prefix: folder }, { startRevision: from });
    const received = recordWatch(watcher);
    const isComplete = () => (received.events.at(-1)?.kv.modRevision ?? 0n) >= to;
    let cuts = 0;
    for (; !isComplete(); cuts++) {
      const before = link.accepted;
      link.cutAfterBytes(6_000_000, 'down');
      await eventually(
        'the connection is reset, or the watch is complete',
        () => link.accepted > before || isComplete(),
        30_000,
      );
    }
    assert.ok(cuts > 3, `${cuts} cuts`);
    assertEvents(received, await truth(from, to));
  });

  it("at any byte of etcd's answers loses no event of two hundred watches", async () => {
    const client = connect([link.endpoint]);
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
    const records = watchers.map(recordWatch);
    let written = 0;
    const write = async () => {
      const [a, b] = [names[(written * 7) % 30]!, names[(written * 11 + 3) % 30]!];
      if (written++ % 3 === 2) await direct.kv.delete(a);
      else await direct.kv.txn({ success: [a, b].map((key) => op.put(key, String(written))) });
      await sleep(5);
    };
    for (let round = 0; round < 15; round++) {
      // A different place each round: within and between frames, in acknowledgements and in events.
      link.cutAfterBytes(1_000 + round * 1_997, 'down');
      for (const before = link.accepted; link.accepted === before; ) await write();
    }
    while (written < 150) await write(); // on a slow machine the cuts took fewer
    // One revision writes to both ends of every range, so that every watch has a last event.
    const { revision: to } = await direct.kv.txn({ success: names.map((key) => op.put(key, 'end')) });
    const all = await readHistory(etcd().endpoints[0]!, folder, from, to);
    assert.ok(all.length > 200, `${all.length} events`);
    for (const [i, received] of records.entries()) {
      await receivesRevision(received, to);
      const [first, last] = ranges[i]!;
      const inRange = all.filter(({ kv }) => {
        const key = String(kv.key);
        return key >= names[first]! && key < `${names[last]!}\xff`;
      });
      assertEvents(received, inRange.map(describeEvent));
    }
  });

  it('after each message loses no event', async () => {
    const watcher = connect([link.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);
    for (let i = 0; i < 30; i++) {
      const before = received.events.length;
      await direct.kv.put(`${folder}${i % 3}`, String(i));
      await eventually('the event arrives', () => received.events.length > before);
      link.cut();
    }
    const to = await putMarker(direct, folder);
    await receivesRevision(received, to);
    assertEvents(received, await truth(from, to));
  });

  it('every 50 ms for five seconds loses no event, and causes few reconnects', async () => {
    const client = connect([link.endpoint]);
    const watchers = Array.from({ length: 20 }, () => client.watch({ prefix: folder }));
    const starts = await Promise.all(watchers.map(({ ready }) => ready));
    const from = starts.reduce((latest, start) => (start > latest ? start : latest)) + 1n;
    const records = watchers.map(recordWatch);
    const writing = writeContinuously(direct, folder);
    const before = link.accepted;
    for (const until = performance.now() + 5_000; performance.now() < until; await sleep(50)) link.cut();
    const dialled = link.accepted - before;
    await writing.stop();
    const to = await putMarker(direct, folder);
    const expected = await truth(from, to);
    for (const received of records) {
      await receivesRevision(received, to);
      assertEvents(received, expected);
    }
    // Without backoff, the client would connect after each of about a hundred resets.
    assert.ok(dialled < 50, `${dialled} connections in five seconds`);
  });

  it('and refused for a while resumes when connections are accepted again', async () => {
    const watcher = connect([link.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);
    link.refuse();
    await fill(direct, folder, 3_000);
    const before = link.accepted;
    await eventually('the backoff has grown', () => link.accepted >= before + 5, 30_000);
    link.heal();
    const to = await putMarker(direct, folder);
    await receivesRevision(received, to);
    assertEvents(received, await truth(from, to));
  });
});

describe('a faulty connection', function () {
  this.timeout(120_000);
  const { etcd, connect, fixture } = useFaultProxy();
  let direct: EtcdClient;
  let link: FaultProxy;
  let folder: string;

  beforeEach(() => {
    ({ direct, link, folder } = fixture);
  });

  const now = async () => (await direct.kv.get(folder)).revision;

  /** `fault` receives the recorded watch. */
  async function assertNoLossDuring(fault: (received: RecordedWatch) => Promise<void>): Promise<void> {
    const client = connect([link.endpoint], {
      keepaliveTimeMs: 5_000,
      keepaliveTimeoutMs: 1_000,
      connectTimeoutMs: 1_000,
    });
    const watcher = client.watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);
    const writing = writeContinuously(direct, folder);
    await eventually('events arrive', () => received.events.length > 20);
    await fault(received);
    await writing.stop();
    const to = await putMarker(direct, folder);
    await receivesRevision(received, to);
    assertEvents(received, (await readHistory(etcd().endpoints[0]!, folder, from, to)).map(describeEvent));
  }

  it('that is blackholed is replaced, and missed events are delivered', () =>
    assertNoLossDuring(async () => {
      const before = link.accepted;
      link.blackhole();
      await eventually('the client reconnects', () => link.accepted > before, 30_000);
      link.heal();
    }));

  it('to a silent peer is replaced until a peer answers', () =>
    assertNoLossDuring(async () => {
      link.acceptSilently();
      const before = link.accepted;
      link.cut();
      await eventually('the client reconnects repeatedly', () => link.accepted > before + 2, 30_000);
      link.heal();
    }));

  it('that stalls for a while loses no event and is kept', () =>
    assertNoLossDuring(async (received) => {
      const before = link.accepted;
      link.stall();
      const behind = async () => (await now()) - (received.events.at(-1)?.kv.modRevision ?? 0n);
      await eventually('the watch is far behind', async () => (await behind()) > 200n);
      link.heal();
      await receivesRevision(received, await now());
      assert.equal(link.accepted, before);
    }));

  it('with a delay of 200 ms each way, and resets, loses no event', () =>
    assertNoLossDuring(async (received) => {
      link.delay(200);
      await receivesRevision(received, await now());
      for (let i = 0; i < 3; i++) {
        const before = link.accepted;
        link.cut();
        await eventually('the client reconnects', () => link.accepted > before);
        await receivesRevision(received, await now());
      }
    }));

  it('to an etcd that is restarted ten times loses no event', () =>
    assertNoLossDuring(async () => {
      for (let i = 0; i < 10; i++) {
        await etcd().kill();
        await etcd().restart();
      }
    }));
});
