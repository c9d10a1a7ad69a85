import assert from 'node:assert/strict';
import type { WatchBatch } from '#src/watch/index.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { settled } from './fake-watch.js';
import { revisions, start } from './watcher-fixture.js';

describe('a watcher', () => {
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
});
