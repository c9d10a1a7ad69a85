import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import { LockLostError } from '#src/lock/index.js';
import type { Bytes } from '#src/model/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

describe('a transaction of a lock', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let folder: string;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
    name = `${folder}jobs`;
  });

  const storedValue = async (key: Bytes) => (await client.kv.get(key)).kv?.value.toString();

  it('is applied while the lock is held, and returns the results of its own operations', async () => {
    await using lock = await client.lock(name);
    const { succeeded, results, revision } = await lock.txn({
      success: [op.put(`${folder}a`, '1'), op.get(`${folder}b`)],
    });
    assert.equal(succeeded, true);
    assert.deepEqual(
      results.map(({ type }) => type),
      ['put', 'range'],
    );
    assert.equal(results[0]?.revision, revision);
    assert.equal(await storedValue(`${folder}a`), '1');
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify({ results, succeeded }))), [
      'results',
      'succeeded',
    ]);
  });

  it('distinguishes a failed condition of its own from a lost lock', async () => {
    await using lock = await client.lock(name);
    const { succeeded, results } = await lock.txn({
      compare: [compare.version(`${folder}a`, '>', 0n)],
      success: [op.put(`${folder}a`, '2')],
      failure: [op.put(`${folder}a`, '1'), op.get(`${folder}a`)],
    });
    assert.equal(succeeded, false);
    assert.equal(results.length, 2);
    assert.equal(await storedValue(`${folder}a`), '1');
    assert.equal(lock.held, true);
  });

  it('is not applied when the key was deleted by hand, even if this process does not know it yet', async () => {
    await using lock = await client.lock(name);
    await client.kv.delete(lock.key);
    await assert.rejects(lock.txn({ success: [op.put(`${folder}a`, '1')] }), LockLostError);
    assert.equal(await storedValue(`${folder}a`), undefined);
    assert.equal(lock.signal.aborted, true);
  });

  it('is not applied when the key was deleted and written again by hand', async () => {
    await using lock = await client.lock(name);
    await client.kv.delete(lock.key);
    await client.kv.put(lock.key, 'not ours');
    await assert.rejects(lock.txn({ success: [op.put(`${folder}a`, '1')] }), LockLostError);
    await lock.release();
    assert.equal(await storedValue(lock.key), 'not ours');
    await client.kv.delete(lock.key);
  });

  it('is applied after the key got another value or lost its lease: only its creation counts', async () => {
    const lock = await client.lock(name);
    await client.kv.put(lock.key, 'a note of an operator');
    assert.equal((await lock.txn({ success: [op.put(`${folder}a`, '1')] })).succeeded, true);
    assert.equal(lock.held, true);
    await lock.release();
    assert.equal((await client.lockQueue(name)).holder, undefined);
  });

  it('of a former holder is not applied, while that of the next one is', async () => {
    const first = await client.lock(name);
    const next = client.lock(name);
    const { guard } = first;
    await first.release();
    await using second = await next;
    const late = await client.kv.txn({ compare: [guard], success: [op.put(`${folder}a`, 'late')] });
    assert.equal(late.succeeded, false);
    await second.txn({ success: [op.put(`${folder}a`, 'second')] });
    assert.equal(await storedValue(`${folder}a`), 'second');
  });

  it('is checked before it is sent, with the names of the given object', async () => {
    await using lock = await client.lock(name);
    await assert.rejects(
      lock.txn({ sucess: [] } as never),
      /unknown option 'sucess'; did you mean 'success'/,
    );
    await assert.rejects(
      lock.txn({ success: [op.put('a', '1'), op.put('a', '2')] }),
      (error: Error) => error instanceof InvalidInputError,
    );
  });
});
