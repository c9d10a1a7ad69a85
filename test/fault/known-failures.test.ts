import assert from 'node:assert/strict';
import { ClosedError, CompactedError, InvalidInputError } from '#src/errors/index.js';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { assertTrue, history, leavesNothing, mark, reaches, record, told } from './support.js';

// Each of these was seen to fail in another client of etcd.
describe('what other clients get wrong', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  leavesNothing(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  async function watchedThroughDoor() {
    const direct = connect(etcd().endpoints);
    const door = await proxy(etcd());
    const folder = folderOf(etcd());
    const watcher = connect([door.endpoint]).watch({ prefix: folder });
    const from = (await watcher.ready) + 1n;
    const heard = record(watcher);
    /** That it hears everything up to that revision, and nothing else. */
    const isWhole = async (to: bigint) => {
      await reaches(heard, to);
      assertTrue(heard, (await history(etcd().endpoints[0]!, folder, from, to)).map(told));
    };
    return { direct, door, folder, heard, isWhole };
  }

  it('a watch of an empty range is refused at once, and those after it work', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    assert.throws(() => client.watch({ key: 'b', rangeEnd: 'a' }), InvalidInputError);
    const watcher = client.watch({ prefix: folder });
    await watcher.ready;
    const heard = record(watcher);
    await client.kv.put(`${folder}k`, 'v');
    await eventually('it hears', () => heard.events.length === 1);
  });

  it('writes during a loss, and during another one right after the return, are all told', async () => {
    const { direct, door, folder, isWhole } = await watchedThroughDoor();
    for (let round = 0; round < 10; round++) {
      const before = door.accepted;
      door.refuse();
      for (let i = 0; i < 5; i++) await direct.kv.put(`${folder}${i}`, `${round}`);
      door.heal();
      await eventually('it dials', () => door.accepted > before);
    }
    await isWhole(await mark(direct, folder));
  });

  it('a backlog of 3,000 revisions at the return is told to the last', async () => {
    const { direct, door, folder, isWhole } = await watchedThroughDoor();
    door.refuse();
    await fill(direct, folder, 3_000);
    door.heal();
    await isWhole(await mark(direct, folder));
  });

  it('a backlog of 9 MB at the return, twice the limit of grpc-js, is told at the first attempt', async () => {
    const { direct, door, folder, isWhole } = await watchedThroughDoor();
    door.refuse();
    await fill(direct, folder, 900, Buffer.alloc(10_000, 'x'));
    const to = await mark(direct, folder);
    const refused = door.accepted;
    door.heal();
    await isWhole(to);
    assert.ok(door.accepted <= refused + 2, `${door.accepted - refused} connections`);
  });

  it('a compaction during a loss is told in words', async () => {
    const { direct, door, folder, heard } = await watchedThroughDoor();
    door.refuse();
    await fill(direct, folder, 10);
    await etcd().compact();
    door.heal();
    const error = await heard.ended;
    assert.ok(error instanceof CompactedError);
    assert.match(error.message, /revision \d+.*compacted/);
  });

  for (const fault of ['refuse', 'blackhole', 'acceptSilently'] as const) {
    it(`close() of a client with watches resolves at once while the network says ${fault}`, async () => {
      const door = await proxy(etcd());
      const client = connect([door.endpoint]);
      const folder = folderOf(etcd());
      const up = client.watch({ prefix: folder });
      await up.ready;
      door[fault]();
      if (fault === 'acceptSilently') door.cut();
      const ends = [up, ...Array.from({ length: 20 }, () => client.watch({ prefix: folder }))].map(record);
      const mirror = client.mirror({ prefix: folder })[Symbol.asyncIterator]().next();
      const mirrored = assert.rejects(mirror, ClosedError);
      const start = performance.now();
      await client.close();
      for (const { ended } of ends) assert.ok((await ended) instanceof ClosedError);
      await mirrored;
      assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`);
      door.heal();
    });
  }
});
