import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ClosedError, CompactedError, InvalidInputError, PermissionDeniedError } from '#src/errors/index.js';
import type { WatchBatch, Watcher, WatchOptions } from '#src/watch/index.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { FakeWatch, settled } from './fake-watch.js';

const revisions = (batch: WatchBatch) => batch.events.map(({ kv }) => kv.modRevision);

function start(options: WatchOptions = {}, range: Parameters<FakeWatch['client']['watch']>[0] = 'k') {
  const server = new FakeWatch();
  const watcher = server.client.watch(range, options);
  return { server, watcher, next: reader(watcher) };
}

/** Reads one batch. Fails if the watch has ended. */
function reader(watcher: Watcher) {
  const iterator = watcher[Symbol.asyncIterator]();
  return async () => {
    const { value } = await iterator.next();
    assert.ok(value, 'the watch ended');
    return value;
  };
}

describe('a watcher', () => {
  it('rejects values that etcd would misinterpret, with the option’s name, and sends nothing', () => {
    const bad: readonly (readonly [Parameters<FakeWatch['client']['watch']>[0], WatchOptions, RegExp])[] = [
      ['k', { startRevision: 0n }, /startRevision is 0/],
      ['k', { startRevision: -1n }, /startRevision is -1/],
      ['', {}, /the key is empty/],
      [{ key: 'b', rangeEnd: 'a' }, {}, /'b' is not before 'a'/],
      ['k', { maxBufferedEvents: 0 }, /maxBufferedEvents is 0/],
      ['k', { maxBufferedBytes: Number.NaN }, /maxBufferedBytes is NaN/],
    ];
    const server = new FakeWatch();
    for (const [range, options, named] of bad) {
      assert.throws(
        () => server.client.watch(range, options),
        (error: Error) => error instanceof InvalidInputError && named.test(error.message),
      );
    }
    assert.equal(server.streams.length, 0);
  });

  it('sends its options to the server', () => {
    const { server } = start({ startRevision: 7n, prevKv: true, only: 'delete' }, { prefix: 'p' });
    const [request] = server.last.requests;
    assert.ok(request?.requestUnion?.$case === 'createRequest');
    const { key, rangeEnd, startRevision, prevKv, filters, fragment } = request.requestUnion.value;
    assert.deepEqual([String(key), String(rangeEnd), startRevision], ['p', 'q', 7n]);
    assert.deepEqual([prevKv, filters, fragment], [true, [0], true]);
  });

  it('can be iterated once', () => {
    const { watcher } = start({ startRevision: 1n });
    assert.throws(() => watcher[Symbol.asyncIterator](), /iterated once/);
  });

  it('from now on starts right after the revision that was read at the call', async () => {
    const { server } = start();
    assert.equal(server.streams.length, 0);
    await settled();
    assert.deepEqual(
      server.last.creates.map(([, from]) => from),
      [11n],
    );
  });

  describe('its checkpoint', () => {
    it('is the start until a batch is consumed, and then one past the last consumed revision', async () => {
      const { server, watcher, next } = start({ startRevision: 5n });
      const id = server.last.created(90n);
      assert.equal(watcher.nextRevision, 5n);
      server.last.puts(id, [5n, 6n]);
      server.last.puts(id, [9n]);
      assert.equal(watcher.nextRevision, 5n);
      assert.equal((await next()).nextRevision, 7n);
      assert.equal(watcher.nextRevision, 5n, 'the reader is still processing the first batch');
      assert.equal((await next()).nextRevision, 10n);
      assert.equal(watcher.nextRevision, 7n);
    });

    it('of a watch from now on is its pin, because created may be ahead of events to come', async () => {
      const { server, watcher } = start();
      await settled();
      const id = server.last.created(15n); // 11 to 15 were written after the pin, and will be delivered
      await settled();
      assert.equal(watcher.nextRevision, 11n);
      server.last.puts(id, [11n, 15n]);
      assert.equal(watcher.nextRevision, 11n);
    });

    it('stays at the progress when an event below it arrives, which is delivered', async () => {
      const { server, watcher, next } = start({ startRevision: 1n, progress: true });
      const id = server.last.created();
      server.last.respond(id, {}, 50n);
      assert.equal((await next()).nextRevision, 51n);
      server.last.puts(id, [20n]);
      const batch = await next();
      assert.deepEqual([revisions(batch), batch.nextRevision], [[20n], 51n]);
      server.last.puts(id, [60n]);
      assert.equal((await next()).nextRevision, 61n);
      assert.equal(watcher.nextRevision, 51n);
    });

    it('moves with progress, and never back', async () => {
      const { server, watcher, next } = start({ startRevision: 1_000n, progress: true });
      server.last.created(3n);
      const id = server.last.created(3n); // again, on the dedicated stream of a watcher of the future
      const batches: WatchBatch[] = [];
      server.last.respond(id, {}, 3n); // etcd 3.4 sends progress to a watch of the future
      batches.push(await next());
      server.last.respond(id, {}, 1_200n);
      batches.push(await next());
      assert.equal(batches.at(-1)!.nextRevision, 1_201n);
      for (const { nextRevision } of batches) assert.ok(nextRevision >= 1_000n, String(nextRevision));
      assert.ok(watcher.nextRevision! >= 1_000n, String(watcher.nextRevision));
    });

    it('is part of the end of the watch', async () => {
      const { server, watcher, next } = start({ startRevision: 5n });
      server.last.puts(server.last.created(), [5n]);
      await next();
      await watcher.close();
      assert.deepEqual(withoutPrototypes(await watcher.closed), { reason: 'closed', nextRevision: 5n });
    });
  });

  describe('that receives progress', () => {
    it('does not deliver it by default', async () => {
      const { server, next } = start({ startRevision: 1n });
      const id = server.last.created();
      server.last.respond(id, {}, 40n);
      server.last.puts(id, [41n]);
      assert.deepEqual(revisions(await next()), [41n]);
    });

    it('delivers it as a batch without events on request', async () => {
      const { server, next } = start({ startRevision: 1n, progress: true });
      server.last.respond(server.last.created(), {}, 40n);
      assert.deepEqual(await next().then(({ events, nextRevision }) => [events, nextRevision]), [[], 41n]);
    });

    it('keeps the newest for a slow reader, in order with the events', async () => {
      const { server, next } = start({ startRevision: 1n, progress: true });
      const id = server.last.created();
      server.last.respond(id, {}, 40n);
      server.last.respond(id, {}, 50n);
      server.last.puts(id, [51n]);
      server.last.respond(id, {}, 60n);
      const batches = [await next(), await next(), await next()];
      assert.deepEqual(
        batches.map(({ events, nextRevision }) => [events.length, nextRevision]),
        [
          [0, 51n],
          [1, 52n],
          [0, 61n],
        ],
      );
    });

    it('moves the checkpoint of a reader that has consumed everything', async () => {
      const { server, watcher, next } = start({ startRevision: 1n });
      const id = server.last.created();
      server.last.puts(id, [5n]);
      await next();
      server.last.respond(id, {}, 40n);
      assert.equal(watcher.nextRevision, 1n); // the reader may still be processing its batch
      const waiting = next();
      assert.equal(watcher.nextRevision, 41n);
      server.last.respond(id, {}, 50n);
      assert.equal(watcher.nextRevision, 51n);
      server.last.puts(id, [51n]);
      await waiting;
    });
  });

  describe('ready', () => {
    it('resolves with the revision after which everything will be delivered', async () => {
      const { server, watcher } = start({ startRevision: 1n });
      server.last.created(33n);
      assert.equal(await watcher.ready, 33n);
    });

    it('rejects with the error that ended the watch before', async () => {
      const { server, watcher } = start({ startRevision: 1n });
      server.last.respond(-1n, {
        created: true,
        canceled: true,
        cancelReason: 'etcdserver: permission denied',
      });
      await assert.rejects(watcher.ready, PermissionDeniedError);
      const other = start();
      await other.watcher.close();
      await assert.rejects(other.watcher.ready, ClosedError);
    });
  });

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

  describe('whose reader is slow', () => {
    it('is cancelled on the server when its buffer is full, and created again when half of it is read', async () => {
      const { server, next } = start({ startRevision: 1n, maxBufferedEvents: 4 });
      const id = server.last.created();
      server.last.puts(id, [1n, 2n]);
      server.last.puts(id, [3n, 4n]);
      assert.deepEqual(server.last.cancels, []);
      server.last.puts(id, [5n]);
      assert.deepEqual(server.last.cancels, [id]);
      server.last.puts(id, [6n, 7n]); // still in flight
      assert.equal(server.last.endedBy, 'cancelled', 'it was the last watcher on the stream');
      assert.deepEqual(revisions(await next()), [1n, 2n]);
      assert.equal(server.streams.length, 1);
      assert.deepEqual(revisions(await next()), [3n, 4n]);
      assert.deepEqual(
        server.last.creates.map(([, from]) => from),
        [6n],
      );
      const again = server.last.created();
      server.last.puts(again, [6n, 7n]);
      assert.deepEqual(revisions(await next()), [5n]);
      assert.deepEqual(revisions(await next()), [6n, 7n]);
    });

    it('counts bytes too', () => {
      const { server } = start({ startRevision: 1n, maxBufferedBytes: 1_000 });
      const id = server.last.created();
      server.last.puts(id, [1n], Buffer.alloc(600));
      assert.deepEqual(server.last.cancels, []);
      server.last.puts(id, [2n], Buffer.alloc(600));
      assert.deepEqual(server.last.cancels, [id]);
    });

    it('receives a whole revision, however large', async () => {
      const limits = { maxBufferedEvents: 1, maxBufferedBytes: 1 };
      const { server, next } = start({ startRevision: 1n, ...limits }, { prefix: 'k' });
      server.last.puts(
        server.last.created(),
        Array.from({ length: 500 }, () => 7n),
      );
      assert.equal((await next()).events.length, 500);
    });

    it('does not delay its siblings', async () => {
      const server = new FakeWatch();
      server.client.watch('a', { startRevision: 1n, maxBufferedEvents: 1 });
      const fast = server.client.watch('b', { startRevision: 1n });
      const slowId = server.last.created();
      const fastId = server.last.created();
      server.last.puts(slowId, [1n, 2n, 3n]);
      server.last.puts(fastId, [1n, 2n, 3n]);
      assert.deepEqual(revisions(await reader(fast)()), [1n, 2n, 3n]);
    });
  });

  describe('whose stream is lost', () => {
    it('continues at the first revision not received, invisibly to its reader', async () => {
      const { server, next } = start({ startRevision: 1n });
      server.last.puts(server.last.created(), [3n]);
      server.last.lose();
      server.fire();
      assert.deepEqual(server.last.creates, [[server.last.creates[0]![0], 4n]]);
      server.last.puts(server.last.created(), [4n]);
      assert.deepEqual(revisions(await next()), [3n]);
      assert.deepEqual(revisions(await next()), [4n]);
    });

    it('whose create is not answered within 10 s leaves the member', () => {
      const { server } = start({ startRevision: 1n });
      server.fire();
      assert.equal(server.streams[0]?.endedBy, 'abandoned');
      server.fire();
      assert.equal(server.streams.length, 2);
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
