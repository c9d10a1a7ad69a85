import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EtcdError, InvalidInputError } from '#src/errors/index.js';
import { type KvClient, KvClientImpl, namespacedKvCalls } from '#src/kv/index.js';
import { rangeRequest } from '#src/kv/requests.js';
import { converted, type KeyValue } from '#src/model/index.js';
import type { KvCalls } from '#src/wire/index.js';
import { anyKey, anyPrefix, anyRange, anyTxn } from './arbitrary.js';
import { ModelStore } from './model-store.js';

/** An action that a test performs on both clients. */
type Action = (kv: KvClient) => Promise<unknown>;

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(anyKey, fc.constantFrom('', 'v'), fc.boolean()).map(
    ([key, value, prevKv]): Action =>
      (kv) =>
        kv.put(key, value, { prevKv }),
  ),
  fc.tuple(anyRange, fc.boolean()).map(
    ([range, prevKv]): Action =>
      (kv) =>
        kv.delete(range, { prevKv }),
  ),
  fc.tuple(anyRange, fc.nat(3)).map(
    ([range, limit]): Action =>
      (kv) =>
        kv.range(range, { limit }),
  ),
  anyRange.map(
    (range): Action =>
      (kv) =>
        kv.range(range, { countOnly: true }),
  ),
  anyKey.map(
    (key): Action =>
      (kv) =>
        kv.get(key),
  ),
  anyRange.map(
    (range): Action =>
      (kv) =>
        collect(kv, range),
  ),
  anyTxn(2).map(
    (txn): Action =>
      (kv) =>
        kv.txn(txn),
  ),
);

async function collect(kv: KvClient, range: Parameters<KvClient['stream']>[0]): Promise<KeyValue[]> {
  const kvs: KeyValue[] = [];
  for await (const batch of kv.stream(range)) kvs.push(...batch.kvs);
  return kvs;
}

/** The result of the action, or the text of its refusal. */
async function outcome(action: Action, kv: KvClient): Promise<unknown> {
  try {
    return await action(kv);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message;
    throw error;
  }
}

/** Keys outside the namespace: next to it, far from it, and the bare prefix. */
function keysAround(prefix: Buffer): Buffer[] {
  const last = prefix.length - 1;
  const neighbour = (by: number) => Buffer.from(prefix.map((byte, i) => (i === last ? byte + by : byte)));
  const keys = [
    prefix,
    Buffer.of(0),
    Buffer.from('zz'),
    prefix.subarray(0, last),
    neighbour(1),
    neighbour(-1),
  ];
  const outside = keys.filter((key) => key.length > 0 && (key === prefix || !startsWith(key, prefix)));
  return outside.filter((key, i) => outside.findIndex((one) => one.equals(key)) === i);
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.subarray(0, prefix.length).equals(prefix);
}

const plainPut = {
  value: Buffer.from('noise'),
  lease: 0n,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
};

describe('a namespace', () => {
  it('behaves like a separate store: the same results, and the same keys with the prefix', async () => {
    await fc.assert(
      fc.asyncProperty(anyPrefix, fc.array(anyAction, { maxLength: 12 }), async (prefix, actions) => {
        const noise = keysAround(prefix);
        const whole = new ModelStore();
        for (const key of noise) await whole.put({ key, ...plainPut });
        const own = new ModelStore(1n + BigInt(noise.length));
        const inside = new KvClientImpl(namespacedKvCalls(whole, prefix), 128);
        const alone = new KvClientImpl(own, 128);
        for (const action of actions)
          assert.deepEqual(await outcome(action, inside), await outcome(action, alone));
        const stored = own.kvs.map((kv) => ({ ...kv, key: Buffer.concat([prefix, kv.key]) }));
        const isNoise = ({ key }: KeyValue) => noise.some((one) => one.equals(key));
        assert.deepEqual(
          whole.kvs.filter((kv) => !isNoise(kv)),
          stored,
        );
        assert.equal(whole.kvs.filter(isNoise).length, noise.length, 'no key outside was changed');
      }),
      { numRuns: 1_500 },
    );
  });

  it('inside a namespace has both prefixes, the outer one first', async () => {
    const store = new ModelStore();
    const nested = namespacedKvCalls(namespacedKvCalls(store, Buffer.from('a/')), Buffer.from('b/'));
    const kv = new KvClientImpl(nested, 128);
    await kv.put('k', 'v');
    assert.deepEqual(
      store.kvs.map(({ key }) => String(key)),
      ['a/b/k'],
    );
    assert.deepEqual(
      (await kv.range({ prefix: '' })).kvs.map(({ key }) => String(key)),
      ['k'],
    );
  });

  describe('whose server responds with a key outside it', () => {
    const foreign = { key: Buffer.from('other/k'), value: Buffer.alloc(0), lease: 0n };
    const kv = { ...foreign, createRevision: 1n, modRevision: 1n, version: 1n };
    const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
    const range = { header, kvs: [{ ...kv }], more: true, count: 1n };

    it('rejects', async () => {
      const store = new ModelStore();
      store.range = async (request, _, convert) => converted(range, request, convert);
      const client = new KvClientImpl(namespacedKvCalls(store, Buffer.from('mine/')), 128);
      await assert.rejects(client.range({ prefix: '' }), (error: Error) => {
        assert.ok(error instanceof EtcdError);
        assert.match(error.message, /outside the requested range/);
        return true;
      });
    });

    it('ends a stream and cancels it on the server', async () => {
      let cancelled = 0;
      const calls = Object.assign(new ModelStore(), {
        rangeStream: (_: unknown, handlers: Parameters<KvCalls['rangeStream']>[1]) => {
          setImmediate(() => handlers.message({ ...range, kvs: [{ ...kv }] }));
          return { cancel() {}, fail: () => cancelled++, failUnresponsive() {} };
        },
      });
      const error = await new Promise<EtcdError>((end) => {
        namespacedKvCalls(calls, Buffer.from('mine/')).rangeStream(rangeRequest({ prefix: 'x' }), {
          message: () => assert.fail('the chunk was delivered'),
          end,
        });
      });
      assert.match(error.message, /outside the requested range/);
      assert.equal(cancelled, 1);
    });
  });
});
