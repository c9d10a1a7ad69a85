import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { register } from '#src/naming/index.js';
import { fillKeys, folderOf } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { useGrpcProxy } from './support/grpc-proxy.js';

describe('a client whose only endpoint is a grpc-proxy', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());
  const startProxy = useGrpcProxy(etcd);
  let client: EtcdClient;
  /** Without the proxy. */
  let direct: EtcdClient;
  let folder: string;

  beforeEach(async () => {
    const proxy = await startProxy();
    client = opened.client([proxy.endpoint]);
    direct = opened.client(etcd().endpoints);
    folder = folderOf(etcd());
  });

  describe('KV', () => {
    it('puts, gets, lists and deletes', async () => {
      const key = Buffer.concat([Buffer.from(folder), Buffer.from([0, 0xff, 0x80])]);
      const value = Buffer.from([0, 1, 0xff]);
      const { revision } = await client.kv.put(key, value);
      const { kv } = await client.kv.get(key);
      assert.deepEqual([kv?.value, kv?.modRevision], [value, revision]);
      const again = await client.kv.put(key, 'again', { prevKv: true });
      assert.deepEqual(again.prevKv?.value, value);
      assert.deepEqual((await client.kv.get(key, { revision })).kv?.value, value);
      await fillKeys(client, folder, 30);
      const { kvs, count, more } = await client.kv.range({ prefix: folder }, { limit: 10 });
      assert.deepEqual([kvs.length, count, more], [10, 31n, true]);
      const { deleted } = await client.kv.delete({ prefix: folder });
      assert.equal(deleted, 31n);
      assert.equal((await client.kv.get(key)).kv, undefined);
    });

    it('commits transactions, also nested ones, in either branch', async () => {
      const lock = `${folder}lock`;
      const attempt = () =>
        client.kv.txn({
          compare: [compare.version(lock, '=', 0n)],
          success: [op.put(lock, 'me'), op.delete(`${folder}x`)],
          failure: [op.get(lock), op.txn({ success: [op.range({ prefix: folder })] })],
        });
      assert.equal((await attempt()).succeeded, true);
      assert.equal((await attempt()).succeeded, false);
    });

    it('streams a prefix page by page, because a proxy does not stream', async () => {
      await fillKeys(direct, folder, 300);
      let count = 0;
      for await (const { kvs } of client.kv.stream({ prefix: folder })) count += kvs.length;
      assert.equal(count, 300);
    });

    it('reads values written without the proxy, except in a serializable read', async () => {
      const key = `${folder}cached`;
      await client.kv.put(key, 'old');
      await client.kv.get(key);
      await direct.kv.put(key, 'new');
      const read = async (serializable: boolean) =>
        (await client.kv.get(key, { serializable })).kv?.value.toString();
      assert.equal(await read(true), 'old', 'the proxy answers serializable reads from its cache');
      assert.equal(await read(false), 'new');
    });
  });

  describe('leases', () => {
    const renewals = () => etcd().metric('etcd_debugging_lease_renewed_total');

    it('are held, although the proxy answers only when it renews itself', async () => {
      const lease = opened.add(await client.lease.hold({ ttlSeconds: 3 }), (one) => one.close());
      const before = await renewals();
      await eventually(
        'it is renewed for longer than two TTLs',
        async () => (await renewals()) >= before + 8,
        30_000,
      );
      assert.ok(lease.held);
    });

    it('are granted, listed, renewed once, queried and revoked', async () => {
      const lease = await client.lease.grant({ ttlSeconds: 60 });
      await client.kv.put(`${folder}leased`, 'v', { lease: lease.id });
      assert.ok((await client.lease.list()).includes(lease.id));
      assert.equal((await client.lease.keepAliveOnce(lease.id)).ttlSeconds, 60);
      const found = await client.lease.timeToLive(lease.id, { keys: true });
      assert.deepEqual(found?.keys.map(String), [`${folder}leased`]);
      await client.lease.revoke(lease.id);
      assert.equal(await client.lease.timeToLive(lease.id), undefined);
      assert.equal((await direct.kv.get(`${folder}leased`)).kv, undefined);
    });

    it('that another client revokes end as expired', async () => {
      const lease = opened.add(await client.lease.hold({ ttlSeconds: 3 }), (one) => one.close());
      await direct.lease.revoke(lease.id);
      assert.equal((await lease.ended).reason, 'expired');
    });
  });

  it('registers servers and dials them by name', async () => {
    opened.add(registerEtcdResolver(client), (resolver) => resolver[Symbol.dispose]());
    const target = `${folder}service`;
    const [one, two] = await opened.servers('one', 'two');
    const start = async (addr: string) =>
      opened.add(await register(client, { target, addr }), (registration) => registration.close());
    const first = await start(one!.addr);
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one');
    await start(two!.addr);
    await caller.untilServedBy('one', 'two');
    await first.close();
    await caller.untilServedBy('two');
  });
});
