import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { MirrorUpdate } from '#src/mirror/index.js';
import { type KeyValue, keyBytes } from '#src/model/index.js';
import { LossProtection, type Observation } from '#src/naming/directory/loss/loss-protection.js';
import { withDefaults } from '#src/naming/directory/loss/options.js';
import type { RecordRules } from '#src/naming/directory/union/record-rules.js';
import { EndpointSet } from '#src/naming/endpoint-set.js';
import { type EndpointRecord, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { countSteps } from '../../../../support/count-steps.js';
import { defaultFormat } from '../../../../support/naming/format.js';
import { FakeClient, settled } from '../../fake-service.js';
import { FullComputation } from './full-computation.js';

/** Nested, not UTF-8, and with characters whose order in UTF-16 is not that of the bytes. */
const ids = ['a', 'b', 'b/c', 'b0', 'é', '\uffff', '😀', '\udc80', '\udcffx'];
const values = [
  ...['a:1', 'A:1', 'b:1', 'c:1'].map((addr) => JSON.stringify({ Addr: addr })),
  JSON.stringify({ Addr: 'a:1', Metadata: { weight: 2 } }),
  'not an endpoint',
];
/** The rules of three formats: the format of a record is a matter of its key, and an address may be spelled twice. */
const severalFormats: RecordRules = {
  nameOf: ({ addr }) => addr.toLowerCase(),
  rankOf: ({ key }) => key.length % 3,
};
/** More changes than are applied one by one. */
const many = Array.from({ length: 150 }, (_, i) => `bulk/${i}`);

/** The new values of keys by id; undefined deletes one. */
type Writes = ReadonlyMap<string, string | undefined>;

const anyWrites: fc.Arbitrary<Writes> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...ids), fc.option(fc.constantFrom(...values), { nil: undefined })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((all) => new Map(all)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...values, undefined).map((value) => new Map(many.map((id) => [id, value]))),
  },
);

/** A prefix of a store, whose writes become the updates of a mirror. */
class Store {
  readonly kvs = new Map<string, KeyValue>();
  #revision = 1n;

  write(writes: Writes): MirrorUpdate {
    const revision = ++this.#revision;
    const puts = new Map<string, KeyValue>();
    const deletes = new Set<string>();
    for (const [id, value] of writes) {
      const key = `svc/${id}`;
      if (value === undefined) {
        if (this.kvs.delete(key)) deletes.add(key);
        continue;
      }
      const kv = {
        key: keyBytes(key),
        value: Buffer.from(value),
        createRevision: 1n,
        modRevision: revision,
        version: 1n,
        lease: 0n,
      };
      this.kvs.set(key, kv);
      puts.set(key, kv);
    }
    return { type: 'delta', revision, puts, deletes };
  }

