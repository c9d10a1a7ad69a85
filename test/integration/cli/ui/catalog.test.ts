import assert from 'node:assert/strict';
import { EndpointManager, EtcdClient, register } from '#src/index.js';
import { useEtcd } from '../../../support/etcd.js';
import { Etcdctl } from '../../../support/etcdctl.js';
import { eventually } from '../../../support/eventually.js';
import { ObservedCatalog } from './observed-catalog.js';

describe('the catalog of the page', () => {
  const etcd = useEtcd();
  let client: EtcdClient;
  let round = 0;
  /** The prefix of the keys of one test. */
  let prefix: string;

  beforeEach(() => {
    client = new EtcdClient(etcd().clientOptions);
    prefix = `${etcd().prefix}ui-catalog-${++round}/`;
  });

  afterEach(() => client.close());

  const live = () => ObservedCatalog.live(etcd().clientOptions, prefix);

  const put = async (id: string, metadata?: { readonly status?: string }, lease?: bigint) => {
    const manager = new EndpointManager(client, `${prefix}svc`);
    const key = `${prefix}svc/${id}`;
    await manager.addEndpoint(
      key,
      { addr: `${id}:1`, ...(metadata && { metadata }) },
      lease === undefined ? {} : { lease },
    );
    return key;
  };

  it('lists what was registered before, and shows what is registered after', async () => {
    const before = await put('e1');
    await using observed = await live();
    assert.deepEqual(
      [observed.rows.get(before)?.addr, observed.rows.get(before)?.preexisting],
      ['e1:1', true],
    );
    const after = await put('e2');
    await observed.event('registered', after);
    assert.deepEqual(
      [observed.rows.get(after)?.service, observed.rows.get(after)?.preexisting],
      [`${prefix}svc`, false],
    );
    assert.deepEqual(observed.typesOf(before), []);
  });

  it('shows a registration that closes as drained and left', async () => {
    await using observed = await live();
    const registration = await register(client, { target: `${prefix}svc`, addr: '10.0.0.1:1' });
    const { key } = registration;
    await observed.event('registered', key);
    await registration.close();
    assert.equal(await observed.left(key), 'drained');
    assert.deepEqual(observed.typesOf(key), ['registered', 'drained', 'left']);
    assert.equal(observed.rows.has(key), false);
  });

  it('shows that records drain, and stop draining', async () => {
    const key = await put('e1');
    await using observed = await live();
    await put('e1', { status: 'draining' });
    await put('e1', {});
    await observed.event('undrained', key);
    assert.deepEqual(observed.typesOf(key), ['drained', 'undrained']);
  });

  it('knows why records left', async () => {
    const lease = async () => (await client.lease.grant({ ttlSeconds: 600 })).id;
    const [alive, revoked, expiring] = [
      await lease(),
      await lease(),
      (await client.lease.grant({ ttlSeconds: 1 })).id,
    ];
    const keys = [
      await put('permanent'),
      await put('alive', {}, alive),
      await put('revoked', {}, revoked),
      await put('expiring', {}, expiring),
    ] as const;
    await using observed = await live();
    await client.kv.delete(keys[0]);
    await client.kv.delete(keys[1]);
    await client.lease.revoke(revoked);
    const reasons = await Promise.all(keys.map((key) => observed.left(key)));
    assert.deepEqual(reasons, ['deleted', 'deleted', 'lease-ended', 'lease-ended']);
    await client.lease.revoke(alive);
  });

  it('shows a value that is not an endpoint in a service that has one, and no other', async () => {
    await client.kv.put(`${prefix}config/log`, 'debug');
    await client.kv.put(`${prefix}config/db`, '{"host":"db1"}');
    const [key, other] = [await put('e1'), await put('e2')];
    await using observed = await live();
    await client.kv.put(key, 'no endpoint');
    await observed.event('unreadable', key);
    assert.match(observed.rows.get(key)?.problem ?? '', /not JSON/);
    assert.deepEqual([...observed.rows.keys()], [key, other]);
    await client.kv.delete(other);
    await observed.event('left', other);
    assert.deepEqual([...observed.rows.keys()], []);
  });

  it('is confirmed again and again', async () => {
    await using observed = await live();
    const isConfirmed = () => (observed.catalog.status().confirmedMsAgo ?? Number.POSITIVE_INFINITY) < 1_000;
    await eventually('a confirmation', isConfirmed);
    await eventually('the confirmation gets older', () => !isConfirmed());
    await eventually('another confirmation', isConfirmed);
  });

  it('shows the holder and the waiters of a lock, and since when it is held', async () => {
    const name = `${prefix}jobs`;
    const first = await client.lock(name);
    await using observed = await live();
    assert.deepEqual(
      [observed.queues.get(name)?.kind, observed.queues.get(name)?.heldBefore],
      ['lock', true],
    );
    const waiting = client.lock(name);
    await eventually('a waiter', () => observed.queues.get(name)?.entries.length === 2);
    const [holder, waiter] = observed.queues.get(name)?.entries ?? [];
    assert.deepEqual([holder?.key, holder?.preexisting], [first.key.toString(), true]);
    await first.release();
    const second = await waiting;
    await eventually('the waiter holds the lock', () => observed.queues.get(name)?.heldBefore === false);
    assert.equal(observed.queues.get(name)?.entries[0]?.key, waiter?.key);
    await second.release();
    await eventually('the lock is free', () => !observed.queues.has(name));
    assert.equal(observed.rows.size, 0);
  });

  it('shows the leader of an election with its value', async () => {
    const name = `${prefix}leader`;
    await using observed = await live();
    const campaign = new AbortController();
    const terms = client.election
      .campaign(name, '10.0.0.1:1', { signal: campaign.signal })
      [Symbol.asyncIterator]();
    await terms.next();
    const queue = await eventually('the leader', () => observed.queues.get(name));
    assert.deepEqual([queue.kind, queue.entries[0]?.value], ['election', '10.0.0.1:1']);
    await terms.return?.();
    await eventually('no leader', () => !observed.queues.has(name));
  });

  it("shows etcdctl's locks", async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    await using observed = await live();
    const lock = etcdctl.start('lock', `${prefix}ctl`);
    const queue = await eventually('the lock', () => observed.queues.get(`${prefix}ctl`));
    assert.deepEqual([queue.kind, queue.entries.length], ['lock', 1]);
    await lock.stop();
    await eventually('the lock is free', () => !observed.queues.has(`${prefix}ctl`));
  });
});
