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

/** Passes a value that plain JavaScript allows but the types do not. */
const untyped = (value: unknown) => value as never;

const some = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`);
const manyPuts = (count: number) => some(count).map((key) => op.put(key, 'v'));
const manyCompares = (count: number) => some(count).map((key) => compare.version(key, '=', 0n));

describe('a call with an argument that etcd cannot accept', () => {
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
    ['a put without a value', (c) => c.kv.put('k', untyped(undefined)), /undefined/],
    ['a compaction revision that is a number', (c) => c.kv.compact(untyped(1)), /revision is 1/],
    ['a revocation with a number as the lease id', (c) => c.lease.revoke(untyped(5)), /lease id is 5/],
    [
      'a compare with an unknown operator',
      (c) => c.kv.txn({ compare: [untyped({ target: 'mod', key: 'k', result: '==', value: 1n })] }),
      /'=='/,
    ],
    [
      'a compare whose value is a number',
      (c) =>
        c.kv.txn({
          compare: [untyped({ target: 'mod', key: 'k', result: '=', value: 1 })],
          success: [op.get('k')],
        }),
      /compare\.value is 1/,
    ],
    ['a timeout of NaN', (c) => c.kv.get('k', { timeoutMs: Number.NaN }), /timeoutMs is NaN/],
    [
      'a start revision that is a number',
      (c) => c.watch('k', { startRevision: untyped(42) }),
      /startRevision is 42/,
    ],
    ['a start revision beyond 63 bits', (c) => c.watch('k', { startRevision: 2n ** 63n }), /startRevision/],
    ['a start revision of 0', (c) => c.watch('k', { startRevision: 0n }), /startRevision is 0n/],
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
    ['a limit of NaN', (c) => c.kv.range('k', { limit: Number.NaN }), /limit .*NaN/],
    [
      'an unknown sort target',
      (c) => c.kv.range('k', { sort: untyped({ by: 'size', order: 'ascend' }) }),
      /'size'/,
    ],
    [
      'a lease id below the 64-bit range',
      (c) => c.kv.put('k', 'v', { lease: -(2n ** 63n) - 1n }),
      /lease is -/,
    ],
    ['a negative compaction revision', (c) => c.kv.compact(-1n), /revision is -1n/],
    ['a negative timeout', (c) => c.kv.get('k', { timeoutMs: -1 }), /timeoutMs is -1/],
    [
      'a timeout that is a string',
      (c) => c.kv.get('k', { timeoutMs: untyped('5') }),
      /timeoutMs is '5' \(string\)/,
    ],
    ['a TTL of 0', (c) => c.lease.grant({ ttlSeconds: 0 }), /ttlSeconds is 0.*1 to 9000000000/],
    ['a negative TTL', (c) => c.lease.hold({ ttlSeconds: -1 }), /ttlSeconds is -1/],
    ['a TTL over etcd’s limit', (c) => c.lease.hold({ ttlSeconds: 9_000_000_001 }), /9000000001.*9000000000/],
    [
      'a TTL that is a string',
      (c) => c.lease.grant({ ttlSeconds: untyped('5') }),
      /ttlSeconds is '5' \(string\)/,
    ],
    ['a lease without a TTL', (c) => c.lease.hold(untyped({})), /ttlSeconds is undefined/],
    ['a lease id of 0', (c) => c.lease.timeToLive(0n), /lease id is 0n/],
    ['a watch buffer of 0 events', (c) => c.watch('k', { maxBufferedEvents: 0 }), /maxBufferedEvents is 0/],
    ['a put over the size limit', (c) => c.kv.put('k', Buffer.alloc(1_572_864)), /15728\d\d bytes.*1572864/],
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
    it(`is refused by the client, with a text that names the argument: ${what}`, async () => {
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

  it('accepts a timeout longer than any timer of Node', async () => {
    assert.ok((await client.kv.get(folderOf(etcd()), { timeoutMs: 2 ** 31 })).revision > 0n);
    assert.ok((await client.kv.get(folderOf(etcd()), { timeoutMs: Number.MAX_SAFE_INTEGER })).revision > 0n);
    const target = folderOf(etcd()).slice(0, -1);
    await (await register(client, { target, addr: 'a:1', timeoutMs: 2 ** 31 })).close();
  });
});

describe('a call that only the server can check', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  const refused = (call: Promise<unknown>, reason: ErrorReason) =>
    assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof EtcdError && !(error instanceof InvalidInputError), String(error));
      assert.equal(error.reason, reason);
      assert.equal(error.verdict, 'final');
      return true;
    });

  it('is sent unchecked if the limits are 0, and the server’s refusal is typed', async () => {
    const client = connect(etcd().endpoints, { maxRequestBytes: 0, maxTxnOps: 0 });
    const key = `${folderOf(etcd())}k`;
    await refused(client.kv.put(key, Buffer.alloc(1_600_000)), 'RequestTooLarge');
    await refused(client.kv.put(key, Buffer.alloc(3_000_000)), 'RequestTooLarge'); // refused by etcd's gRPC library
    await refused(client.kv.txn({ success: manyPuts(129) }), 'TooManyOps');
  });

  it('rejects with a typed error for a lease id or a revision that etcd refuses', async () => {
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

  it('is accepted with 128 operations, and with a value 100 bytes below the request limit', async () => {
    const client = connect(etcd().endpoints);
    const key = `${folderOf(etcd())}k`;
    await client.kv.put(key, Buffer.alloc(1_572_864 - 100));
    await client.kv.txn({ success: some(128).map((k) => op.put(`${key}${k}`, 'v')) });
    await client.kv.delete({ prefix: key });
  });
});

describe('a store that exceeds its quota', () => {
  const etcd = useEtcd({ args: ['--quota-backend-bytes', String(2 * 1024 * 1024)] });
  const { connect } = useClients();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  it('makes a write ambiguous, with the reason NoSpace, and still accepts deletes', async () => {
    const client = connect(etcd().endpoints, { timeoutMs: 3_000 });
    const value = Buffer.alloc(500_000);
    let refused: unknown;
    // etcd checks the size of its database file, which grows some time after the writes.
    await eventually('etcd refuses a write', async () => {
      await client.kv.put('full/k', value).catch((error) => {
        refused = error;
      });
      return refused !== undefined;
    });
    assert.ok(refused instanceof AmbiguousWriteError, String(refused));
    assert.equal(refused.reason, 'NoSpace');
    assert.match(refused.message, /database space exceeded/);
    await client.kv.delete({ prefix: 'full/' }); // a full store still accepts deletes
  });
});

describe('closing a client', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('rejects a write in flight as maybe-applied', async function () {
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

  it('ends a pending registration immediately', async () => {
    const options = { target: 't', addr: 'a:1', timeoutMs: Number.POSITIVE_INFINITY };
    const client = connect(['127.0.0.1:1']);
    const pending = assert.rejects(register(client, options), ClosedError);
    await client.close();
    await pending;
    await assert.rejects(register(client, options), ClosedError);
  });
});
