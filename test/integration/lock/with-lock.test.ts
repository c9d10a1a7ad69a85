import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError, DeadlineError, EtcdError, InvalidInputError } from '#src/errors/index.js';
import { LockLostError } from '#src/lock/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('a function under a lock', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  const isFree = async () => (await client.lockQueue(name)).holder === undefined;

  it('runs while the lock is held, and its result is returned after the release', async () => {
    const result = await client.withLock(name, async ({ leaseId, held }) => {
      assert.equal(held, true);
      assert.equal((await client.lockQueue(name)).holder?.leaseId, leaseId);
      return 'result';
    });
    assert.equal(result, 'result');
    assert.equal(await isFree(), true);
  });

  it('that throws releases the lock, and its error is passed on', async () => {
    const error = new Error('of the work');
    for (const fails of [() => Promise.reject(error), () => assert.fail(error)])
      await assert.rejects(client.withLock(name, fails), (thrown) => thrown === error);
    assert.equal(await isFree(), true);
  });

  it('that returns after the lock was lost rejects with LockLostError, although it has a result', async () => {
    const running = client.withLock(name, async ({ key, signal }) => {
      await client.kv.delete(key);
      await eventually('the signal aborts', () => signal.aborted);
      return 'result';
    });
    await assert.rejects(running, (error: LockLostError) => {
      assert.ok(error instanceof LockLostError);
      assert.equal(error.loss, 'key-deleted');
      return true;
    });
  });

  it('may release the lock itself', async () => {
    const result = await client.withLock(name, async (lock) => {
      await lock.release();
      return lock.signal.reason;
    });
    assert.ok(result instanceof ClosedError);
  });

  it('has its result although etcd cannot be reached for the release, and the lock is free after its TTL', async () => {
    const link = await proxy(etcd());
    const far = connect([link.endpoint], { timeoutMs: 300 });
    const result = await far.withLock(
      name,
      () => {
        link.blackhole();
        return 'result';
      },
      { ttlSeconds: 2 },
    );
    assert.equal(result, 'result');
    assert.equal(await isFree(), false);
    await (await client.lock(name)).release();
  });

  it('is required', async () => {
    await assert.rejects(client.withLock(name, 'work' as never), InvalidInputError);
    assert.equal(await isFree(), true);
  });
});

describe('release() of a lock whose etcd cannot be reached', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();

  it('rejects with the failure, and the lock is free after its TTL', async () => {
    const name = `${folderOf(etcd())}jobs`;
    const link = await proxy(etcd());
    const far = connect([link.endpoint], { timeoutMs: 300 });
    const lock = await far.lock(name, { ttlSeconds: 2 });
    link.blackhole();
    const released = lock.release();
    assert.equal(lock.held, false);
    await assert.rejects(released, (error) => error instanceof EtcdError && error.verdict !== 'final');
    await assert.rejects(lock.release(), EtcdError);
    await lock[Symbol.asyncDispose]();
    await (await connect(etcd().endpoints).lock(name)).release();
  });

  it('rejects after its own timeoutMs, or with the reason of its signal', async () => {
    const name = `${folderOf(etcd())}jobs`;
    const link = await proxy(etcd());
    const far = connect([link.endpoint], { timeoutMs: 2_000 });
    const lock = await far.lock(name, { ttlSeconds: 2 });
    link.blackhole();
    await assert.rejects(lock.release({ timeoutMs: 100 }), DeadlineError);
    const reason = new Error('enough');
    await assert.rejects(lock.release({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });
});
