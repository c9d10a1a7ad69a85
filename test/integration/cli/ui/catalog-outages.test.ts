import assert from 'node:assert/strict';
import { EndpointManager, EtcdClient } from '#src/index.js';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { skipUnlessBreakable, useEtcd } from '../../../support/etcd.js';
import { WatchStallProxy } from '../../../support/watch-stall-proxy.js';
import { ObservedCatalog } from './observed-catalog.js';

describe('the catalog of the page, with an etcd that fails', () => {
  const etcd = useEtcd();
  let proxy: FaultProxy;
  let client: EtcdClient;
  let observed: ObservedCatalog;
  let round = 0;
  let service: string;

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  beforeEach(async () => {
    service = `ui-outages-${++round}/svc`;
    client = new EtcdClient(etcd().clientOptions);
    proxy = await startFaultProxy({ target: etcd().endpoints[0]! });
  });

  afterEach(async () => {
    await etcd().resume();
    await proxy.close();
    await client.close();
    await observed[Symbol.asyncDispose]();
  });

  const observe = async () => {
    observed = await ObservedCatalog.live({ endpoints: [proxy.endpoint] }, `ui-outages-${round}/`);
  };
  const put = async (id: string, lease?: bigint) => {
    const key = `${service}/${id}`;
    const options = lease === undefined ? {} : { lease };
    await new EndpointManager(client, service).addEndpoint(key, { addr: `${id}:1` }, options);
    return key;
  };
  const grant = async () => (await client.lease.grant({ ttlSeconds: 600 })).id;

  it('is away while etcd is frozen, although its connection stays open', async () => {
    const key = await put('e1');
    await observe();
    await etcd().pause();
    await observed.is('away');
    const { error, awayMs = 0, confirmedMsAgo = 0 } = observed.catalog.status();
    assert.notEqual(error, undefined);
    assert.ok(confirmedMsAgo >= awayMs, `confirmed ${confirmedMsAgo} ms ago, away for ${awayMs} ms`);
    assert.ok(observed.rows.has(key));
    await observed.event('etcd-away');
    await etcd().resume();
    await observed.is('live');
    const back = await observed.event('etcd-back');
    assert.ok(back.type === 'etcd-back' && back.forMs > 1_000);
  });

  it('is away while a firewall drops its packets', async () => {
    await observe();
    proxy.blackhole();
    await observed.is('away');
    proxy.heal();
    await observed.is('live');
  });

  it('is away while its watch delivers nothing although reads are answered, and replaces that watch', async () => {
    await using stalling = await WatchStallProxy.start(etcd().endpoints[0]!);
    observed = await ObservedCatalog.live({ endpoints: [stalling.endpoint] }, `ui-outages-${round}/`);
    await observed.event('registered', await put('e1'));
    stalling.stall();
    const key = await put('e2');
    await observed.is('away');
    assert.ok(!observed.rows.has(key));
    assert.match(observed.catalog.status().error ?? '', /the watch is behind/);
    await observed.is('live');
    assert.ok(observed.rows.has(key));
  });

  it('keeps the records over a restart of etcd, without a departure', async () => {
    const key = await put('e1', await grant());
    await observe();
    const before = observed.rows.get(key);
    await etcd().restart();
    await observed.is('live');
    const later = await put('e2');
    await observed.event('registered', later);
    assert.deepEqual(observed.rows.get(key), before);
    assert.deepEqual(observed.typesOf(key), []);
  });

  it('knows that the store was replaced', async () => {
    const [gone, back] = [await put('gone', await grant()), await put('back')];
    await observe();
    await etcd().wipe();
    await put('back');
    assert.equal(await observed.left(gone), 'store-replaced');
    await observed.event('registered', back);
    const resync = await observed.event('resync');
    assert.ok(resync.type === 'resync' && resync.reason === 'rolled-back');
    assert.equal(observed.rows.has(gone), false);
    assert.deepEqual(observed.typesOf(back), ['registered'], 'it did not leave');
    assert.equal(observed.rows.get(back)?.preexisting, true);
  });

  it('has the difference after an outage during which history was compacted', async () => {
    const [kept, revoked, deleted] = [await grant(), await grant(), await grant()];
    const keys = [
      await put('kept', kept),
      await put('revoked', revoked),
      await put('deleted', deleted),
    ] as const;
    await observe();
    const before = observed.rows.get(keys[0]);
    proxy.refuse();
    await observed.is('away');
    await client.lease.revoke(revoked);
    await client.kv.delete(keys[2]);
    const added = await put('added');
    await etcd().compact();
    proxy.heal();
    const resync = await observed.event('resync');
    assert.ok(resync.type === 'resync' && resync.reason === 'compacted');
    assert.equal(await observed.left(keys[1]), 'lease-ended');
    assert.equal(await observed.left(keys[2]), 'deleted');
    await observed.event('registered', added);
    assert.deepEqual(observed.rows.get(keys[0]), before);
    assert.deepEqual(observed.typesOf(keys[0]), []);
    await observed.is('live');
  });

  it('has each change after an outage without a compaction', async () => {
    const key = await put('e1');
    await observe();
    proxy.refuse();
    await observed.is('away');
    await client.kv.delete(key);
    await put('e1');
    proxy.heal();
    await observed.event('registered', key);
    assert.deepEqual(observed.typesOf(key), ['left', 'registered']);
    assert.equal(await observed.left(key), 'deleted');
  });

  it('starts while etcd is away', async () => {
    const key = await put('e1');
    proxy.refuse();
    observed = ObservedCatalog.start({ endpoints: [proxy.endpoint] }, `ui-outages-${round}/`);
    await observed.is('away');
    assert.equal(observed.catalog.snapshot(), undefined);
    proxy.heal();
    await observed.is('live');
    assert.ok(observed.rows.has(key));
    assert.deepEqual(observed.typesOf(key), []);
  });
});

describe('the catalog of the page, with permissions that change', () => {
  const password = 'catalog-reader';
  const etcd = useEtcd({
    auth: {
      rootPassword: 'catalog-root',
      roles: { reads: [{ access: 'read', prefix: 'mine/' }] },
      users: { reader: { password, roles: ['reads'] } },
    },
  });

  it('is refused while a permission is missing, and live when it is granted again', async () => {
    await using root = new EtcdClient(etcd().clientOptions);
    const { roles } = root.auth;
    await roles.revokePermission('reads', { prefix: 'mine/' });
    await using observed = ObservedCatalog.start(etcd().clientOptionsOf('reader'), 'mine/');
    await observed.is('refused');
    assert.match(observed.catalog.status().error ?? '', /PERMISSION_DENIED/);
    await roles.grantPermission('reads', 'read', { prefix: 'mine/' });
    await observed.is('live');
    await root.kv.put('mine/svc/e1', '{"Op":0,"Addr":"10.0.0.1:1","Metadata":null}');
    await observed.event('registered', 'mine/svc/e1');
    await roles.revokePermission('reads', { prefix: 'mine/' });
    await observed.is('refused');
    assert.equal(observed.rows.size, 1);
    await roles.grantPermission('reads', 'read', { prefix: 'mine/' });
    await observed.is('live');
  });
});
