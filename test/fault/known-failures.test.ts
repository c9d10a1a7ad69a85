import assert from 'node:assert/strict';
import { ClosedError, CompactedError, InvalidInputError } from '#src/errors/index.js';
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

// Each of these cases fails in another etcd client.
describe('known failures of other clients', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  async function watchThroughProxy() {
    const direct = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const folder = folderOf(etcd());
    const watcher = connect([link.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);
    /** Asserts that the watch receives exactly the events up to a revision. */
    const assertComplete = async (to: bigint) => {
      await receivesRevision(received, to);
      assertEvents(received, (await readHistory(etcd().endpoints[0]!, folder, from, to)).map(describeEvent));
    };
    return { direct, link, folder, received, assertComplete };
  }

  it('rejects a watch of an empty range immediately; later watches work', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    assert.throws(() => client.watch({ key: 'b', rangeEnd: 'a' }), InvalidInputError);
    const watcher = client.watch({ prefix: folder });
    await watcher.ready;
    const received = recordWatch(watcher);
    await client.kv.put(`${folder}k`, 'v');
    await eventually('the event arrives', () => received.events.length === 1);
  });

  it('delivers all writes made during successive disconnections', async () => {
    const { direct, link, folder, assertComplete } = await watchThroughProxy();
    for (let round = 0; round < 10; round++) {
      const before = link.accepted;
      link.refuse();
      for (let i = 0; i < 5; i++) await direct.kv.put(`${folder}${i}`, `${round}`);
      link.heal();
      await eventually('the client connects', () => link.accepted > before);
    }
    await assertComplete(await putMarker(direct, folder));
  });

  it('delivers a backlog of 3,000 revisions after a reconnect', async () => {
    const { direct, link, folder, assertComplete } = await watchThroughProxy();
    link.refuse();
    await fill(direct, folder, 3_000);
    link.heal();
    await assertComplete(await putMarker(direct, folder));
  });

  it("delivers a backlog of 9 MB, twice grpc-js's limit, at the first attempt", async () => {
    const { direct, link, folder, assertComplete } = await watchThroughProxy();
    link.refuse();
    await fill(direct, folder, 900, Buffer.alloc(10_000, 'x'));
    const to = await putMarker(direct, folder);
    const refused = link.accepted;
    link.heal();
    await assertComplete(to);
    assert.ok(link.accepted <= refused + 2, `${link.accepted - refused} connections`);
  });

  it('reports a compaction during a disconnection with both revisions', async () => {
    const { direct, link, folder, received } = await watchThroughProxy();
    link.refuse();
    await fill(direct, folder, 10);
    await etcd().compact();
    link.heal();
    const error = await received.ended;
    assert.ok(error instanceof CompactedError);
    assert.match(error.message, /revision \d+.*compacted/);
  });

  for (const fault of ['refuse', 'blackhole', 'acceptSilently'] as const) {
    it(`resolves close() of a client with watches promptly during ${fault}`, async () => {
      const link = await proxy(etcd());
      const client = connect([link.endpoint]);
      const folder = folderOf(etcd());
      const first = client.watch({ prefix: folder });
      await first.ready;
      link[fault]();
      if (fault === 'acceptSilently') link.cut();
      const ends = [first, ...Array.from({ length: 20 }, () => client.watch({ prefix: folder }))].map(
        recordWatch,
      );
      const mirror = client.mirror({ prefix: folder })[Symbol.asyncIterator]().next();
      const mirrored = assert.rejects(mirror, ClosedError);
      const start = performance.now();
      await client.close();
      for (const { ended } of ends) assert.ok((await ended) instanceof ClosedError);
      await mirrored;
      assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`);
      link.heal();
    });
  }
});
