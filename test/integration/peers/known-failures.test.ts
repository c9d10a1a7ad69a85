import assert from 'node:assert/strict';
import { ClosedError } from '#src/errors/index.js';
import type { HeldLease } from '#src/lease/index.js';
import { grpcCounter, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, fillKeys, folderOf, useClients } from '../client/support.js';

// Each of these has failed in another etcd client. Those about watches are in the fault suite; a write
// whose connection is cut is in errors/lost-answers.test.ts.
describe('known failures of other clients', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  it('a put is not applied twice when the connection is cut right after it was sent', async () => {
    const near = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    let ambiguous = 0;
    for (let round = 0; round < 20; round++) {
      const link = await proxy(etcd());
      const proxied = connect([link.endpoint]);
      const key = `${folder}${round}`;
      await proxied.kv.get(key);
      const put = proxied.kv.put(key, 'v').catch(() => ambiguous++);
      // The request is sent in this or the next turn of the event loop: some rounds cut too early, some too late.
      for (let turn = 0; turn < round % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      link.cut();
      await put;
      await proxied.kv.get(key);
      const { kv } = await near.kv.get(key);
      assert.ok(kv === undefined || kv.version === 1n, `version ${kv?.version} in round ${round}`);
    }
    assert.ok(ambiguous > 0, 'every cut was too late');
  });

  it('a lost lease of 2 s is reported before etcd revokes it', async () => {
    const near = connect(etcd().endpoints);
    for (const fault of ['refuse', 'blackhole', 'stall'] as const) {
      const link = await proxy(etcd());
      const lease = await connect([link.endpoint]).lease.hold({ ttlSeconds: 2 });
      const key = `${folderOf(etcd())}k`;
      await near.kv.put(key, 'v', { lease: lease.id });
      let reported = false;
      void lease.ended.then(() => {
        reported = true;
      });
      link[fault]();
      await eventually('etcd has revoked the lease', async () => (await near.kv.get(key)).kv === undefined);
      // etcd has just deleted the key: the lease ended before.
      assert.equal(reported, true, `${fault}: reported too late`);
      assert.equal(lease.held, false);
      assert.equal((await lease.ended).reason, 'lost-contact');
      link.heal();
    }
  });

  it('close() of a client with a lease and a call resolves immediately without a network', async () => {
    for (const fault of ['refuse', 'blackhole', 'acceptSilently'] as const) {
      const link = await proxy(etcd());
      const client = connect([link.endpoint]);
      const lease = await client.lease.hold({ ttlSeconds: 60 });
      link[fault]();
      if (fault === 'acceptSilently') link.cut();
      const calls = [client.kv.get('k'), client.lease.grant({ ttlSeconds: 5 })];
      const ends = calls.map((call) => assert.rejects(call, ClosedError));
      const start = performance.now();
      await client.close();
      assert.equal((await lease.ended).reason, 'closed');
      await Promise.all(ends);
      assert.ok(performance.now() - start < 5_000, `${fault}: ${performance.now() - start} ms`);
      link.heal();
    }
  });

  it('a range of 6 MB arrives in one answer', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    const value = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < 6; i++) await client.kv.put(`${folder}${i}`, value);
    const { kvs } = await client.kv.range({ prefix: folder });
    assert.equal(kvs.length, 6);
    assert.ok(kvs.every((kv) => kv.value.equals(value)));
    await client.kv.delete({ prefix: folder });
  });

  it('a lease of 7,000,000 s, longer than any timer, is renewed when it is due and not before', async function () {
    skipUnlessBreakable(this, etcd()); // counts renewals, which other clients may send too
    const client = connect(etcd().endpoints);
    const renewed = () => etcd().metric('etcd_debugging_lease_renewed_total');
    const keepAlives = () => grpcCounter(etcd(), 'grpc_server_msg_received_total', 'LeaseKeepAlive');
    const leases: HeldLease[] = [];
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message); // Node warns of a timer that it shortens to 1 ms
    process.on('warning', note);
    // A third of the first TTL exceeds 2^31 ms. Of the second, the whole TTL does, but not its third.
    for (const ttlSeconds of [7_000_000, 6_000_000]) leases.push(await client.lease.hold({ ttlSeconds }));
    const before = [await keepAlives(), await renewed()];
    const start = performance.now();
    let reported = false;
    for (const { ended } of leases) void ended.then(() => (reported = true));
    await eventually('two seconds pass', () => performance.now() - start > 2_000);
    process.off('warning', note);
    assert.deepEqual([await keepAlives(), await renewed()], before);
    assert.deepEqual(warnings, []);
    assert.equal(reported, false);
    assert.equal(leases[0]?.ttlSeconds, 7_000_000);
    for (const lease of leases) {
      assert.equal(lease.held, true);
      await lease.revoke();
    }
  });

  it('revisions, versions, counts and lease ids are bigint, as declared', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    const { id } = await client.lease.grant({ ttlSeconds: 60 });
    const put = await client.kv.put(`${folder}k`, 'v', { lease: id });
    const { kv, revision } = await client.kv.get(`${folder}k`);
    const { count } = await client.kv.range({ prefix: folder });
    const watcher = client.watch(`${folder}k`, { startRevision: put.revision });
    const { value: batch } = await watcher[Symbol.asyncIterator]().next();
    await watcher.close();
    const { deleted } = await client.kv.delete({ prefix: folder });
    await client.lease.revoke(id);
    const figures = {
      id,
      put: put.revision,
      revision,
      modRevision: kv?.modRevision,
      createRevision: kv?.createRevision,
      version: kv?.version,
      lease: kv?.lease,
      count,
      deleted,
      nextRevision: batch?.nextRevision,
      eventRevision: batch?.events[0]?.kv.modRevision,
    };
    for (const [name, figure] of Object.entries(figures)) assert.equal(typeof figure, 'bigint', name);
  });

  it('ten thousand keys arrive in one answer, in order', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    await fillKeys(client, folder, 10_000);
    const { kvs, count, more } = await client.kv.range({ prefix: folder });
    assert.deepEqual([kvs.length, count, more], [10_000, 10_000n, false]);
    assert.ok(kvs.every((kv, i) => i === 0 || kvs[i - 1]!.key.compare(kv.key) < 0));
    await client.kv.delete({ prefix: folder });
  });
});
