import assert from 'node:assert/strict';
import { delay } from '#src/async/index.js';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError } from '#src/errors/index.js';
import { LockLostError } from '#src/lock/index.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('a call of lock()', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let name: string;

  before(function () {
    skipIfExternal(this); // an external etcd has the leases of others
  });

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  const nothingIsLeft = () =>
    eventually('no key and no lease is left', async () => {
      const { count } = await client.kv.range({ prefix: `${name}/` }, { countOnly: true });
      return count === 0n && (await client.lease.list()).length === 0;
    });
  const waiting = (count: number) =>
    eventually(`${count} wait`, async () => (await client.lockQueue(name)).waiters.length === count);

  describe('that is aborted', () => {
    it('rejects with the reason, and leaves no key and no lease, at any moment of it', async () => {
      const link = await proxy(etcd());
      const far = connect([link.endpoint]);
      await far.kv.get('connected');
      link.delay({ up: 20, down: 20 });
      const reason = new Error('enough');
      let acquired = 0;
      // A call takes two round trips of 40 ms.
      for (let ms = 0; ms <= 120; ms += 5) {
        const leaving = new AbortController();
        const timer = setTimeout(() => leaving.abort(reason), ms);
        await far.lock(name, { signal: leaving.signal }).then(
          async (lock) => {
            clearTimeout(timer);
            acquired++;
            await lock.release();
          },
          (error) => assert.equal(error, reason),
        );
      }
      assert.ok(acquired > 0 && acquired < 24, `${acquired} acquired`);
      await nothingIsLeft();
    });

    it('before it is called sends nothing', async () => {
      const reason = new Error('before');
      const calls = await etcd().metric('grpc_server_started_total');
      await assert.rejects(
        client.lock(name, { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
      assert.equal(await etcd().metric('grpc_server_started_total'), calls);
    });

    it('after it has acquired the lock keeps the lock', async () => {
      const leaving = new AbortController();
      await using lock = await client.lock(name, { signal: leaving.signal });
      leaving.abort();
      assert.equal(lock.held, true);
      assert.equal(lock.signal.aborted, false);
    });
  });

  describe('whose client is closed', () => {
    it('rejects with ClosedError while it waits', async () => {
      await using _holder = await client.lock(name);
      const other = connect(etcd().endpoints);
      const waits = other.lock(name, { ttlSeconds: 2 });
      await waiting(1);
      await Promise.all([assert.rejects(waits, ClosedError), other.close()]);
      await waiting(0);
    });

    it('leaves no key and no lease when close() resolves, at any moment of it', async () => {
      const link = await proxy(etcd());
      const holder = await client.lock(name);
      // A call takes two round trips of 40 ms.
      for (let ms = 0; ms <= 120; ms += 10) {
        const far = connect([link.endpoint]);
        await far.kv.get('connected');
        link.delay({ up: 20, down: 20 });
        const rejected = assert.rejects(far.lock(name), ClosedError);
        await delay(ms);
        await Promise.all([rejected, far.close()]);
        const { waiters } = await client.lockQueue(name);
        assert.deepEqual(
          [waiters.length, await client.lease.list()],
          [0, [holder.leaseId]],
          `after ${ms} ms`,
        );
        link.delay({ up: 0, down: 0 });
      }
      await holder.release();
    });

    it('leaves nothing either if it was aborted before, with a lock of a namespace', async () => {
      const holder = await client.lock(name);
      for (const wait of [0, 50]) {
        const other = connect(etcd().endpoints);
        await other.kv.get('connected');
        const reason = new Error('SIGTERM');
        const stop = new AbortController();
        const waits = [
          other.lock(name, { signal: stop.signal }),
          other.namespace(name.slice(0, -'jobs'.length)).lock('jobs', { signal: stop.signal }),
        ];
        const rejected = waits.map((waiter) => assert.rejects(waiter, (error) => error === reason));
        await delay(wait);
        stop.abort(reason);
        await Promise.all([...rejected, other.close()]);
        assert.deepEqual((await client.lockQueue(name)).waiters, []);
        assert.deepEqual(await client.lease.list(), [holder.leaseId]);
      }
      await holder.release();
    });

    it('is not removed by a dead etcd, which delays close() by its bound only', async () => {
      const link = await proxy(etcd());
      await using _holder = await client.lock(name);
      const far = connect([link.endpoint]);
      const waits = far.lock(name, { ttlSeconds: 2 });
      await waiting(1);
      link.blackhole();
      const start = performance.now();
      const rejectedAt = assert.rejects(waits, ClosedError).then(() => performance.now() - start);
      const closings = [far.close(), far.close()];
      assert.ok((await rejectedAt) < 1_000);
      await assert.rejects(far.kv.get('x'), ClosedError);
      await Promise.all(closings);
      const tookMs = performance.now() - start;
      assert.ok(tookMs > 1_900 && tookMs < 4_000, `took ${tookMs} ms`);
      await waiting(0);
    });

    it('has an aborted signal while it holds, and the lock is free after the TTL', async () => {
      const other = connect(etcd().endpoints);
      const lock = await other.lock(name, { ttlSeconds: 2 });
      const { signal } = lock;
      await other.close();
      assert.equal((await client.lockQueue(name)).holder?.leaseId, lock.leaseId);
      assert.equal(lock.held, false);
      assert.ok(signal.reason instanceof LockLostError);
      assert.equal(signal.reason.loss, 'closed');
      await assert.rejects(lock.txn({}), LockLostError);
      await lock.release();
      await using _next = await client.lock(name);
    });
  });

  describe('whose lease is revoked', () => {
    it('by another client while it waits, rejects with LockLostError', async () => {
      await using _holder = await client.lock(name);
      const other = connect(etcd().endpoints);
      const waits = other.lock(name);
      await waiting(1);
      const [waiter] = (await client.lockQueue(name)).waiters;
      await Promise.all([
        assert.rejects(waits, (error: Error) => {
          assert.ok(error instanceof LockLostError);
          assert.match(error.message, /^ABORTED: the lock '.*jobs' was lost: /);
          return true;
        }),
        client.lease.revoke(waiter!.leaseId!),
      ]);
    });

    it('by another client while it waits with requeue, waits again at the end', async () => {
      const holder = await client.lock(name);
      const other = connect(etcd().endpoints);
      const waits = other.lock(name, { requeue: true });
      await waiting(1);
      const [waiter] = (await client.lockQueue(name)).waiters;
      await client.lease.revoke(waiter!.leaseId!);
      await eventually('it waits with another lease', async () => {
        const [again] = (await client.lockQueue(name)).waiters;
        return again !== undefined && again.leaseId !== waiter!.leaseId;
      });
      await holder.release();
      await (await waits).release();
    });

    it('while it holds, has an aborted signal', async () => {
      const other = connect(etcd().endpoints);
      const lock = await other.lock(name);
      await client.lease.revoke(lock.leaseId);
      await eventually('the signal aborts', () => lock.signal.aborted);
      assert.equal(lock.held, false);
      const own = await client.lock(name);
      await client.lease.revoke(own.leaseId);
      assert.equal(own.held, false);
      assert.equal((own.signal.reason as LockLostError).loss, 'lease-revoked');
    });
  });

  describe('whose key is deleted by hand while it waits', () => {
    it('rejects with LockLostError, and does not win', async () => {
      const holder = await client.lock(name);
      const waits = client.lock(name);
      await waiting(1);
      const [waiter] = (await client.lockQueue(name)).waiters;
      const rejected = assert.rejects(waits, LockLostError);
      await client.kv.delete(waiter!.key);
      await rejected;
      await holder.release();
      await nothingIsLeft();
    });
  });
});
