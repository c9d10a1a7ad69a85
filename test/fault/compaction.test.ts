import assert from 'node:assert/strict';
import { CompactedError } from '#src/errors/index.js';
import type { MirrorUpdate } from '#src/mirror/index.js';
import { eventually, fill, fillKeys, folderOf, useClients } from '../integration/client/support.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { describeEvent, expectNoWatchersLeft, recordWatch } from './support.js';

describe('a compaction', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  it('while fifty watches are disconnected ends each with a typed error and its checkpoint', async () => {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const far = connect([link.endpoint]);
    const folder = folderOf(etcd());
    const watchers = Array.from({ length: 50 }, (_, i) => far.watch({ prefix: `${folder}${i}/` }));
    await Promise.all(watchers.map(({ ready }) => ready));
    const records = watchers.map(recordWatch);
    for (let i = 0; i < 50; i++) await client.kv.put(`${folder}${i}/before`, 'v');
    await eventually('each watch has one event', () => records.every(({ events }) => events.length === 1));
    link.refuse();
    const { revision } = await client.kv.put(`${folder}0/missed`, 'v');
    await fill(client, folderOf(etcd()), 20);
    const compacted = await etcd().compact();
    link.heal();
    // To the server, a watch without events looks like one that missed events.
    const ends = await Promise.all(records.map(({ ended }) => ended));
    for (const [i, error] of ends.entries()) {
      assert.ok(error instanceof CompactedError, `watch ${i}: ${error}`);
      assert.equal(error.compactRevision, compacted);
      const { nextRevision } = await watchers[i]!.closed;
      assert.equal(nextRevision, records[i]!.events[0]!.kv.modRevision + 1n);
      assert.ok(nextRevision! <= revision);
    }
  });

  it('is reported to a slow reader after all received events', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    const watcher = client.watch({ prefix: folder }, { maxBufferedEvents: 50 });
    await watcher.ready;
    await fill(client, folder, 400);
    await eventually(
      'the watch is cancelled on the server',
      async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === 0,
    );
    await fill(client, folder, 400);
    await etcd().compact();
    const late = recordWatch(watcher);
    const error = await late.ended;
    assert.ok(error instanceof CompactedError, String(error));
    assert.ok(late.events.length >= 50, `${late.events.length} events`);
    const lines = late.events.map(describeEvent);
    assert.equal(new Set(lines).size, lines.length);
    const first = late.events[0]!.kv.modRevision;
    for (const [i, { kv }] of late.events.entries()) assert.equal(kv.modRevision, first + BigInt(i));
  });

  it('while a mirror is disconnected gives a snapshot with that reason, without deleted keys', async () => {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const folder = folderOf(etcd());
    await fillKeys(client, `${folder}a`, 500);
    const mirror = connect([link.endpoint]).mirror({ prefix: folder }, { pageSize: 100 });
    const updates = mirror[Symbol.asyncIterator]();
    const next = async () => (await updates.next()).value as MirrorUpdate;
    await next();
    const seen = next();
    await client.kv.put(`${folder}seen`, 'v');
    await seen;
    link.refuse();
    const following = next();
    await client.kv.delete({ prefix: `${folder}a1` });
    await client.kv.put(`${folder}a2`, 'changed');
    await client.kv.put(`${folder}new`, 'v');
    await etcd().compact();
    link.heal();
    const update = await following;
    assert.ok(update.type === 'snapshot', update.type);
    assert.equal(update.reason, 'compacted');
    const truth = await client.kv.range({ prefix: folder });
    assert.deepEqual(
      [...update.kvs.values()].map(({ key, value }) => `${key}=${value}`).sort(),
      truth.kvs.map(({ key, value }) => `${key}=${value}`).sort(),
    );
    assert.equal(update.kvs.has(`${folder}a1`), false);
    await updates.return(undefined);
  });

  it('during each of several disconnections leaves a mirror correct', async () => {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const folder = folderOf(etcd());
    const abort = new AbortController();
    const mirror = connect([link.endpoint]).mirror({ prefix: folder }, { signal: abort.signal });
    const reasons: string[] = [];
    const reading = (async () => {
      for await (const update of mirror) if (update.type === 'snapshot') reasons.push(update.reason);
    })();
    await eventually('the mirror has started', () => reasons.length === 1);
    for (let round = 0; round < 5; round++) {
      link.refuse();
      await client.kv.delete(`${folder}${round - 1}`);
      await client.kv.put(`${folder}${round}`, 'v');
      await client.kv.put(`${folder}${round}`, 'w');
      await etcd().compact();
      link.heal();
      const { revision } = await client.kv.put(`${folder}round`, String(round));
      await mirror.waitForRevision(revision);
      assert.deepEqual([...mirror.kvs.keys()].sort(), [`${folder}${round}`, `${folder}round`]);
    }
    assert.deepEqual(new Set(reasons), new Set(['initial', 'compacted']));
    abort.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
  });
});
