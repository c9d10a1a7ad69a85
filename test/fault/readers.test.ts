import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import {
  assertEvents,
  describeEvent,
  expectNoWatchersLeft,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
} from './support.js';

const MiB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Heap and external memory of the process after garbage collection. */
function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a reader that has stopped', function () {
  this.timeout(120_000);
  const etcd = useEtcd({ args: ['--quota-backend-bytes', String(4 * 1024 * MiB)] });
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  for (const [size, count] of [
    [4 * 1024, 25_000],
    [MiB, 100],
  ] as const) {
    it(`during 100 MB in values of ${size} bytes delays no other reader, uses little memory, and misses no event`, async () => {
      const client = connect(etcd().endpoints);
      const writer = connect(etcd().endpoints);
      const folder = folderOf(etcd());
      const stalled = client.watch({ prefix: folder }, { maxBufferedBytes: 4 * MiB });
      let fastEvents = 0;
      let fastRevision = 0n;
      const fast = client.watch({ prefix: folder });
      const from = (await stalled.ready) + 1n;
      await fast.ready;
      const reading = (async () => {
        for await (const { events, nextRevision } of fast) {
          fastEvents += events.length;
          fastRevision = nextRevision;
        }
      })();
      const before = memoryInUse();
      const value = Buffer.alloc(size, 'x');
      for (let i = 0; i < count; i += 25) {
        const some = Array.from({ length: Math.min(25, count - i) }, (_, n) => i + n);
        await Promise.all(some.map((n) => writer.kv.put(`${folder}${n % 40}`, value)));
      }
      const to = await putMarker(writer, folder);
      await eventually('the fast reader has everything', () => fastRevision > to, 30_000);
      assert.equal(fastEvents, count + 1);
      const retained = memoryInUse() - before;
      assert.ok(retained < 40 * MiB, `${Math.round(retained / MiB)} MiB used for the stopped reader`);
      let events = 0;
      let last = from - 1n;
      for await (const batch of stalled) {
        for (const { kv } of batch.events) {
          assert.equal(kv.modRevision, last + 1n);
          last = kv.modRevision;
        }
        events += batch.events.length;
        if (last >= to) break;
        await turn();
      }
      assert.equal(events, count + 1);
      await fast.close();
      await reading;
    });
  }

  it('misses no event when it continues after a disconnection', async () => {
    const writer = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const folder = folderOf(etcd());
    const watcher = connect([link.endpoint]).watch({ prefix: folder }, { maxBufferedEvents: 100 });
    const from = (await watcher.ready) + 1n;
    await fill(writer, folder, 1_000);
    link.refuse();
    await fill(writer, folder, 1_000);
    link.heal();
    const received = recordWatch(watcher);
    const to = await putMarker(writer, folder);
    await receivesRevision(received, to);
    assertEvents(received, (await readHistory(etcd().endpoints[0]!, folder, from, to)).map(describeEvent));
  });
});
