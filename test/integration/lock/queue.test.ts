import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { type CallTrace, diagnosticsChannels } from '#src/diagnostics/index.js';
import { grpcCounter, skipIfExternal, useEtcd } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { eventually, folderOf, useClients } from '../client/support.js';

/** Waits until ten reads in a row return the same value: the first reads of the watches are over. */
async function stableValue(what: string, read: () => Promise<number>): Promise<number> {
  let value = await read();
  let repeats = 0;
  await eventually(`the ${what} is stable`, async () => {
    const last = value;
    value = await read();
    repeats = value === last ? repeats + 1 : 0;
    return repeats === 10;
  });
  return value;
}

describe('the queue of a lock', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  const waiting = (count: number) =>
    eventually(`${count} wait`, async () => (await client.lockQueue(name)).waiters.length === count, 30_000);

  it('is empty when the lock is free', async () => {
    const { holder, waiters, revision } = await client.lockQueue(name);
    assert.equal(holder, undefined);
    assert.deepEqual(waiters, []);
    assert.ok(revision > 0n);
  });

  it('has the holder and the waiters with their leases, in order, also in JSON', async () => {
    const holder = await client.lock(name);
    const calls = [];
    for (const count of [1, 2]) {
      calls.push(client.lock(name));
      await waiting(count);
    }
    const queue = await client.lockQueue(name);
    assert.equal(queue.holder?.leaseId, holder.leaseId);
    assert.deepEqual(queue.holder?.key, holder.key);
    assert.deepEqual(
      queue.waiters.map(({ position }) => position),
      [1, 2],
    );
    assert.ok(queue.waiters[0]!.createRevision < queue.waiters[1]!.createRevision);
    const json = JSON.parse(JSON.stringify(queue));
    assert.equal(json.holder.key, `${name}/${holder.leaseId.toString(16)}`);
    assert.equal(json.waiters[1].position, 2);
    await holder.release();
    for (const call of calls) await (await call).release();
  });

  it('includes a key without a lease, which no expiry removes', async () => {
    await client.kv.put(`${name}/by-hand`, 'x');
    const { holder } = await client.lockQueue(name);
    assert.equal(holder?.leaseId, undefined);
    assert.equal(holder?.value.toString(), 'x');
    await assert.rejects(client.lock(name, { timeoutMs: 200 }), /it waits for the key '.*jobs\/by-hand'/);
    await client.kv.delete(`${name}/by-hand`);
  });

  it('includes the holders of locks below its name, as in Go', async () => {
    const nested = await client.lock(`${name}/nightly`);
    const outer = client.lock(name);
    await waiting(1);
    // Not the other way round.
    await using _other = await client.lock(`${name}/hourly`);
    await nested.release();
    const queue = await client.lockQueue(name);
    assert.equal(queue.holder?.createRevision, (await outer.then((lock) => lock.guard)).value);
    await (await outer).release();
  });

  it('is separate for a name that only begins with the same text', async () => {
    await using _jobs = await client.lock(name);
    await using other = await client.lock(`${name}2`, { timeoutMs: 5_000 });
    assert.equal(other.held, true);
  });

  it('of a namespace is that of the name with the prefix', async () => {
    const mine = client.namespace(`${name}-ns/`);
    await using lock = await mine.lock('jobs');
    assert.equal(lock.key.toString(), `jobs/${lock.leaseId.toString(16)}`);
    assert.equal((await client.lockQueue(`${name}-ns/jobs`)).holder?.leaseId, lock.leaseId);
    assert.equal(await client.tryLock(`${name}-ns/jobs`), undefined);
    await lock.txn({ success: [{ type: 'put', key: 'a', value: '1' }] });
    assert.equal((await client.kv.get(`${name}-ns/a`)).kv?.value.toString(), '1');
    assert.equal((await mine.kv.txn({ compare: [lock.guard] })).succeeded, true);
    const waits = mine.lock('jobs');
    await eventually('it waits', async () => (await mine.lockQueue('jobs')).waiters.length === 1);
    await lock.release();
    await (await waits).release();
  });

  it('of a name that is not text has its bytes', async () => {
    const bytes = Buffer.concat([Buffer.from(name), Buffer.of(0xff, 0x00)]);
    await using lock = await client.lock(bytes);
    assert.deepEqual(lock.name, bytes);
    assert.deepEqual(lock.key.subarray(0, bytes.length), bytes);
    assert.equal((await client.lockQueue(bytes)).holder?.leaseId, lock.leaseId);
    JSON.stringify(lock);
  });

  it('is shared with etcdctl lock, in both directions', async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    const lock = await client.lock(name);
    const theirs = etcdctl.run('lock', name, '--', 'sh', '-c', 'echo $ETCD_LOCK_KEY $ETCD_LOCK_REV');
    await waiting(1);
    await lock.release();
    const [key, revision] = (await theirs).trim().split(' ');
    assert.ok(key?.startsWith(`${name}/`), key);
    assert.ok(BigInt(revision!) > lock.token);

    const holding = etcdctl.start('lock', name);
    await eventually('etcdctl holds it', async () => (await client.lockQueue(name)).holder);
    const waits = client.lock(name);
    await waiting(1);
    await holding.stop();
    const ours = await waits;
    assert.ok(ours.token > BigInt(revision!));
    await ours.release();
  });

  for (const count of [10, 200]) {
    it(`of ${count} waiters in one process costs three requests per handover`, async function () {
      skipIfExternal(this); // an external etcd has the requests of others
      const methods = ['Txn', 'Range', 'LeaseRevoke', 'LeaseGrant'];
      const requests = async () => {
        const counts = methods.map((method) => grpcCounter(etcd(), 'grpc_server_started_total', method));
        return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
      };
      const calls: string[] = [];
      const handlers = {
        asyncEnd: ({ method, attempts }: CallTrace) => calls.push(...attempts.map(() => method)),
      };
      const first = await client.lock(name);
      const order: number[] = [];
      const waits = Array.from({ length: count }, (_, i) => client.withLock(name, () => void order.push(i)));
      await waiting(count);
      const watched = 2 * count + 1;
      await eventually(
        'each watches its key and the one before it',
        async () => {
          return (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === watched;
        },
        30_000,
      );
      await stableValue('number of requests', requests);
      diagnosticsChannels.call.subscribe(handlers);
      try {
        await first.release();
        await Promise.all(waits);
      } finally {
        diagnosticsChannels.call.unsubscribe(handlers);
      }
      assert.equal(order.length, count);
      // Two transactions, which are a read and a delete, and a revoke for each; the first one is only released.
      const counts = methods.map((method) => calls.filter((one) => one === method).length);
      const [txns, reads = Number.NaN, revokes, grants] = counts;
      assert.deepEqual([txns, revokes, grants], [2 * count + 1, count + 1, 0]);
      // The watch of the own key begins with a read, which the release cancels, mostly before it is sent.
      assert.ok(reads <= count, `${reads} reads`);
    });
  }
});
