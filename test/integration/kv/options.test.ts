import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError, InvalidInputError } from '#src/errors/index.js';
import { type Compare, compare, op } from '#src/kv/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

function keyNotFound(error: unknown): boolean {
  return (
    error instanceof EtcdError &&
    error.code === Code.INVALID_ARGUMENT &&
    error.serverText === 'etcdserver: key not found'
  );
}

function refusedHere(text: RegExp) {
  return (error: unknown) => error instanceof InvalidInputError && text.test(error.message);
}

describe('the options of kv', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let folder: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  describe('of a range: revision filters', () => {
    it('select keys created or changed within their bounds, inclusive', async () => {
      const revisions: bigint[] = [];
      for (const key of ['a', 'b', 'c', 'a'])
        revisions.push((await client.kv.put(`${folder}${key}`, 'v')).revision);
      const [a, b, c, again] = revisions as [bigint, bigint, bigint, bigint];
      const names = async (options: object) => {
        const { kvs, count } = await client.kv.range({ prefix: folder }, options);
        assert.equal(count, 3n, 'the count ignores these bounds');
        return kvs.map(({ key }) => key.toString().slice(folder.length)).join('');
      };
      assert.equal(await names({ minModRevision: c }), 'ac');
      assert.equal(await names({ maxModRevision: c }), 'bc');
      assert.equal(await names({ minModRevision: b, maxModRevision: b }), 'b');
      assert.equal(await names({ minCreateRevision: b }), 'bc');
      assert.equal(await names({ maxCreateRevision: b }), 'ab');
      assert.equal(await names({ maxCreateRevision: a, minModRevision: again }), 'a');
      const cutOff = await client.kv.range({ prefix: folder }, { minModRevision: b, limit: 2 });
      assert.deepEqual([cutOff.kvs.length, cutOff.more], [2, true]);
    });

    it('that exclude each other, or a count, are refused by the client', async () => {
      const range = (options: object) => client.kv.range({ prefix: folder }, options);
      await assert.rejects(
        range({ minModRevision: 5n, maxModRevision: 4n }),
        refusedHere(/minModRevision is 5n and maxModRevision is 4n/),
      );
      await assert.rejects(
        range({ minCreateRevision: 5n, maxCreateRevision: 4n }),
        refusedHere(/minCreateRevision is 5n and maxCreateRevision is 4n/),
      );
      await assert.rejects(range({ minModRevision: -1n }), refusedHere(/minModRevision is -1n/));
      await assert.rejects(
        range({ countOnly: true, minModRevision: 2n }),
        refusedHere(/countOnly is given with minModRevision 2n/),
      );
      await assert.rejects(range({ countOnly: true, limit: 2 }), refusedHere(/countOnly .* limit 2n/));
      await assert.rejects(
        client.kv.get('k', { countOnly: true } as never),
        refusedHere(/countOnly is given/),
      );
    });

    it('with keysOnly sorts by value too', async () => {
      for (const [key, value] of ['b1', 'a3', 'c2'].map((pair) => pair.split('')))
        await client.kv.put(`${folder}${key}`, value!);
      const sort = { by: 'value', order: 'ascend' } as const;
      const { kvs } = await client.kv.range({ prefix: folder }, { keysOnly: true, sort });
      assert.deepEqual(
        kvs.map(({ key, value }) => `${key.toString().slice(folder.length)}${value.length}`),
        ['b0', 'c0', 'a0'],
      );
    });
  });

  describe('of a put', () => {
    it('ignoreValue keeps the value, and can change the lease', async () => {
      const key = `${folder}k`;
      const lease = await client.lease.grant({ ttlSeconds: 60 });
      await client.kv.put(key, 'kept');
      await client.kv.put(key, undefined, { ignoreValue: true, lease: lease.id });
      const { kv } = await client.kv.get(key);
      assert.deepEqual([String(kv?.value), kv?.lease, kv?.version], ['kept', lease.id, 2n]);
      await client.kv.txn({ success: [op.put(key, '', { ignoreValue: true })] });
      assert.deepEqual((await client.kv.get(key)).kv?.lease, 0n);
      await client.lease.revoke(lease.id);
    });

    it('ignoreLease keeps the lease, and returns the replaced value', async () => {
      const key = `${folder}k`;
      const lease = await client.lease.grant({ ttlSeconds: 60 });
      await client.kv.put(key, 'old', { lease: lease.id });
      const { results } = await client.kv.txn({
        success: [op.put(key, 'new', { ignoreLease: true, prevKv: true })],
      });
      assert.ok(results[0]?.type === 'put' && String(results[0].prevKv?.value) === 'old');
      const { kv } = await client.kv.get(key);
      assert.deepEqual([String(kv?.value), kv?.lease], ['new', lease.id]);
      await client.lease.revoke(lease.id);
    });

    it('ignoreValue and ignoreLease of a missing key reject with etcd’s error', async () => {
      await assert.rejects(client.kv.put(`${folder}none`, '', { ignoreValue: true }), keyNotFound);
      await assert.rejects(client.kv.put(`${folder}none`, 'v', { ignoreLease: true }), keyNotFound);
    });

    it('options that exclude each other are refused by the client', async () => {
      await assert.rejects(
        client.kv.put('k', 'v', { ignoreValue: true }),
        refusedHere(/ignoreValue is given with a value of 1 bytes/),
      );
      await assert.rejects(
        client.kv.put('k', 'v', { ignoreLease: true, lease: 7n }),
        refusedHere(/ignoreLease is given with the lease 7/),
      );
      await assert.rejects(client.kv.put('k', undefined), refusedHere(/undefined/));
      await assert.rejects(client.kv.txn({ success: [op.put('k', undefined)] }), refusedHere(/undefined/));
    });
  });

  describe('of a transaction', () => {
    const holds = async (...compares: Compare[]) => (await client.kv.txn({ compare: compares })).succeeded;

    it('a compare of a range holds if it holds for every key', async () => {
      const { revision } = await client.kv.put(`${folder}a`, 'v');
      await client.kv.put(`${folder}b`, 'v');
      assert.equal(await holds(compare.value({ prefix: folder }, '=', 'v')), true);
      assert.equal(await holds(compare.modRevision({ prefix: folder }, '>', revision - 1n)), true);
      assert.equal(await holds(compare.modRevision({ prefix: folder }, '=', revision)), false);
      await client.kv.put(`${folder}b`, 'w');
      assert.equal(await holds(compare.value({ prefix: folder }, '=', 'v')), false);
      const before = { key: `${folder}a`, rangeEnd: `${folder}b` };
      assert.equal(await holds(compare.value(before, '=', 'v')), true);
    });

    it('a compare of an empty range treats it as one missing key', async () => {
      assert.equal(await holds(compare.version({ prefix: folder }, '=', 0n)), true);
      assert.equal(await holds(compare.version({ prefix: folder }, '>', 0n)), false);
      assert.equal(await holds(compare.value({ prefix: folder }, '!=', 'v')), false);
    });

    it('evaluates nested compares before any write; nested reads see earlier writes', async () => {
      const key = `${folder}k`;
      const { results } = await client.kv.txn({
        success: [
          op.put(key, 'v'),
          op.txn({ compare: [compare.version(key, '>', 0n)], success: [], failure: [op.get(key)] }),
        ],
      });
      const [, nested] = results;
      assert.ok(nested?.type === 'txn' && nested.results[0]?.type === 'range');
      assert.equal(nested.succeeded, false);
      assert.equal(String(nested.results[0].kvs[0]?.value), 'v');
    });

    it('a value that is not an operation is rejected by the client', async () => {
      for (const none of [undefined, null, {}, { type: 'get' }])
        await assert.rejects(client.kv.txn({ success: [none as never] }), refusedHere(/an operation of the/));
      const odd = { type: 'get', key: 'k', options: { revision: 1n } };
      await assert.rejects(client.kv.txn({ success: [odd as never] }), refusedHere(/of type 'get'/));
      await assert.rejects(client.kv.txn({ compare: [null as never] }), refusedHere(/compare\[0\] is null/));
      await assert.rejects(
        client.kv.txn({ success: [op.txn(undefined as never)] }),
        refusedHere(/the transaction is undefined/),
      );
      await assert.rejects(
        client.kv.txn({ failure: op.get('k') as never }),
        refusedHere(/failure is .* must be an array/),
      );
    });
  });

  describe('bytes', () => {
    it('of any value are stored and returned unchanged, in keys and values', async () => {
      const prefix = Buffer.from(folder);
      const bytes = fc.uint8Array({ maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(bytes, bytes, async (name, value) => {
          const key = Buffer.concat([prefix, name]);
          await client.kv.put(key, value);
          const { kv } = await client.kv.get(key);
          assert.deepEqual(kv?.key, key);
          assert.deepEqual(kv?.value, Buffer.from(value));
          const { results } = await client.kv.txn({
            compare: [compare.value(key, '=', value)],
            success: [op.delete({ key, rangeEnd: Buffer.concat([key, Buffer.of(0)]) }, { prevKv: true })],
          });
          assert.ok(results[0]?.type === 'delete');
          assert.deepEqual(results[0].prevKvs[0]?.value, Buffer.from(value));
        }),
        { numRuns: 150, examples: [[Uint8Array.of(0, 0xff, 0xc3, 0x28), Uint8Array.of(0, 0x80, 0xfe)]] },
      );
    });
  });
});
