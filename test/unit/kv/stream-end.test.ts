import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClosedError, CompactedError, DeadlineError } from '#src/errors/index.js';
import { FakeClock } from '../lease/fakes.js';
import { compacted, ScriptedKv } from './scripted-kv.js';
import { clientOf, drain, everything, settle } from './streams.js';

describe('a stream of a range', () => {
  describe('whose revision is compacted on the way', () => {
    it('hands over what came, then throws CompactedError', async () => {
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 2, end: compacted() });
      server.pageErrors.push(undefined, compacted());
      const stream = clientOf(server).stream(everything);
      let keys = 0;
      await assert.rejects(async () => {
        for await (const { kvs } of stream) keys += kvs.length;
      }, CompactedError);
      assert.equal(keys, 16 + 20);
      assert.equal(server.holders, 0);
    });
  });

  describe('whose member falls silent', () => {
    it('leaves it after a third of the time, and goes on elsewhere', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 1, end: 'silence' });
      const stream = clientOf(server, clock).stream(everything);
      await stream.next();
      await stream.next();
      const next = stream.next();
      await settle();
      clock.advance(2_999);
      await settle();
      assert.deepEqual([server.abandoned, server.pages.length], [0, 1]);
      clock.advance(1);
      assert.equal((await next).value?.kvs.length, 69);
      assert.deepEqual([server.abandoned, server.pages.length], [1, 2]);
      assert.equal(clock.timers, 0);
    });

    it('does not hold it against the member when there was little time', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: 'silence' });
      const stream = clientOf(server, clock).stream(everything, { timeoutMs: 300 });
      await stream.next();
      const next = stream.next();
      await settle();
      clock.advance(100);
      assert.equal((await next).value?.kvs.length, 79);
      assert.deepEqual([server.cancelled, server.abandoned], [1, 0]);
    });

    it('ends with the deadline of the read that follows', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: 'silence' });
      server.pageErrors.push(undefined, new DeadlineError('late'));
      const stream = clientOf(server, clock).stream(everything, { timeoutMs: 300 });
      await stream.next();
      const next = assert.rejects(stream.next(), DeadlineError);
      await settle();
      clock.advance(100);
      await next;
    });
  });

  describe('that is left', () => {
    it('is cancelled on the server at once, and is over', async () => {
      const server = new ScriptedKv(500);
      const stream = clientOf(server).stream(everything);
      let batches = 0;
      for await (const _ of stream) if (++batches === 2) break;
      assert.equal(server.cancelled, 1);
      assert.equal((await stream.next()).done, true);
    });

    it('while a batch is waited for, ends the wait', async () => {
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: 'silence' });
      const stream = clientOf(server).stream(everything);
      await stream.next();
      const next = stream.next();
      await settle();
      await stream.return?.();
      assert.deepEqual(await next, { done: true, value: undefined });
      assert.deepEqual([server.cancelled, server.holders], [1, 0]);
    });

    it('or read to its end, lets go of its signal', async () => {
      const { signal } = new AbortController();
      const client = clientOf(new ScriptedKv(95));
      await drain(client.stream(everything, { signal }));
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      for await (const _ of client.stream(everything, { signal })) break;
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('by its signal rejects with the signal’s own reason, and lets go of the signal', async () => {
      const server = new ScriptedKv(500);
      const abort = new AbortController();
      const stream = clientOf(server).stream(everything, { signal: abort.signal });
      await stream.next();
      await stream.next();
      const reason = new Error('enough');
      abort.abort(reason);
      assert.equal(server.cancelled, 1, 'at once, though the reader is busy');
      await assert.rejects(stream.next(), reason);
      assert.equal((await stream.next()).done, true);
      assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
    });

    it('by the close of its client rejects with ClosedError', async () => {
      const server = new ScriptedKv(95);
      server.fates.push({ pieces: 0, end: 'silence' });
      const closing = new AbortController();
      const client = clientOf(server, undefined, closing.signal);
      const stream = client.stream(everything);
      await stream.next();
      const next = assert.rejects(stream.next(), ClosedError);
      await settle();
      closing.abort(new ClosedError('the client'));
      await next;
      await assert.rejects(client.stream(everything).next(), ClosedError);
    });
  });
});
