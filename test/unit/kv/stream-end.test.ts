import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClosedError, CompactedError, DeadlineError } from '#src/errors/index.js';
import { FakeClock } from '../lease/fakes.js';
import { compacted, ScriptedKv } from './scripted-kv.js';
import { clientOf, drain, everything, settlePromises } from './stream-helpers.js';

describe('a stream of a range', () => {
  describe('whose revision is compacted during the read', () => {
    it('yields the received batches, then throws CompactedError', async () => {
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 2, end: compacted() });
      server.pageErrors.push(undefined, compacted());
      const stream = clientOf(server).stream(everything);
      let keys = 0;
      await assert.rejects(async () => {
        for await (const { kvs } of stream) keys += kvs.length;
      }, CompactedError);
      assert.equal(keys, 16 + 20);
      assert.equal(server.processRefs, 0);
    });
  });

  describe('whose member falls silent', () => {
    it('reports the member after a third of the timeout, and continues on another member', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 1, end: 'silence' });
      const stream = clientOf(server, clock).stream(everything);
      await stream.next();
      await stream.next();
      const next = stream.next();
      await settlePromises();
      clock.advance(2_999);
      await settlePromises();
      assert.deepEqual([server.reportedUnresponsive, server.pages.length], [0, 1]);
      clock.advance(1);
      assert.equal((await next).value?.kvs.length, 69);
      assert.deepEqual([server.reportedUnresponsive, server.pages.length], [1, 2]);
      assert.equal(clock.timers, 0);
    });

    it('does not report the member if the timeout was short', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: 'silence' });
      const stream = clientOf(server, clock).stream(everything, { timeoutMs: 300 });
      await stream.next();
      const next = stream.next();
      await settlePromises();
      clock.advance(100);
      assert.equal((await next).value?.kvs.length, 79);
      assert.deepEqual([server.cancelled, server.reportedUnresponsive], [1, 0]);
    });

    it('rejects with DeadlineError if the following page times out', async () => {
      const clock = new FakeClock();
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: 'silence' });
      server.pageErrors.push(undefined, new DeadlineError('late'));
      const stream = clientOf(server, clock).stream(everything, { timeoutMs: 300 });
      await stream.next();
      const next = assert.rejects(stream.next(), DeadlineError);
      await settlePromises();
      clock.advance(100);
      await next;
    });
  });

  describe('that is ended early', () => {
    it('by leaving the loop is cancelled on the server immediately, and is done', async () => {
      const server = new ScriptedKv(500);
      const stream = clientOf(server).stream(everything);
      let batches = 0;
      for await (const _ of stream) if (++batches === 2) break;
      assert.equal(server.cancelled, 1);
      assert.equal((await stream.next()).done, true);
    });

    it('by return() ends a pending next()', async () => {
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: 'silence' });
      const stream = clientOf(server).stream(everything);
      await stream.next();
      const next = stream.next();
      await settlePromises();
      await stream.return?.();
      assert.deepEqual(await next, { done: true, value: undefined });
      assert.deepEqual([server.cancelled, server.processRefs], [1, 0]);
    });

    it('or read to its end, removes the listener from its signal', async () => {
      const { signal } = new AbortController();
      const client = clientOf(new ScriptedKv(95));
      await drain(client.stream(everything, { signal }));
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      for await (const _ of client.stream(everything, { signal })) break;
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('by its signal rejects with the signal’s reason, and removes the listener', async () => {
      const server = new ScriptedKv(500);
      const abort = new AbortController();
      const stream = clientOf(server).stream(everything, { signal: abort.signal });
      await stream.next();
      await stream.next();
      const reason = new Error('enough');
      abort.abort(reason);
      assert.equal(server.cancelled, 1, 'immediately, although the reader is busy');
      await assert.rejects(stream.next(), reason);
      assert.equal((await stream.next()).done, true);
      assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
    });

    it('by the closing of its client rejects with ClosedError', async () => {
      const server = new ScriptedKv(95);
      server.streamScripts.push({ chunks: 0, end: 'silence' });
      const closing = new AbortController();
      const client = clientOf(server, undefined, closing.signal);
      const stream = client.stream(everything);
      await stream.next();
      const next = assert.rejects(stream.next(), ClosedError);
      await settlePromises();
      closing.abort(new ClosedError('the client'));
      await next;
      await assert.rejects(client.stream(everything).next(), ClosedError);
    });
  });
});
