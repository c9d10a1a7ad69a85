import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError } from '#src/errors/index.js';
import type { Member } from '#src/wire/index.js';
import { FakeClock } from '../lease/fakes.js';
import { cut, futureRevision, ScriptedKv, type StreamFate, tooLarge, unknownMethod } from './scripted-kv.js';
import { clientOf, drain, everything, settle } from './streams.js';

describe('a stream of a range', () => {
  describe('that fits into the first page', () => {
    it('asks for nothing more', async () => {
      const server = new ScriptedKv(9);
      const { names, revisions } = await drain(clientOf(server).stream(everything));
      assert.deepEqual(names, server.names);
      assert.deepEqual(revisions, [100n]);
      assert.deepEqual([server.pages.length, server.streams.length], [1, 0]);
    });

    it('gives one batch even of nothing, for the revision’s sake', async () => {
      const { names, revisions, batches } = await drain(clientOf(new ScriptedKv(0)).stream(everything));
      assert.deepEqual([names, revisions, batches], [[], [100n], 1]);
    });
  });

  describe('that does not', () => {
    it('goes on by RangeStream, after the last key and at the page’s revision', async () => {
      const server = new ScriptedKv(95);
      const { names, revisions } = await drain(clientOf(server).stream(everything));
      assert.deepEqual(names, server.names);
      assert.deepEqual(revisions, [100n]);
      assert.equal(server.pages.length, 1);
      const [request] = server.streams;
      assert.equal(request?.revision, 100n);
      assert.equal(String(request?.key), `${server.names[15]}\0`);
      assert.deepEqual(request?.rangeEnd, Buffer.from('l'));
      assert.equal(server.cancelled, 1, 'the stream is let go of');
      assert.equal(server.holders, 0);
    });

    it('keeps to a revision that was asked for, whatever the answers’ headers say', async () => {
      const server = new ScriptedKv(95);
      const { revisions } = await drain(clientOf(server).stream(everything, { revision: 7n }));
      assert.deepEqual(revisions, [7n]);
      assert.deepEqual(
        [...server.pages, ...server.streams].map(({ revision }) => revision),
        [7n, 7n],
      );
    });

    it('sends nothing before it is asked for the first batch', async () => {
      const server = new ScriptedKv(95);
      clientOf(server).stream(everything);
      await settle();
      assert.deepEqual([server.pages.length, server.holders], [0, 0]);
    });
  });

  describe('cut anywhere, any number of times, or moved to a member that has no RangeStream', () => {
    const fate: fc.Arbitrary<StreamFate> = fc.record({
      pieces: fc.nat(4),
      end: fc.constantFrom(cut, unknownMethod, tooLarge).map((make) => make()),
    });

    it('gives every key once, in order, at one revision', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(400),
          fc.array(fate, { maxLength: 8 }),
          fc.integer({ min: 1, max: 40 }),
          async (keys, fates, mostKeys) => {
            const server = new ScriptedKv(keys);
            server.fates.push(...fates);
            server.mostKeys = mostKeys;
            const { names, revisions } = await drain(clientOf(server).stream(everything));
            assert.deepEqual(names, server.names);
            assert.equal(revisions.length, 1);
            const later = [...server.pages.filter(({ key }) => key.length > 1), ...server.streams];
            assert.ok(later.every(({ revision }) => revision === revisions[0]));
            assert.equal(server.holders, 0);
          },
        ),
        { numRuns: 300 },
      );
    });

    it('stays with pages after three streams in a row that brought nothing', async () => {
      const server = new ScriptedKv(200, { valueBytes: 100_000 });
      for (let i = 0; i < 9; i++) server.fates.push({ pieces: 0, end: cut() });
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 3);
    });

    it('stays with RangeStream as long as each brings something', async () => {
      const server = new ScriptedKv(400, { valueBytes: 100_000 });
      for (let i = 0; i < 9; i++) server.fates.push({ pieces: 1, end: cut() });
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 10);
    });
  });

  describe('on servers without RangeStream', () => {
    it('asks once, and again ten minutes later', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: unknownMethod() });
      const client = clientOf(server, clock);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.equal(server.streams.length, 1);
      clock.advance(10 * 60_000);
      assert.deepEqual((await drain(client.stream(everything))).names, server.names);
      assert.equal(server.streams.length, 2);
    });

    it('does not ask while it has a page ahead, though the ten minutes end in the middle', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(3_000);
      server.fates.push({ pieces: 0, end: unknownMethod() }, { pieces: 2, end: cut() });
      const client = clientOf(server, clock);
      await drain(client.stream(everything));
      const stream = client.stream(everything);
      await stream.next();
      await stream.next();
      clock.advance(10 * 60_000);
      assert.deepEqual((await drain(stream)).names, server.names.slice(16 + 128));
    });

    it('reads one page ahead and no more', async () => {
      const server = new ScriptedKv(500, { valueBytes: 100_000 });
      server.fates.push({ pieces: 0, end: unknownMethod() });
      const stream = clientOf(server).stream(everything);
      for (let taken = 1; taken <= 4; taken++) {
        await stream.next();
        await settle();
        // The first page is not followed by another until RangeStream was asked for.
        assert.equal(server.pages.length, taken === 1 ? 1 : taken + 1);
      }
      await stream.return?.();
    });

    it('asks again for a page that failed while the reader was away', async () => {
      const server = new ScriptedKv(2_000);
      server.fates.push({ pieces: 0, end: unknownMethod() });
      server.pageErrors.push(undefined, undefined, cut());
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.pages.length, 5);
    });

    it('tells an error that stays', async () => {
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: unknownMethod() });
      server.pageErrors.push(undefined, cut());
      const stream = clientOf(server).stream(everything);
      await stream.next();
      await assert.rejects(stream.next(), /Connection dropped/);
      assert.equal((await stream.next()).done, true, 'told once');
    });
  });

  describe('with revision filters', () => {
    it('goes by pages without asking, since RangeStream has none', async () => {
      const server = new ScriptedKv(95);
      const { names } = await drain(clientOf(server).stream(everything, { minModRevision: 1n }));
      assert.deepEqual(names, server.names);
      assert.equal(server.streams.length, 0);
      assert.ok(server.pages.every(({ minModRevision }) => minModRevision === 1n));
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
      assert.equal(server.streams.length, 1, 'others may ask');
    });
  });

  describe('whose reader is slow', () => {
    it('lets one piece wait; the others stay in the server', async () => {
      const server = new ScriptedKv(500);
      const stream = clientOf(server).stream(everything);
      await stream.next();
      await stream.next();
      await settle();
      assert.equal(server.pushed, 2);
      await stream.next();
      await settle();
      assert.equal(server.pushed, 3);
      assert.equal(server.holders, 0, 'nobody waits, so nobody is held');
      await stream.return?.();
    });
  });

  describe('with pages too large to take', () => {
    it('asks for fewer keys, down to one', async () => {
      const server = new ScriptedKv(50);
      server.fates.push({ pieces: 0, end: unknownMethod() });
      server.mostKeys = 1;
      assert.deepEqual((await drain(clientOf(server).stream(everything))).names, server.names);
    });

    it('tells so when one key is too large', async () => {
      const server = new ScriptedKv(50);
      server.mostKeys = 0;
      await assert.rejects(drain(clientOf(server).stream(everything)), /larger than max/);
    });
  });

  describe('of a member that lags behind, serializable', () => {
    it('makes sure of the revision, instead of failing', async () => {
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 1, end: cut() });
      server.pageErrors.push(undefined, futureRevision());
      const { names } = await drain(clientOf(server).stream(everything, { serializable: true }));
      assert.deepEqual(names, server.names);
      assert.deepEqual(
        server.pages.map(({ serializable }) => serializable),
        [true, true, false],
      );
    });
  });

  describe('from a server that does not keep to the protocol', () => {
    const kv = { value: Buffer.alloc(0), createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n };
    const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
    for (const [what, kvs] of [
      ['repeats a key', [{ key: Buffer.from('k1'), ...kv }]],
      ['promises more and gives nothing', []],
    ] as const) {
      it(`which ${what}, fails instead of going round for ever`, async () => {
        const server = new ScriptedKv(0);
        server.range = async (_, options) => {
          options?.onAnswer?.(1);
          return { header, kvs: [...kvs], more: true, count: 9n };
        };
        server.fates.push({ pieces: 0, end: unknownMethod() });
        await assert.rejects(drain(clientOf(server).stream(everything)), /order of keys/);
      });
    }
  });

  it('from a server that sends empty pieces for ever, fails', async () => {
    const server = new ScriptedKv(95);
    server.rangeStream = (_, handlers) => {
      let over = false;
      const send = async () => {
        handlers.opened?.({ connectionId: 1 } as Member);
        while (!over) {
          await new Promise(setImmediate);
          await handlers.message({ header: undefined, kvs: [], more: false, count: 0n });
        }
      };
      void send();
      const stop = () => {
        over = true;
      };
      return { cancel: stop, cancelUnresponsive: stop };
    };
    await assert.rejects(drain(clientOf(server).stream(everything)), /order of keys/);
  });

  it('refuses what it cannot do, at once and by name', () => {
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
