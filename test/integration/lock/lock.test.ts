import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError, DeadlineError, InvalidInputError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { type Lock, LockLostError } from '#src/lock/index.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('a lock', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  const keysBelow = async (prefix: string) =>
    (await client.kv.range({ prefix: `${prefix}/` }, { sort: { by: 'create', order: 'ascend' } })).kvs;
  const waiting = (count: number) =>
    eventually(`${count} wait`, async () => (await client.lockQueue(name)).waiters.length === count);

  describe('that is free', () => {
    it('is acquired with a key of its own lease, named as in Go', async () => {
      const lock = await client.lock(name);
      const [kv, ...others] = await keysBelow(name);
      assert.equal(others.length, 0);
      assert.equal(kv?.key.toString(), `${name}/${lock.leaseId.toString(16)}`);
      assert.deepEqual(kv?.key, lock.key);
      assert.equal(kv?.lease, lock.leaseId);
      assert.equal(kv?.value.length, 0);
      assert.equal(lock.token, kv?.createRevision);
      assert.equal(lock.held, true);
      assert.equal(lock.signal.aborted, false);
      assert.equal((await client.lease.timeToLive(lock.leaseId))?.grantedSeconds, 15);
      await lock.release();
    });

    it('is acquired by two writes, and released by two', async function () {
      skipIfExternal(this); // an external etcd has the writes of others
      const before = await etcd().metric('etcd_server_proposals_applied_total');
      await (await client.lock(name)).release();
      // Grant, join, delete and revoke are each a proposal of the member.
      assert.equal((await etcd().metric('etcd_server_proposals_applied_total')) - before, 4);
    });
  });

  describe('that is released', () => {
    it('leaves no key and no lease, is not held, and has an aborted signal', async () => {
      const lock = await client.lock(name);
      const { signal } = lock;
      await lock.release();
      assert.equal(lock.held, false);
      assert.ok(signal.reason instanceof ClosedError);
      assert.deepEqual(await keysBelow(name), []);
      assert.equal(await client.lease.timeToLive(lock.leaseId), undefined);
      await lock.release();
      await assert.rejects(lock.txn({}), ClosedError);
    });

    it('by await using is free for the next', async () => {
      let first: Lock | undefined;
      {
        await using lock = await client.lock(name);
        first = lock;
      }
      assert.equal(first.held, false);
      await using second = await client.lock(name);
      assert.ok(second.token > first.token);
    });
  });

  describe('that another call holds', () => {
    it('is acquired in the order of the calls, with growing tokens, also in one process', async () => {
      const order: string[] = [];
      const tokens: bigint[] = [];
      const first = await client.lock(name);
      const others = [];
      for (const caller of ['a', 'b', 'c']) {
        others.push(
          client.withLock(name, ({ token, held }) => {
            assert.equal(held, true);
            order.push(caller);
            tokens.push(token);
          }),
        );
        await waiting(others.length);
      }
      assert.deepEqual(order, []);
      await first.release();
      await Promise.all(others);
      assert.deepEqual(order, ['a', 'b', 'c']);
      assert.ok(first.token < tokens[0]! && tokens[0]! < tokens[1]! && tokens[1]! < tokens[2]!);
    });

    it('is not acquired when the waiter before it gives up', async () => {
      const holder = await client.lock(name);
      const leaving = new AbortController();
      const middle = client.lock(name, { signal: leaving.signal });
      await waiting(1);
      const last = client.lock(name);
      await waiting(2);
      leaving.abort(new Error('enough'));
      await assert.rejects(middle, /^Error: enough$/);
      await waiting(1);
      const early = await Promise.race([last.then(() => 'acquired'), client.kv.get('x').then(() => 'waits')]);
      assert.equal(early, 'waits');
      await holder.release();
      await (await last).release();
    });

    it('is not waited for longer than timeoutMs, and nothing is left of the wait', async () => {
      await using holder = await client.lock(name);
      await assert.rejects(client.lock(name, { timeoutMs: 300 }), (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(
          error.message,
          /was not acquired within 300 ms: it waits for the key '.*jobs\/[0-9a-f]+'$/,
        );
        return true;
      });
      await waiting(0);
      assert.equal((await client.lockQueue(name)).holder?.leaseId, holder.leaseId);
    });

    it('is not acquired by tryLock, which does not join the queue', async () => {
      await using holder = await client.lock(name);
      assert.equal(await client.tryLock(name), undefined);
      assert.equal((await keysBelow(name)).length, 1);
      await holder.release();
      await using lock = await client.tryLock(name);
      assert.equal(lock?.held, true);
    });
  });

  describe('of which the key was deleted by hand', () => {
    it('is lost: its signal aborts, and a transaction is not applied', async () => {
      const lock = await client.lock(name);
      await client.kv.delete(lock.key);
      await assert.rejects(lock.txn({ success: [op.put(`${name}-done`, 'x')] }), LockLostError);
      assert.equal((await client.kv.get(`${name}-done`)).kv, undefined);
      assert.equal(lock.held, false);
      assert.equal((lock.signal.reason as LockLostError).loss, 'key-deleted');
    });

    it('aborts its signal when the watch reports it', async () => {
      const lock = await client.lock(name);
      await client.kv.delete(lock.key);
      await eventually('the signal aborts', () => lock.signal.aborted);
      assert.equal(lock.held, false);
    });
  });

  it('refuses an empty name', async () => {
    await assert.rejects(client.lock(''), InvalidInputError);
  });
});