  list(): MirrorUpdate {
    const kvs = new Map([...this.kvs].map(([key, kv]) => [key, { ...kv }]));
    return { type: 'snapshot', reason: 'compacted', revision: this.#revision, kvs };
  }
}

describe('a view that is updated incrementally', () => {
  type Step =
    | {
        readonly type: 'update';
        readonly writes: Writes;
        readonly missed: boolean;
        readonly observation: Observation;
      }
    | { readonly type: 'wait'; readonly ms: number }
    | { readonly type: 'begin-read' | 'confirm' | 'restart' };

  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('update' as const),
        writes: anyWrites,
        missed: fc.boolean(),
        observation: fc.constantFrom<Observation>('live', 'live', 'after-reconnect', 'after-silence'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8_000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('begin-read' as const, 'confirm' as const, 'restart' as const),
      }),
    },
  );

  const anyOptions = fc.record({
    protectionMs: fc.constantFrom(0, 10_000, 10_000),
    lossThreshold: fc.constantFrom(0.2, 0.5, 1),
    includeLive: fc.boolean(),
    readIntervalMs: fc.constant(0),
  });

  /** Of one format, of several formats under one prefix, and under several. */
  const anyService = fc.constantFrom<[RecordRules | undefined, boolean]>(
    [undefined, false],
    [severalFormats, false],
    [severalFormats, true],
  );

  it('has the endpoints of a full computation in the same order, with and without loss protection', () => {
    fc.assert(
      fc.property(anyOptions, anyService, fc.array(anyStep, { maxLength: 40 }), (options, service, steps) => {
        const store = new Store();
        const set = new EndpointSet(defaultFormat());
        const incremental = new LossProtection(options, ...service);
        const full = new FullComputation(options, ...service);
        const delivered: {
          readonly list: readonly EndpointRecord[];
          readonly copy: readonly EndpointRecord[];
        }[] = [];
        let now = 0;
        let read = 0;
        for (const step of steps) {
          if (step.type === 'wait') now += step.ms;
          if (step.type === 'update') {
            const delta = store.write(step.writes);
            const change = set.apply(step.missed ? store.list() : delta);
            for (const one of [incremental, full]) one.apply(change, step.observation, now);
          }
          for (const one of [incremental, full]) {
            if (step.type === 'begin-read') read = one.beginRead();
            if (step.type === 'confirm') one.confirm(read, now);
            if (step.type === 'restart') one.restartProtection(now);
          }
          const list = incremental.visibleEndpoints();
          assert.deepEqual(list, full.visibleEndpoints());
          assert.deepEqual(incremental.unconfirmed, full.unconfirmed);
          delivered.push({ list, copy: [...list] });
        }
        for (const { list, copy } of delivered) assert.deepEqual(list, copy);
      }),
      { numRuns: 900 },
    );
  });

  it('visits as many records for a change of a large service as of a small one', () => {
    const steps = (count: number) => {
      const store = new Store();
      const set = new EndpointSet(defaultFormat());
      const protection = new LossProtection(withDefaults());
      const show = (update: MirrorUpdate) => {
        protection.apply(set.apply(update), 'live', 0);
        return protection.visibleEndpoints();
      };
      const addr = (i: number) => JSON.stringify({ Addr: `a:${i}` });
      show(store.write(new Map(Array.from({ length: count }, (_, i) => [`${i}`, addr(i + 1)]))));
      const changes: Writes[] = [['5', undefined] as const, ['new', addr(0)] as const].map(
        (one) => new Map([one]),
      );
      const updates = changes.map((writes) => store.write(writes));
      return countSteps(() => updates.forEach(show));
    };
    assert.equal(steps(5_000), steps(10));
  });

  it('is reported when an endpoint or an unreadable key differs, and only then', async () => {
    const anyUpdate = fc.record({ writes: anyWrites, missed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(anyUpdate, { maxLength: 15 }), async (direct, updates) => {
        const etcd = new FakeClient();
        const directory = new ServiceDirectory(etcd.client, { direct, lossProtection: { protectionMs: 0 } });
        const received: ServiceView[] = [];
        const unfollow = directory.follow('svc', {
          onView: (view) => received.push(view),
          onFailure: assert.fail,
        });
        await settled();
        const store = new Store();
        const expected: Readable[] = [readable(store.kvs, direct)];
        etcd.mirrors[0]?.push(store.list());
        for (const { writes, missed } of updates) {
          await settled();
          const delta = store.write(writes);
          etcd.mirrors[0]?.push(missed ? store.list() : delta);
          const next = readable(store.kvs, direct);
          if (!isEqual(next, expected.at(-1))) expected.push(next);
        }
        await settled();
        unfollow();
        etcd.close();
        const views = received.map(({ endpoints, invalid }) => ({ endpoints, invalid }));
        assert.deepEqual(views, expected);
      }),
      { numRuns: 100 },
    );
  });
});

type Readable = Pick<ServiceView, 'endpoints' | 'invalid'>;

/** All endpoints of a listing: each record is decoded, and all are sorted. */
function readable(kvs: ReadonlyMap<string, KeyValue>, direct: boolean): Readable {
  const wanted = [...kvs].filter(([key]) => !direct || !key.slice('svc/'.length).includes('/'));
  const set = new EndpointSet(defaultFormat());
  set.apply({ type: 'snapshot', reason: 'initial', revision: 1n, kvs: new Map(wanted) });
  const sorted = [...set.records.values()].sort((a, b) => Buffer.compare(keyBytes(a.key), keyBytes(b.key)));
  return { endpoints: sorted, invalid: set.invalid };
}

function isEqual(a: Readable, b: Readable | undefined): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
