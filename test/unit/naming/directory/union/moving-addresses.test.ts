import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type KeyValue, keyBytes } from '#src/model/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';

const prefixes = ['svc/', '/lines/svc/'] as const;
type Prefix = (typeof prefixes)[number];
/** The addresses that the store always has: each transaction that deletes their last record puts another one. */
const steady = ['a:1', 'b:1', 'c:1'];
/** Others come and go. */
const others = ['x:1', 'y:1'];

type Step =
  /** One transaction: each of these addresses is under the prefixes from then on. */
  | {
      readonly type: 'txn';
      readonly moves: readonly { readonly addr: string; readonly to: readonly Prefix[] }[];
    }
  /** The watch of the prefix delivers its next changes. */
  | { readonly type: 'deliver'; readonly prefix: Prefix; readonly count: number }
  /** The watch was interrupted, and its history compacted: the mirror lists the prefix again. */
  | { readonly type: 'list'; readonly prefix: Prefix }
  | { readonly type: 'wait'; readonly ms: number };

const anyPrefix = fc.constantFrom(...prefixes);
const somePrefixes = fc.uniqueArray(anyPrefix, { minLength: 1 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('txn' as const),
      moves: fc.uniqueArray(
        fc.oneof(
          fc.record({ addr: fc.constantFrom(...steady), to: somePrefixes }),
          fc.record({ addr: fc.constantFrom(...others), to: fc.uniqueArray(anyPrefix) }),
        ),
        { minLength: 1, selector: ({ addr }) => addr },
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('deliver' as const),
      prefix: anyPrefix,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('list' as const), prefix: anyPrefix }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
  },
);

/** A store with the records of two prefixes, and what the watch of each has not delivered. */
class Store {
  readonly #records = new Map<Prefix, Map<string, { readonly addr: string; readonly revision: bigint }>>(
    prefixes.map((prefix) => [prefix, new Map()]),
  );
  readonly #pending = new Map<Prefix, (() => void)[]>(prefixes.map((prefix) => [prefix, []]));
  readonly #mirrorOf: (prefix: Prefix) => FakeMirror;
  #revision = 1n;

  constructor(mirrorOf: (prefix: Prefix) => FakeMirror) {
    this.#mirrorOf = mirrorOf;
  }

  /** Each new record has a key of its own. */
  txn(moves: readonly { readonly addr: string; readonly to: readonly Prefix[] }[]): void {
    const revision = ++this.#revision;
    for (const prefix of prefixes) {
      const puts = new Map<string, KeyValue>();
      const deletes = new Set<string>();
      const records = this.#records.get(prefix)!;
      for (const { addr, to } of moves) {
        const known = [...records].find(([, record]) => record.addr === addr)?.[0];
        if (to.includes(prefix)) {
          const key = known ?? `${prefix}${addr} ${revision}`;
          records.set(key, { addr, revision });
          puts.set(key, toKeyValue(prefix, key, addr, revision));
        } else if (known !== undefined) {
          records.delete(known);
          deletes.add(known);
        }
      }
      if (puts.size + deletes.size === 0) continue;
      const send = () => this.#mirrorOf(prefix).push({ type: 'delta', revision, puts, deletes });
      this.#pending.get(prefix)!.push(send);
    }
  }

  deliver(prefix: Prefix, count = Number.POSITIVE_INFINITY): void {
    for (const send of this.#pending.get(prefix)!.splice(0, count)) send();
  }

  list(prefix: Prefix, reason: 'initial' | 'compacted'): void {
    this.#pending.get(prefix)!.length = 0;
    const kvs = [...this.#records.get(prefix)!].map(
      ([key, { addr, revision }]) => [key, toKeyValue(prefix, key, addr, revision)] as const,
    );
    this.#mirrorOf(prefix).push({ type: 'snapshot', reason, revision: this.#revision, kvs: new Map(kvs) });
  }
}

function toKeyValue(prefix: Prefix, key: string, addr: string, revision: bigint): KeyValue {
  const value = Buffer.from(prefix === 'svc/' ? JSON.stringify({ Addr: addr }) : addr);
  return { key: keyBytes(key), value, createRevision: 1n, modRevision: revision, version: 1n, lease: 0n };
}

describe('the view of a service whose addresses move between two prefixes', () => {
  it('never lacks an address that the store never lacked, in whatever order the changes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(anyStep, { maxLength: 30 }), async (isReversed, steps) => {
        const codecs = [goEndpoints, lineCodec];
        const clock = new FakeClock();
        const etcd = new FakeClient();
        const options = { codec: isReversed ? codecs.reverse() : codecs };
        const directory = new ServiceDirectory(etcd.client, directoryClock.set(options, clock));
        const views: string[][] = [];
        directory.follow('svc', {
          onView: ({ endpoints }) => views.push(endpoints.map(({ addr }) => addr).sort()),
          onFailure: () => {}, // the client closes
        });
        await settled();
        const mirrorOf = (prefix: Prefix) => etcd.mirrors.find((one) => one.prefix === prefix)!;
        const store = new Store(mirrorOf);
        store.txn(steady.map((addr) => ({ addr, to: ['svc/'] })));
        for (const prefix of prefixes) {
          store.list(prefix, 'initial');
          mirrorOf(prefix).answer = async () => {
            store.deliver(prefix); // a verified mirror has everything that the store had
            return true;
          };
        }
        await settled();
        for (const step of steps) {
          if (step.type === 'txn') store.txn(step.moves);
          if (step.type === 'deliver') store.deliver(step.prefix, step.count);
          if (step.type === 'list') {
            mirrorOf(step.prefix).reconnects++;
            store.list(step.prefix, 'compacted');
          }
          if (step.type === 'wait') clock.advance(step.ms);
          await settled();
        }
        for (const prefix of prefixes) store.deliver(prefix);
        await settled();
        for (let ms = 0; ms < 30_000; ms += 1_000) {
          clock.advance(1_000);
          await settled();
        }
        const missing = views.map((addrs) => steady.filter((addr) => !addrs.includes(addr)));
        assert.deepEqual(missing.flat(), []);
        assert.equal(directory.status('svc').unconfirmed, 0);
        etcd.close();
      }),
      { numRuns: 150 },
    );
  });
});
