import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StoreReplacedError } from '#src/errors/index.js';
import type { KeyValue } from '#src/model/index.js';
import { FakeClock } from '../lease/fakes.js';
import { futureRevision, ScriptedKv, unknownMethod } from './scripted-kv.js';
import { clientOf, drain, everything } from './stream-helpers.js';

const pageBytes = 100_000;

/** Reads a stream to its end or error. `before` is called before each batch is requested. */
async function read(server: ScriptedKv, before: (batch: number) => void) {
  const kvs: KeyValue[] = [];
  const stream = clientOf(server, new FakeClock()).stream(everything);
  try {
    for (let batch = 0; ; batch++) {
      before(batch);
      const { value, done } = await stream.next();
      if (done) return { kvs, error: undefined };
      kvs.push(...value.kvs);
    }
  } catch (error) {
    return { kvs, error };
  }
}

/** A short form: the difference of whole values would take minutes to print. */
const summary = (kvs: readonly KeyValue[]) =>
  kvs.map(
    ({ key, value, createRevision, modRevision, version, lease }) =>
      `${key} ${value.length} ${createRevision} ${modRevision} ${version} ${lease}`,
  );

describe('a stream of a range whose connection changes', () => {
  const scenarios = fc.record({
    keys: fc.integer({ min: 1, max: 80 }),
    changes: fc.array(fc.nat(12), { maxLength: 5 }),
    hasStreams: fc.boolean(),
  });

  function serverOf(keys: number, hasStreams: boolean): ScriptedKv {
    const server = new ScriptedKv(keys, { valueBytes: pageBytes });
    if (!hasStreams) server.streamScripts.push({ chunks: 0, end: unknownMethod() });
    return server;
  }

  it('yields every key once', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ keys, changes, hasStreams }) => {
        const server = serverOf(keys, hasStreams);
        const { kvs, error } = await read(server, (batch) => {
          if (changes.includes(batch)) server.reconnect();
        });
        assert.equal(error, undefined);
        assert.deepEqual(summary(kvs), summary(server.kvs));
      }),
      { numRuns: 100 },
    );
  });

  it('to another store yields only the keys of one store, or ends with StoreReplacedError before any key of the other', async () => {
    const difference = fc.constantFrom<(kv: KeyValue) => KeyValue>(
      (kv) => ({ ...kv, value: Buffer.from('other') }),
      (kv) => ({ ...kv, modRevision: 2n }),
      (kv) => ({ ...kv, createRevision: 2n }),
      (kv) => ({ ...kv, version: 2n }),
      (kv) => ({ ...kv, lease: 2n }),
      (kv) => ({ ...kv, key: Buffer.concat([kv.key, Buffer.from('+')]) }),
    );
    let replaced = 0;
    await fc.assert(
      fc.asyncProperty(scenarios, fc.nat(8), fc.nat(6), difference, async (scenario, at, offset, alter) => {
        const server = serverOf(scenario.keys, scenario.hasStreams);
        const old = server.kvs;
        // Several differences: with one only, a mixture would equal one of the two stores.
        const other = old.map((kv, i) => (i % 7 === offset ? alter(kv) : kv));
        const { kvs, error } = await read(server, (batch) => {
          if (batch === at) server.reconnect(other);
        });
        if (error) {
          assert.ok(error instanceof StoreReplacedError, String(error));
          assert.deepEqual(summary(kvs), summary(old.slice(0, kvs.length)));
          replaced++;
        } else {
          const whole = kvs.every((kv, i) => kv === other[i]) ? other : old;
          assert.deepEqual(summary(kvs), summary(whole));
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(replaced > 20, `${replaced} stores were replaced during the read`);
  });

  it('to a store with a lower revision ends with StoreReplacedError', async () => {
    const server = serverOf(100, false);
    server.pageErrors.push(undefined, futureRevision(), futureRevision());
    const { error } = await read(server, () => {});
    assert.ok(error instanceof StoreReplacedError, String(error));
  });

  it('reads nothing twice while the connection stays the same', async () => {
    for (const hasStreams of [true, false]) {
      const server = serverOf(100, hasStreams);
      await drain(clientOf(server).stream(everything));
      const starts = server.pages.map(({ key }) => String(key));
      assert.equal(new Set(starts).size, starts.length);
      assert.equal(starts.length, hasStreams ? 1 : 10);
    }
  });

  it('with every response ends with an error instead of retrying forever', async () => {
    const server = serverOf(100, false);
    const range = server.range.bind(server);
    server.range = (request, options) => {
      server.reconnect();
      return range(request, options);
    };
    await assert.rejects(drain(clientOf(server).stream(everything)), /changed each time/);
    assert.ok(server.pages.length < 50, `${server.pages.length} pages`);
  });
});
