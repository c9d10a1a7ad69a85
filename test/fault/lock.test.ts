import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { PermissionDeniedError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { type Lock, LockLostError } from '#src/lock/index.js';
import type { EtcdConnectOptions } from '#src/testing/index.js';
import { eventually, fill, useClients } from '../integration/client/support.js';
import { secretOf } from '../support/canary.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft, useCluster } from './support.js';

/** The number of waiters of the lock `jobs`. */
const waiters = async (client: EtcdClient) => (await client.lockQueue('jobs')).waiters.length;
const waiting = (client: EtcdClient, count: number) =>
  eventually(`${count} wait`, async () => (await waiters(client)) === count);
const aborted = (lock: Lock, timeoutMs?: number) =>
  eventually('the signal aborts', () => lock.signal.aborted, timeoutMs);

describe('a lock on one member', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);

  before(function () {
    skipIfExternal(this);
  });

  /** A holder, a waiter through a proxy, and a second waiter. */
  async function queueOfThree() {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const far = connect([link.endpoint]);
    const holder = await client.lock('jobs');
    const order: string[] = [];
    const first = far.withLock('jobs', ({ token }) => void order.push(`first ${token > holder.token}`));
    await waiting(client, 1);
    const second = client.withLock('jobs', () => void order.push('second'));
    await waiting(client, 2);
    return { client, link, holder, first, second, order };
  }

  it('is handed over in order after etcd was killed and restarted', async () => {
    const { holder, first, second, order } = await queueOfThree();
    await etcd().kill();
    await etcd().restart();
    assert.equal(holder.held, true);
    await holder.release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first true', 'second']);
  });

  it('keeps the places of those who wait through a compaction, with their connections cut', async () => {
    const { client, link, holder, first, second, order } = await queueOfThree();
    link.refuse();
    await fill(client, 'noise/', 20);
    await etcd().compact();
    link.heal();
    await waiting(client, 2);
    await holder.release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first true', 'second']);
  });

  it('is acquired when its release and a compaction of it happened while the waiter was cut off', async () => {
    const { client, link, holder, first, second, order } = await queueOfThree();
    link.refuse();
    await holder.release();
    await fill(client, 'noise/', 20);
    await etcd().compact();
    link.heal();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first true', 'second']);
  });

  it('is acquired once although the answer to each request was lost once', async () => {
    const client = connect(etcd().endpoints);
    const link = await proxy(etcd());
    const far = connect([link.endpoint]);
    await far.kv.get('connected');
    for (let i = 0; i < 5; i++) {
      link.delay({ up: 0, down: 150 });
      const acquiring = far.lock('jobs');
      // The request has arrived, and its answer is on the way.
      await eventually('the key exists', async () => (await client.lockQueue('jobs')).holder);
      link.cut();
      link.heal();
      const lock = await acquiring;
      const { holder, waiters: others } = await client.lockQueue('jobs');
      assert.equal(holder?.leaseId, lock.leaseId);
      assert.deepEqual(others, []);
      assert.equal(lock.guard.value, holder.createRevision);
      await lock.release();
    }
  });

  it('is waited for through an outage that is shorter than the TTL', async () => {
    const client = connect(etcd().endpoints);
    await etcd().stop();
    const acquiring = client.lock('jobs');
    await etcd().restart();
    await (await acquiring).release();
  });

  it('is lost with its store', async () => {
    const client = connect(etcd().endpoints);
    const lock = await client.lock('jobs');
    const waits = client.lock('jobs').then(
      () => 'acquired',
      (error: Error) => error.name,
    );
    await waiting(client, 1);
    await etcd().wipe();
    await aborted(lock);
    assert.equal(lock.held, false);
    assert.ok(lock.signal.reason instanceof LockLostError);
    assert.equal(await waits, 'LockLostError');
    await using again = await client.lock('jobs');
    await assert.rejects(lock.txn({ success: [op.put('k', 'former')] }), LockLostError);
    assert.equal((await again.txn({ success: [op.put('k', 'v')] })).succeeded, true);
  });

  it('is waited for again in the new store with requeue', async () => {
    const client = connect(etcd().endpoints);
    const lock = await client.lock('jobs');
    const waits = client.lock('jobs', { requeue: true });
    await waiting(client, 1);
    await etcd().wipe();
    await aborted(lock);
    await (await waits).release();
  });

  describe('of a process that is cut off', () => {
    it('has an aborted signal before another acquires it', async () => {
      const client = connect(etcd().endpoints);
      const link = await proxy(etcd());
      const far = connect([link.endpoint]);
      const lock = await far.lock('jobs', { ttlSeconds: 2 });
      let endedAt = Number.POSITIVE_INFINITY;
      lock.signal.addEventListener('abort', () => {
        endedAt = performance.now();
      });
      const next = client.lock('jobs');
      await waiting(client, 1);
      link.blackhole();
      const other = await next;
      assert.ok(endedAt < performance.now(), 'the signal aborted first');
      assert.equal(lock.held, false);
      assert.equal((lock.signal.reason as LockLostError).loss, 'lost-contact');
      assert.ok(other.token > lock.token);
      link.heal();
      await assert.rejects(lock.txn({ success: [op.put('k', 'late')] }), LockLostError);
      await other.release();
    });

    it('does not acquire it when its lease expires while it waits', async () => {
      const client = connect(etcd().endpoints);
      const link = await proxy(etcd());
      const far = connect([link.endpoint]);
      const holder = await client.lock('jobs');
      const waits = far.lock('jobs', { ttlSeconds: 2 }).then(
        () => 'acquired',
        (error: Error) => error.name,
      );
      await waiting(client, 1);
      link.blackhole();
      assert.equal(await waits, 'LockLostError');
      await waiting(client, 0);
      link.heal();
      await holder.release();
    });
  });
});

