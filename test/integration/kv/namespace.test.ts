import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '#src/async/index.js';
import { resolveOptions } from '#src/client/options.js';
import { type KvClient, KvClientImpl, namespacedKvCalls } from '#src/kv/index.js';
import type { KeyValue } from '#src/model/index.js';
import { kvCalls, Transport } from '#src/wire/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { anyKey, anyRange, anyTxn } from '../../unit/kv/arbitrary.js';
import { ModelStore } from '../../unit/kv/model-store.js';
import { useClients } from '../client/support.js';

type Action = (kv: KvClient) => Promise<unknown>;

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  anyKey.map(
    (key): Action =>
      (kv) =>
        kv.put(key, 'v', { prevKv: true }),
  ),
  anyRange.map(
    (range): Action =>
      (kv) =>
        kv.delete(range, { prevKv: true }),
  ),
  anyRange.map(
    (range): Action =>
      (kv) =>
        kv.range(range),
  ),
  anyTxn(2).map(
    (txn): Action =>
      (kv) =>
        kv.txn(txn),
  ),
);

const twice = 'INVALID_ARGUMENT: etcdserver: duplicate key given in txn request';

async function outcome(action: Action, kv: KvClient): Promise<unknown> {
  return action(kv).catch((error: Error) => error.message);
}

/**
 * etcd does not detect a put inside a delete without an end. A namespace gives every range an end, so etcd detects it
 * there and refuses the transaction.
 */
function isStricter(found: unknown): boolean {
  return typeof found === 'string' && found.startsWith(twice);
}

describe('a namespace of a real etcd', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let transport: Transport;

  before(function () {
    // The tests fill and clear the whole store.
    skipUnlessBreakable(this, etcd());
    const options = resolveOptions({ endpoints: etcd().endpoints });
    transport = new Transport(options.transport, systemClock, Math.random);
  });
  after(() => transport?.close());

  const prefixes = [Buffer.from('app/'), Buffer.from([0x61, 0xff]), Buffer.from([0xff, 0xff]), Buffer.of(0)];
  for (const prefix of prefixes) {
    it(`with the prefix ${prefix.toString('hex')} behaves like a separate store, and changes no key outside`, async () => {
      const whole = connect(etcd().endpoints);
      const outside = [prefix, Buffer.from('0'), Buffer.from('b'), Buffer.from([0xff, 0xfe])];
      const inside = new KvClientImpl(namespacedKvCalls(kvCalls(transport), prefix), 128);
      await fc.assert(
        fc.asyncProperty(fc.array(anyAction, { maxLength: 8 }), async (actions) => {
          await whole.kv.delete({ prefix: '' });
          for (const key of outside) await whole.kv.put(key, 'untouched');
          const alone = new ModelStore((await whole.kv.get('k')).revision);
          const model = new KvClientImpl(alone, 128);
          for (const action of actions) {
            const found = await outcome(action, inside);
            if (!isStricter(found))
              assert.deepEqual(withoutPrototypes(found), withoutPrototypes(await outcome(action, model)));
          }
          const isOutside = ({ key }: KeyValue) => outside.some((one) => one.equals(key));
          const { kvs } = await whole.kv.range({ prefix: '' });
          assert.deepEqual(
            kvs.filter((kv) => !isOutside(kv)).map(({ key }) => key),
            alone.kvs.map(({ key }) => Buffer.concat([prefix, key])),
          );
          assert.equal(kvs.filter(isOutside).length, outside.length);
        }),
        { numRuns: 60 },
      );
    });
  }
});
