import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { Code, CompactedError, EtcdError, InvalidInputError, LeaseNotFoundError } from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { folderOf, useClients } from '../client/support.js';

const MiB = 1024 * 1024;

describe('kv', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let folder: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  const keysOf = (kvs: readonly { readonly key: Buffer }[]) =>
    kvs.map(({ key }) => key.toString().slice(folder.length));

  describe('put and get', () => {
    it('return the bytes as written, with revisions and versions', async () => {
      const value = Buffer.from([0, 255, 1, 254]);
      const first = await client.kv.put(`${folder}k`, 'old');
      const second = await client.kv.put(`${folder}k`, value, { prevKv: true });
      assert.equal(String(second.prevKv?.value), 'old');
      assert.ok(second.revision > first.revision);
      const { kv, revision } = await client.kv.get(`${folder}k`);
      assert.ok(revision >= second.revision);
      assert.deepEqual(withoutPrototypes(kv), {
        key: Buffer.from(`${folder}k`),
        value,
        createRevision: first.revision,
        modRevision: second.revision,
        version: 2n,
        lease: 0n,
      });
    });

    it('of a missing key return undefined and the revision', async () => {
      const { kv, revision } = await client.kv.get(`${folder}none`);
      assert.equal(kv, undefined);
      assert.ok(revision >= 1n);
    });

    it('read the past', async () => {
      const { revision } = await client.kv.put(`${folder}k`, 'then');
      await client.kv.put(`${folder}k`, 'now');
      assert.equal(String((await client.kv.get(`${folder}k`, { revision })).kv?.value), 'then');
      assert.equal(String((await client.kv.get(`${folder}k`, { serializable: true })).kv?.value), 'now');
    });

    it('with a lease that does not exist reject with a typed error', async () => {
      await assert.rejects(client.kv.put(`${folder}k`, 'v', { lease: 12_345n }), LeaseNotFoundError);
      assert.equal((await client.kv.get(`${folder}k`)).kv, undefined);
    });
  });

  describe('range', () => {
    beforeEach(async () => {
      for (const [key, value] of [
        ['b', '1'],
        ['a', '3'],
        ['c', '2'],
      ]) {
        await client.kv.put(`${folder}${key}`, value!);
      }
    });

    it('by prefix returns the keys in order', async () => {
      const { kvs, count, more } = await client.kv.range({ prefix: folder });
      assert.deepEqual(keysOf(kvs), ['a', 'b', 'c']);
      assert.equal(count, 3n);
      assert.equal(more, false);
    });

    it('with a limit reports that there are more, and counts all', async () => {
      const { kvs, count, more } = await client.kv.range({ prefix: folder }, { limit: 2 });
      assert.deepEqual(keysOf(kvs), ['a', 'b']);
      assert.equal(count, 3n);
      assert.equal(more, true);
    });

    it('sorts by the option', async () => {
      const sorted = async (by: 'key' | 'create' | 'value', order: 'ascend' | 'descend') =>
        keysOf((await client.kv.range({ prefix: folder }, { sort: { by, order } })).kvs).join('');
      assert.equal(await sorted('key', 'descend'), 'cba');
      assert.equal(await sorted('create', 'ascend'), 'bac');
      assert.equal(await sorted('value', 'ascend'), 'bca');
    });

    it('excludes its end', async () => {
      const { kvs } = await client.kv.range({ key: `${folder}a`, rangeEnd: `${folder}c` });
      assert.deepEqual(keysOf(kvs), ['a', 'b']);
    });

    it('counts without returning keys, and returns keys without values', async () => {
      const counted = await client.kv.range({ prefix: folder }, { countOnly: true });
      assert.deepEqual([counted.count, counted.kvs.length], [3n, 0]);
      const { kvs } = await client.kv.range({ prefix: folder }, { keysOnly: true });
      assert.deepEqual(
        kvs.map(({ value }) => value.length),
        [0, 0, 0],
      );
    });

    it('at a future revision rejects with a typed error', async () => {
      const { revision } = await client.kv.get('x');
      await assert.rejects(
        client.kv.range({ prefix: folder }, { revision: revision + 1_000n }),
        (error: Error) =>
          error instanceof EtcdError &&
          !(error instanceof CompactedError) &&
          error.code === Code.OUT_OF_RANGE &&
          /future revision/.test(error.message),
      );
    });
  });

  describe('delete', () => {
    it('deletes a range in one revision and returns the deleted keys', async () => {
      await client.kv.put(`${folder}a`, '1');
      const { revision: before } = await client.kv.put(`${folder}b`, '2');
      const { deleted, prevKvs, revision } = await client.kv.delete({ prefix: folder }, { prevKv: true });
      assert.equal(deleted, 2n);
      assert.deepEqual(keysOf(prevKvs), ['a', 'b']);
      assert.ok(revision > before);
      assert.equal((await client.kv.delete(`${folder}a`)).deleted, 0n);
    });
  });

  describe('txn', () => {
    it('runs one branch by its compares, all in one revision', async () => {
      const lock = `${folder}lock`;
      const txn = {
        compare: [compare.version(lock, '=', 0n)],
        success: [op.put(lock, 'me'), op.get(lock), op.delete(`${folder}x`)],
        failure: [op.get(lock), op.txn({ success: [op.range({ prefix: folder })] })],
      };
      const won = await client.kv.txn(txn);
      assert.equal(won.succeeded, true);
      assert.deepEqual(
        won.results.map(({ type, revision }) => [type, revision]),
        [
          ['put', won.revision],
          ['range', won.revision],
          ['delete', won.revision],
        ],
      );
      const lost = await client.kv.txn(txn);
      assert.equal(lost.succeeded, false);
      const [read, nested] = lost.results;
      assert.ok(read?.type === 'range' && String(read.kvs[0]?.value) === 'me');
      assert.ok(nested?.type === 'txn' && nested.results[0]?.type === 'range');
    });

    it('compares every field that etcd has', async () => {
      const key = `${folder}k`;
      const { revision } = await client.kv.put(key, 'v');
      const holds = async (...compares: Parameters<typeof client.kv.txn>[0]['compare'] & object) =>
        (await client.kv.txn({ compare: compares })).succeeded;
      assert.equal(await holds(compare.version(key, '=', 1n), compare.lease(key, '=', 0n)), true);
      assert.equal(await holds(compare.createRevision(key, '=', revision)), true);
      assert.equal(await holds(compare.modRevision(key, '<', revision)), false);
      assert.equal(await holds(compare.modRevision(key, '>', revision - 1n)), true);
      assert.equal(await holds(compare.value(key, '!=', 'w')), true);
      assert.equal(await holds(compare.value(`${folder}none`, '!=', 'w')), false);
    });

    it('that etcd refuses rejects with a typed error and etcd’s text', async () => {
      const untouched = [op.put(`${folder}none`, undefined, { ignoreValue: true })];
      await assert.rejects(
        client.kv.txn({ success: untouched }),
        (error: Error) =>
          error instanceof EtcdError &&
          error.code === Code.INVALID_ARGUMENT &&
          error.serverText === 'etcdserver: key not found',
      );
      const ops = Array.from({ length: 129 }, (_, i) => op.put(`${folder}${i}`, 'v'));
      await assert.rejects(client.kv.txn({ success: ops }), InvalidInputError);
      const unchecked = connect(etcd().endpoints, { maxTxnOps: 0 });
      await assert.rejects(
        unchecked.kv.txn({ success: ops }),
        (error: Error) =>
          !(error instanceof InvalidInputError) && /too many operations in txn request/.test(error.message),
      );
    });
  });

  describe('compact', () => {
    before(function () {
      skipUnlessBreakable(this, etcd());
    });

    it('discards history: reads of it and another compaction reject with a typed error', async () => {
      const { revision } = await client.kv.put(`${folder}k`, '1');
      const { revision: compactRevision } = await client.kv.put(`${folder}k`, '2');
      await client.kv.compact(compactRevision, { physical: true });
      await assert.rejects(client.kv.get(`${folder}k`, { revision }), CompactedError);
      await assert.rejects(client.kv.compact(revision), CompactedError);
      assert.equal(String((await client.kv.get(`${folder}k`, { revision: compactRevision })).kv?.value), '2');
    });
  });

  describe('sizes', () => {
    it('of 6 MB in one response are accepted', async () => {
      const value = Buffer.alloc(MiB, 'x');
      for (let i = 0; i < 6; i++) await client.kv.put(`${folder}${i}`, value);
      const { kvs } = await client.kv.range({ prefix: folder });
      assert.equal(kvs.length, 6);
      assert.ok(kvs.every((kv) => kv.value.equals(value)));
    });

    it('of a response over the client’s limit are an error, which is not retried', async () => {
      const small = connect(etcd().endpoints, { maxReceiveBytes: 1_000 });
      await client.kv.put(`${folder}k`, Buffer.alloc(10_000));
      await assert.rejects(
        small.kv.get(`${folder}k`),
        (error: Error) => error instanceof EtcdError && error.code === Code.RESOURCE_EXHAUSTED,
      );
    });

    it('of a request over the limit are refused by the client, or by etcd with maxRequestBytes: 0', async () => {
      const value = Buffer.alloc(1.5 * MiB);
      await assert.rejects(
        client.kv.put(`${folder}k`, value),
        (error: Error) =>
          error instanceof InvalidInputError && /Put request of \d+ bytes/.test(error.message),
      );
      const unchecked = connect(etcd().endpoints, { maxRequestBytes: 0 });
      await assert.rejects(
        unchecked.kv.put(`${folder}k`, value),
        (error: Error) =>
          error instanceof EtcdError && error.serverText === 'etcdserver: request is too large',
      );
    });
  });
});
