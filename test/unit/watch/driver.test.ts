import assert from 'node:assert/strict';
import { FakeWatch } from './fake-watch.js';

describe('the driver of watches', () => {
  describe('told by a stream that has a successor', () => {
    /** The first stream was closed with its only watcher; another watcher is live on the second one. */
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

    it('of its end, goes on with the successor', async () => {
      const { server, watcher, old } = succeeded();
      old.lose();
      server.fire();
      assert.equal(server.streams.length, 2);
      assert.equal(watcher.live, true);
      await watcher.close();
      assert.equal(server.last.over, 'cancelled');
    });

    it('of a message, takes it for nobody’s', () => {
      const { server, old, id } = succeeded();
      old.say(id + 1n, { canceled: true, cancelReason: 'etcdserver: permission denied' });
      assert.deepEqual(server.last.cancels, []);
      assert.equal(server.last.over, undefined);
    });
  });
});
