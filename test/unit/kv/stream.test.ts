import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError } from '#src/errors/index.js';
import { converted } from '#src/model/index.js';
import type { Member } from '#src/wire/index.js';
import { FakeClock } from '../lease/fakes.js';
import {
  connectionDropped,
  futureRevision,
  ScriptedKv,
  type StreamScript,
  tooLarge,
  unknownMethod,
} from './scripted-kv.js';
import { clientOf, drain, everything, settlePromises } from './stream-helpers.js';

describe('a stream of a range', () => {
  describe('that fits into the first page', () => {
    it('sends one request', async () => {
      const server = new ScriptedKv(9);
      const { names, revisions } = await drain(clientOf(server).stream(everything));
      assert.deepEqual(names, server.names);
      assert.deepEqual(revisions, [100n]);
      assert.deepEqual([server.pages.length, server.streams.length], [1, 0]);
    });

    it('yields one batch even if empty, so that the revision is known', async () => {
      const { names, revisions, batches } = await drain(clientOf(new ScriptedKv(0)).stream(everything));
      assert.deepEqual([names, revisions, batches], [[], [100n], 1]);
    });
  });

  describe('that does not fit into the first page', () => {
    it('continues with RangeStream, after the last key and at the page’s revision', async () => {
      const server = new ScriptedKv(95);
      const { names, revisions } = await drain(clientOf(server).stream(everything));
      assert.deepEqual(names, server.names);
      assert.deepEqual(revisions, [100n]);
      assert.equal(server.pages.length, 1);
      const [request] = server.streams;
      assert.equal(request?.revision, 100n);
      assert.equal(String(request?.key), `${server.names[15]}\0`);
      assert.deepEqual(request?.rangeEnd, Buffer.from('l'));
      assert.equal(server.cancelled, 1, 'the stream is cancelled');
      assert.equal(server.processRefs, 0);
    });

    it('uses the option revision instead of that of the response headers', async () => {
      const server = new ScriptedKv(95);
      const { revisions } = await drain(clientOf(server).stream(everything, { revision: 7n }));
      assert.deepEqual(revisions, [7n]);
      assert.deepEqual(
        [...server.pages, ...server.streams].map(({ revision }) => revision),
        [7n, 7n],
      );
    });

    it('sends nothing before the first batch is requested', async () => {
      const server = new ScriptedKv(95);
      clientOf(server).stream(everything);
      await settlePromises();
      assert.deepEqual([server.pages.length, server.processRefs], [0, 0]);
    });
  });

  describe('interrupted anywhere, any number of times, or moved to a member without RangeStream', () => {
    const script: fc.Arbitrary<StreamScript> = fc.record({
      chunks: fc.nat(4),
      end: fc.constantFrom(connectionDropped, unknownMethod, tooLarge).map((make) => make()),
    });

    it('yields every key once, in order, at one revision', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(400),
          fc.array(script, { maxLength: 8 }),
          fc.integer({ min: 1, max: 40 }),
          async (keys, scripts, mostKeys) => {
            const server = new ScriptedKv(keys);
            server.streamScripts.push(...scripts);
            server.maxPageKeys = mostKeys;
            const { names, revisions } = await drain(clientOf(server).stream(everything));
            assert.deepEqual(names, server.names);
            assert.equal(revisions.length, 1);
            const later = [...server.pages.filter(({ key }) => key.length > 1), ...server.streams];
            assert.ok(later.every(({ revision }) => revision === revisions[0]));
            assert.equal(server.processRefs, 0);
          },
        ),
        { numRuns: 300 },
      );
    });

    it('uses only pages after three consecutive streams without a chunk', async () => {
      const server = new ScriptedKv(200, { valueBytes: 100_000 });
      for (let i = 0; i < 9; i++) server.streamScripts.push({ chunks: 0, end: connectionDropped() });
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 3);
    });

    it('uses RangeStream while each stream yields a chunk', async () => {
      const server = new ScriptedKv(400, { valueBytes: 100_000 });
      for (let i = 0; i < 9; i++) server.streamScripts.push({ chunks: 1, end: connectionDropped() });
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 10);
    });
  });

  describe('on servers without RangeStream', () => {
    it('tries RangeStream once, and again ten minutes later', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: unknownMethod() });
      const client = clientOf(server, clock);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.equal(server.streams.length, 1);
      clock.advance(10 * 60_000);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.equal(server.streams.length, 2);
    });

    it('does not try RangeStream while a page is prefetched, even if the ten minutes end during the read', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(3_000);
      server.streamScripts.push({ chunks: 0, end: unknownMethod() }, { chunks: 2, end: connectionDropped() });
      const client = clientOf(server, clock);
      await drain(client.stream(everything));
      const stream = client.stream(everything);
      await stream.next();
      await stream.next();
      clock.advance(10 * 60_000);
      assert.deepEqual((await drain(stream)).names, server.names.slice(16 + 128));
    });

    it('prefetches one page', async () => {
      const server = new ScriptedKv(500, { valueBytes: 100_000 });
      server.streamScripts.push({ chunks: 0, end: unknownMethod() });
      const stream = clientOf(server).stream(everything);
      for (let taken = 1; taken <= 4; taken++) {
        await stream.next();
        await settlePromises();
        // After the first page, RangeStream is tried before the next page is requested.
        assert.equal(server.pages.length, taken === 1 ? 1 : taken + 1);
      }
      await stream.return?.();
    });

    it('requests a page again if its prefetch failed', async () => {
      const server = new ScriptedKv(2_000);
      server.streamScripts.push({ chunks: 0, end: unknownMethod() });
      server.pageErrors.push(undefined, undefined, connectionDropped());
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.pages.length, 5);
    });

    it('rejects with a persistent error', async () => {
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: unknownMethod() });
      server.pageErrors.push(undefined, connectionDropped());
      const stream = clientOf(server).stream(everything);
      await stream.next();
      await assert.rejects(stream.next(), /Connection dropped/);
      assert.equal((await stream.next()).done, true, 'the error is thrown once');
    });
  });

  describe('with revision filters', () => {
    it('uses pages, because RangeStream does not support filters', async () => {
      const server = new ScriptedKv(95);
      const { names } = await drain(clientOf(server).stream(everything, { minModRevision: 1n }));
      assert.deepEqual(names, server.names);
      assert.equal(server.streams.length, 0);
      assert.ok(server.pages.every(({ minModRevision }) => minModRevision === 1n));
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 1, 'other reads still use RangeStream');
    });
  });

  describe('whose reader is slow', () => {
    it('buffers one chunk; the others stay on the server', async () => {
      const server = new ScriptedKv(500);
      const stream = clientOf(server).stream(everything);
      await stream.next();
      await stream.next();
      await settlePromises();
      assert.equal(server.chunksSent, 2);
      await stream.next();
      await settlePromises();
      assert.equal(server.chunksSent, 3);
      assert.equal(server.processRefs, 0, 'without a pending wait, the process is not kept alive');
      await stream.return?.();
    });
  });

  describe('with pages over the client’s limit', () => {
    it('requests fewer keys, down to one', async () => {
      const server = new ScriptedKv(50);
      server.streamScripts.push({ chunks: 0, end: unknownMethod() });
      server.maxPageKeys = 1;
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
    });

    it('rejects if one key is too large', async () => {
      const server = new ScriptedKv(50);
      server.maxPageKeys = 0;
      await assert.rejects(drain(clientOf(server).stream(everything)), /larger than max/);
    });
  });

  describe('with serializable, from a member that lags behind', () => {
    it('reads linearizably instead of failing', async () => {
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 1, end: connectionDropped() });
      server.pageErrors.push(undefined, futureRevision());
      const { names } = await drain(clientOf(server).stream(everything, { serializable: true }));
      assert.deepEqual(names, server.names);
      assert.deepEqual(
        server.pages.map(({ serializable }) => serializable),
        [true, true, false],
      );
    });
  });

  describe('from a server that violates the protocol', () => {
    const kv = { value: Buffer.alloc(0), createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n };
    const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
    for (const [what, kvs] of [
      ['repeats a key', [{ key: Buffer.from('k1'), ...kv }]],
      ['reports more keys and sends none', []],
    ] as const) {
      it(`rejects if the server ${what}`, async () => {
        const server = new ScriptedKv(0);
        server.range = async (request, options, convert) => {
          options?.onAnswer?.(1);
          return converted({ header, kvs: [...kvs], more: true, count: 9n }, request, convert);
        };
        server.streamScripts.push({ chunks: 0, end: unknownMethod() });
        await assert.rejects(drain(clientOf(server).stream(everything)), /order of keys/);
      });
    }
  });

  it('rejects if the server sends empty chunks forever', async () => {
    const server = new ScriptedKv(95);
    server.rangeStream = (_, handlers) => {
      let ended = false;
      const send = async () => {
        handlers.opened?.({ connectionId: 1 } as Member);
        while (!ended) {
          await new Promise(setImmediate);
          await handlers.message({ header: undefined, kvs: [], more: false, count: 0n });
        }
      };
      void send();
      const stop = () => {
        ended = true;
      };
      return { cancel: stop, fail: stop, failUnresponsive: stop };
    };
    await assert.rejects(drain(clientOf(server).stream(everything)), /order of keys/);
  });

  it('throws immediately for unsupported options, which the error names', () => {
    const client = clientOf(new ScriptedKv(0));
    const untyped = (options: object) => options as never;
    for (const [options, text] of [
      [{ limit: 5 }, /limit is given/],
      [{ sort: { by: 'key', order: 'ascend' } }, /sort is given/],
      [{ countOnly: true }, /countOnly is given/],
      [{ timeoutMs: -1 }, /timeoutMs is -1/],
      [{ pageSize: 0 }, /pageSize is 0/],
      [{ revision: -1n }, /revision is -1n/],
      [{ minModRevision: 5n, maxModRevision: 4n }, /minModRevision is 5n and maxModRevision is 4n/],
    ] as const) {
      assert.throws(
        () => client.stream(everything, untyped(options)),
        (error: Error) => error instanceof InvalidInputError && text.test(error.message),
      );
    }
  });
});
