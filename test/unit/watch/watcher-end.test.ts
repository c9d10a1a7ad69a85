import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClosedError, CompactedError } from '#src/errors/index.js';
import { FakeWatch } from './fake-watch.js';
import { reader, revisions, start } from './watcher-fixture.js';

describe('a watcher', () => {
  describe('that the server ends', () => {
    it('delivers what was received, then rejects once with the error', async () => {
      const { server, watcher, next } = start({ startRevision: 1n });
      const id = server.last.created();
      server.last.puts(id, [3n]);
      server.last.puts(id, [4n]);
      server.last.respond(id, { canceled: true, compactRevision: 20n });
      assert.deepEqual(revisions(await next()), [3n]);
      assert.deepEqual(revisions(await next()), [4n]);
      await assert.rejects(
        next(),
        (error) => error instanceof CompactedError && error.compactRevision === 20n,
      );
      await assert.rejects(next(), /the watch ended/);
      const { reason, error } = await watcher.closed;
      assert.equal(reason, 'compacted');
      assert.ok(error instanceof CompactedError);
    });

    it('closes the stream when it was the last watcher', () => {
      const { server } = start({ startRevision: 1n });
      const id = server.last.created();
      server.last.respond(id, { canceled: true, compactRevision: 20n });
      assert.equal(server.last.endedBy, 'cancelled');
      assert.equal(server.timers.size, 0);
    });
  });

  describe('that its reader leaves', () => {
    it('by break is cancelled on the server, and its siblings continue', async () => {
      const server = new FakeWatch();
      const leaving = server.client.watch('a', { startRevision: 1n });
      const staying = server.client.watch('b', { startRevision: 1n });
      const first = server.last.created();
      const second = server.last.created();
      server.last.puts(first, [2n]);
      for await (const _ of leaving) break;
      assert.deepEqual(server.last.cancels, [first]);
      server.last.puts(second, [3n]);
      assert.deepEqual(revisions(await reader(staying)()), [3n]);
      await staying.close();
      assert.equal(server.last.endedBy, 'cancelled');
      assert.equal(server.timers.size, 0);
    });

    it('by calling close() twice ends the iteration without an error', async () => {
      const { server, watcher } = start({ startRevision: 1n });
      const other = server.client.watch('b', { startRevision: 1n });
      const waiting = other[Symbol.asyncIterator]().next();
      await Promise.all([watcher.close(), watcher.close(), other.close(), other[Symbol.asyncDispose]()]);
      assert.deepEqual(await waiting, { done: true, value: undefined });
    });

    it('by its signal rejects once with the signal’s reason, and removes its listener', async () => {
      const abort = new AbortController();
      const { server, watcher, next } = start({ startRevision: 1n, signal: abort.signal });
      server.last.puts(server.last.created(), [2n]);
      const reason = { any: 'thing' };
      abort.abort(reason);
      await assert.rejects(next(), (thrown) => thrown === reason);
      assert.equal((await watcher.closed).reason, 'aborted');
      assert.equal(server.last.endedBy, 'cancelled');
      assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
    });

    it('by a signal that is already aborted never becomes live', async () => {
      const reason = new Error('before');
      const { server, watcher, next } = start({ startRevision: 1n, signal: AbortSignal.abort(reason) });
      await assert.rejects(next(), (thrown) => thrown === reason);
      await assert.rejects(watcher.ready, (thrown) => thrown === reason);
      assert.ok(server.streams.every(({ endedBy: over }) => over === 'cancelled'));
    });

    it('leaves no listener on a signal that is never aborted', async () => {
      const { signal } = new AbortController();
      for (let i = 0; i < 20; i++) await start({ startRevision: 1n, signal }).watcher.close();
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });
  });

  describe('of a client that closes', () => {
    it('delivers what it has, then ends with ClosedError', async () => {
      const { server, watcher, next } = start({ startRevision: 1n });
      server.last.puts(server.last.created(), [3n]);
      server.client.close();
      server.client.close();
      assert.deepEqual(revisions(await next()), [3n]);
      await assert.rejects(next(), ClosedError);
      assert.equal((await watcher.closed).reason, 'closed');
      assert.equal(server.last.endedBy, 'cancelled');
      assert.equal(server.timers.size, 0);
      assert.throws(() => server.client.watch('k'), ClosedError);
    });
  });
});
