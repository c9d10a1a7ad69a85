import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  AmbiguousWriteError,
  ClosedError,
  type ErrorReason,
  EtcdError,
  InvalidInputError,
  LeaseNotFoundError,
} from '#src/errors/index.js';
import { compare, op } from '#src/kv/index.js';
import { register } from '#src/naming/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from './support.js';

/** What plain JavaScript lets through. */
const untyped = (value: unknown) => value as never;

const some = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`);
const manyPuts = (count: number) => some(count).map((key) => op.put(key, 'v'));
const manyCompares = (count: number) => some(count).map((key) => compare.version(key, '=', 0n));

describe('a call with what etcd cannot take', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;

  beforeEach(() => {
    client = connect(etcd().endpoints);
  });

  const calls: readonly (readonly [string, (client: EtcdClient) => unknown, RegExp])[] = [
    [
      'a revision that is a number',
      (c) => c.kv.get('k', { revision: untyped(5) }),
      /revision is 5 \(number\)/,
    ],
    ['a negative revision', (c) => c.kv.get('k', { revision: -1n }), /revision is -1n/],
    ['a revision beyond 63 bits', (c) => c.kv.get('k', { revision: 2n ** 63n }), /revision/],
    ['a limit beyond 63 bits', (c) => c.kv.range('k', { limit: 2n ** 70n }), /limit/],
    ['a lease that is a number', (c) => c.kv.put('k', 'v', { lease: untyped(5) }), /lease is 5/],
    ['no value', (c) => c.kv.put('k', untyped(undefined)), /undefined/],
    ['a compaction at a number', (c) => c.kv.compact(untyped(1)), /revision is 1/],
    ['the revocation of a number', (c) => c.lease.revoke(untyped(5)), /lease id is 5/],
    [
      'a compare that is none',
      (c) => c.kv.txn({ compare: [untyped({ target: 'mod', key: 'k', result: '==', value: 1n })] }),
      /'=='/,
    ],
    [
      'a compare with a number',
      (c) =>
        c.kv.txn({
          compare: [untyped({ target: 'mod', key: 'k', result: '=', value: 1 })],
          success: [op.get('k')],
        }),
      /compare\.value is 1/,
    ],
    ['no deadline', (c) => c.kv.get('k', { timeoutMs: Number.NaN }), /timeoutMs is NaN/],
    ['a watch from a number', (c) => c.watch('k', { startRevision: untyped(42) }), /startRevision is 42/],
    ['a watch from beyond 63 bits', (c) => c.watch('k', { startRevision: 2n ** 63n }), /startRevision/],
    ['a watch from 0', (c) => c.watch('k', { startRevision: 0n }), /startRevision is 0n/],
    ['an empty key to read', (c) => c.kv.get(''), /key is empty/],
    ['an empty key to write', (c) => c.kv.put('', 'v'), /key is empty/],
    ['an empty key to delete', (c) => c.kv.delete(Buffer.alloc(0)), /key is empty/],
    ['an empty key to watch', (c) => c.watch(''), /key is empty/],
    ['an empty key in a transaction', (c) => c.kv.txn({ success: [op.get('')] }), /key is empty/],
    ['a range that ends before it starts', (c) => c.kv.delete({ key: 'b', rangeEnd: 'a' }), /'b'.*'a'/],
    ['a key that is a number', (c) => c.kv.get(untyped(5)), /the key of get\(\) is 5/],
    [
      'a value that is an object',
      (c) => c.kv.put('k', untyped({ a: 1 })),
      /the value of put 'k' is an object/,
    ],
    ['a prefix that is a number', (c) => c.kv.range({ prefix: untyped(5) }), /key or value is a number/],
    ['a negative limit', (c) => c.kv.range('k', { limit: -1 }), /limit is -1;/],
    ['a limit that is no number', (c) => c.kv.range('k', { limit: Number.NaN }), /limit .*NaN/],
    [
      'an order unknown',
      (c) => c.kv.range('k', { sort: untyped({ by: 'size', order: 'ascend' }) }),
      /'size'/,
    ],
    ['a lease below 64 bits', (c) => c.kv.put('k', 'v', { lease: -(2n ** 63n) - 1n }), /lease is -/],
    ['a negative compaction', (c) => c.kv.compact(-1n), /revision is -1n/],
    ['a negative deadline', (c) => c.kv.get('k', { timeoutMs: -1 }), /timeoutMs is -1/],
    [
      'a deadline in letters',
      (c) => c.kv.get('k', { timeoutMs: untyped('5') }),
      /timeoutMs is '5' \(string\)/,
    ],
    [
      'a time to live of nothing',
      (c) => c.lease.grant({ ttlSeconds: 0 }),
      /ttlSeconds is 0.*1 to 9000000000/,
    ],
    ['a negative time to live', (c) => c.lease.hold({ ttlSeconds: -1 }), /ttlSeconds is -1/],
    ['an absurd time to live', (c) => c.lease.hold({ ttlSeconds: 9_000_000_001 }), /9000000001.*9000000000/],
    [
      'a time to live in letters',
      (c) => c.lease.grant({ ttlSeconds: untyped('5') }),
      /ttlSeconds is '5' \(string\)/,
    ],
    ['no time to live', (c) => c.lease.hold(untyped({})), /ttlSeconds is undefined/],
    ['a lease of id 0', (c) => c.lease.timeToLive(0n), /lease id is 0n/],
    ['a buffer of nothing', (c) => c.watch('k', { maxBufferedEvents: 0 }), /maxBufferedEvents is 0/],
    ['a put over the limit', (c) => c.kv.put('k', Buffer.alloc(1_572_864)), /15728\d\d bytes.*1572864/],
    ['too many operations', (c) => c.kv.txn({ success: manyPuts(129) }), /129 operations.*limit is 128/],
    [
      'too many operations in a branch that may not run',
      (c) => c.kv.txn({ failure: manyPuts(129) }),
      /129 operations/,
    ],
    ['too many compares', (c) => c.kv.txn({ compare: manyCompares(129) }), /limit is 128/],
    ['a key put twice', (c) => c.kv.txn({ success: [op.put('k', 'v'), op.put('k', 'w')] }), /'k' twice/],
  ];
  for (const [what, call, text] of calls) {
    it(`is refused here, with a text that names it: ${what}`, async () => {
      await assert.rejects(
        async () => call(client),
        (error: unknown) => {
          assert.ok(error instanceof InvalidInputError, String(error));
          assert.match(error.message, text);
          return true;
        },
      );
    });
  }

  it('takes a deadline beyond all timers', async () => {
    assert.ok((await client.kv.get(folderOf(etcd()), { timeoutMs: 2 ** 31 })).revision > 0n);
    assert.ok((await client.kv.get(folderOf(etcd()), { timeoutMs: Number.MAX_SAFE_INTEGER })).revision > 0n);
    const target = folderOf(etcd()).slice(0, -1);
    await (await register(client, { target, addr: 'a:1', timeoutMs: 2 ** 31 })).close();
  });
});

describe('a call that only the server can judge', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  const refused = (call: Promise<unknown>, reason: ErrorReason) =>
    assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof EtcdError && !(error instanceof InvalidInputError), String(error));
      assert.equal(error.reason, reason);
      assert.equal(error.verdict, 'final');
      return true;
    });

  it('is sent as it is where the limits are 0, and the server’s word is typed', async () => {
    const client = connect(etcd().endpoints, { maxRequestBytes: 0, maxTxnOps: 0 });
    const key = `${folderOf(etcd())}k`;
    await refused(client.kv.put(key, Buffer.alloc(1_600_000)), 'RequestTooLarge');
    await refused(client.kv.put(key, Buffer.alloc(3_000_000)), 'RequestTooLarge'); // by its gRPC library
    await refused(client.kv.txn({ success: manyPuts(129) }), 'TooManyOps');
  });

  it('about a lease or a revision that is not there is typed', async () => {
    const client = connect(etcd().endpoints);
    const key = `${folderOf(etcd())}k`;
    await refused(client.kv.put(key, 'v', { lease: 4_711n }), 'LeaseNotFound');
    await refused(client.lease.revoke(4_711n), 'LeaseNotFound');
    await assert.rejects(client.lease.revoke(4_711n), LeaseNotFoundError);
    await refused(client.kv.get(key, { revision: 2n ** 62n }), 'FutureRev');
    const { id } = await client.lease.grant({ ttlSeconds: 60 });
    await refused(client.lease.grant({ ttlSeconds: 60, id }), 'LeaseExist');
    await client.lease.revoke(id);
  });

  it('fits in when it is right at the limit', async () => {
    const client = connect(etcd().endpoints);
    const key = `${folderOf(etcd())}k`;
    await client.kv.put(key, Buffer.alloc(1_572_864 - 100));
    await client.kv.txn({ success: some(128).map((k) => op.put(`${key}${k}`, 'v')) });
    await client.kv.delete({ prefix: key });
  });
});

describe('a store that is full', () => {
  const etcd = useEtcd({ args: ['--quota-backend-bytes', String(2 * 1024 * 1024)] });
  const { connect } = useClients();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  it('says so of a write by a name, and of the write that filled it no more than is known', async () => {
    const client = connect(etcd().endpoints, { timeoutMs: 3_000 });
    const value = Buffer.alloc(500_000);
    let refused: unknown;
    // etcd looks at the size of its file, which follows the writes.
    await eventually('it is full', async () => {
      await client.kv.put('full/k', value).catch((error) => {
        refused = error;
      });
      return refused !== undefined;
    });
    assert.ok(refused instanceof AmbiguousWriteError, String(refused));
    assert.equal(refused.reason, 'NoSpace');
    assert.match(refused.message, /database space exceeded/);
    await client.kv.delete({ prefix: 'full/' }); // that still works
  });
});

describe('a client that is closed', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('says of a write under way that it may have been applied', async function () {
    skipUnlessBreakable(this, etcd());
    const client = connect(etcd().endpoints);
    const key = `${folderOf(etcd())}k`;
    await client.kv.get(key);
    await etcd().pause();
    const write = client.kv.put(key, 'v');
    const closed = assert.rejects(write, (error: unknown) => {
      assert.ok(error instanceof ClosedError);
      assert.equal(error.verdict, 'maybe-applied');
      return true;
    });
    await eventually('the write has left', () => new Promise((resolve) => setImmediate(() => resolve(true))));
    await client.close();
    await etcd().resume();
    await closed;
  });

  it('ends a registration that has not come to be, at once', async () => {
    const options = { target: 't', addr: 'a:1', timeoutMs: Number.POSITIVE_INFINITY };
    const client = connect(['127.0.0.1:1']);
    const pending = assert.rejects(register(client, options), ClosedError);
    await client.close();
    await pending;
    await assert.rejects(register(client, options), ClosedError);
  });
});
