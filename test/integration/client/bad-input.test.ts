import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError, InvalidInputError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { register } from '#src/naming/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from './support.js';

/** What plain JavaScript lets through. */
const untyped = (value: unknown) => value as never;

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
    await (await register(client, { target, endpoint: { addr: 'a:1' }, timeoutMs: 2 ** 31 })).close();
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
    const options = { target: 't', endpoint: { addr: 'a:1' }, timeoutMs: Number.POSITIVE_INFINITY };
    const client = connect(['127.0.0.1:1']);
    const pending = assert.rejects(register(client, options), ClosedError);
    await client.close();
    await pending;
    await assert.rejects(register(client, options), ClosedError);
  });
});