describe('a lock on three members', function () {
  this.timeout(90_000);
  const cluster = useCluster({ partitions: true });
  const { connect } = useClients();

  it('is handed over in order while the leader moves', async () => {
    const client = connect(cluster().endpoints);
    const holder = await client.lock('jobs');
    const order: number[] = [];
    const calls = [];
    for (const i of [1, 2, 3]) {
      calls.push(client.withLock('jobs', () => void order.push(i)));
      await waiting(client, i);
    }
    await cluster().moveLeader();
    await holder.release();
    await cluster().moveLeader();
    await Promise.all(calls);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('is acquired by a waiter whose member is isolated from the holder’s', async () => {
    const leader = await cluster().leader();
    const follower = cluster().members.find((member) => member !== leader);
    assert.ok(follower);
    const holder = await connect([leader.endpoint]).lock('jobs');
    const client = connect([follower.endpoint, leader.endpoint]);
    const waits = client.lock('jobs');
    await waiting(connect([leader.endpoint]), 1);
    cluster().isolate(follower);
    await holder.release();
    // The isolated member ends its streams, because they require a leader, and the client uses the other one.
    const lock = await waits;
    assert.equal(lock.held, true);
    cluster().rejoin();
    await lock.release();
  });

  it('survives the loss of a member, and its writes are applied', async () => {
    const client = connect(cluster().endpoints);
    const lock = await client.lock('jobs');
    const leader = await cluster().leader();
    await leader.kill();
    assert.equal((await lock.txn({ success: [op.put('k', 'v')] }, { idempotent: true })).succeeded, true);
    assert.equal(lock.held, true);
    await leader.restart();
    await lock.release();
  });
});

describe('a lock of a user', function () {
  this.timeout(60_000);
  const password = secretOf('lock-user');
  const etcd = useEtcd({
    auth: {
      users: { worker: { password, roles: ['worker'] }, stranger: { password } },
      roles: { worker: [{ access: 'readwrite', prefix: 'jobs/' }] },
    },
  });
  const clients = useClients();
  const connectAs = (options: EtcdConnectOptions) => clients.connect(options.endpoints, options);

  it('without the permission is refused at once, and leaves no lease', async () => {
    const root = connectAs(etcd().clientOptions);
    const client = connectAs(etcd().clientOptionsOf('stranger'));
    await assert.rejects(client.lock('jobs'), PermissionDeniedError);
    await eventually('no lease is left', async () => (await root.lease.list()).length === 0);
  });

  it('needs readwrite for the name and a slash', async () => {
    const client = connectAs(etcd().clientOptionsOf('worker'));
    await using lock = await client.lock('jobs');
    assert.equal((await client.lockQueue('jobs')).holder?.leaseId, lock.leaseId);
  });
});
