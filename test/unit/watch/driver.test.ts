import assert from 'node:assert/strict';
import { FakeWatch } from './fake-watch.js';

describe('the watch driver', () => {
  describe('called by a stream that was replaced', () => {
    /** The first stream is closed with its only watcher; another watcher is live on the second one. */
    function succeeded() {
      const server = new FakeWatch();
      const first = server.client.watch('a', { startRevision: 5n });
      const id = server.last.created(9n);
      void first.close();
      const watcher = server.client.watch('b', { startRevision: 5n });
      server.last.created(9n);
      const [old] = server.streams;
      assert.ok(old && server.streams.length === 2);
      return { server, watcher, old, id };
    }

    it('with its end, keeps using the successor', async () => {
      const { server, watcher, old } = succeeded();
      old.lose();
      server.fire();
      assert.equal(server.streams.length, 2);
      assert.equal(watcher.live, true);
      await watcher.close();
      assert.equal(server.last.endedBy, 'cancelled');
    });

    it('with a message, ignores it', () => {
      const { server, old, id } = succeeded();
      old.respond(id + 1n, { canceled: true, cancelReason: 'etcdserver: permission denied' });
      assert.deepEqual(server.last.cancels, []);
      assert.equal(server.last.endedBy, undefined);
    });
  });
});
