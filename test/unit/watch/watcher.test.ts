import assert from 'node:assert/strict';
import { ClosedError, InvalidInputError, PermissionDeniedError } from '#src/errors/index.js';
import type { WatchOptions } from '#src/watch/index.js';
import { FakeWatch, settled } from './fake-watch.js';
import { reader, revisions, start } from './watcher-fixture.js';

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
    assert.deepEqual([prevKv, filters, fragment], [true, [0], false]);
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
});
