import assert from 'node:assert/strict';
import { ClientDiagnostics, mirrorTopic } from '#src/diagnostics/index.js';
import { CompactedError, errorFromServer } from '#src/errors/index.js';
import { MirrorImpl, retainOption } from '#src/mirror/index.js';
import { usePublished } from '../../support/published.js';
import { FakeStore, follow } from './fake-store.js';

describe('the lists of a mirror', () => {
  function storeOfTwo() {
    const store = new FakeStore();
    store.put('a', '12345');
    store.put('b', '1');
    return store;
  }

  describe('with a subscriber', () => {
    const published = usePublished(mirrorTopic.channel);

    it('are published with their cause, size, revision and duration', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'measured' });
      const store = storeOfTwo();
      const { iteration, receives } = follow(store, {}, { diagnostics }, { prefix: 'x/' });
      await receives(1);
      store.watcher.fail(new CompactedError('history is compacted', 12n));
      store.put('c');
      await receives(2);
      assert.deepEqual(
        published().map(({ durationMs, ...event }) => event),
        [
          {
            client: 'measured',
            type: 'resync',
            key: 'x/',
            rangeEnd: 'x0',
            cause: 'initial',
            keys: 2,
            bytes: 8,
            revision: 12n,
          },
          {
            client: 'measured',
            type: 'resync',
            key: 'x/',
            rangeEnd: 'x0',
            cause: 'compacted',
            keys: 3,
            bytes: 10,
            revision: 13n,
          },
        ],
      );
      const resyncs = { compacted: 1, 'rolled-back': 0, gap: 0 };
      assert.deepEqual(diagnostics.metrics().mirrors, { active: 1, resyncs });
      await iteration.return(undefined);
      assert.deepEqual(diagnostics.metrics().mirrors, { active: 0, resyncs });
    });

    it('are published with the time of all attempts, and the size of the last', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'retried' });
      const store = storeOfTwo();
      store.failures.push(errorFromServer(14, 'Connection dropped'));
      let reads = 0;
      store.onRead = () => {
        reads++;
      };
      const { iteration, receives } = follow(store, {}, { diagnostics, random: () => 0.5 });
      await receives(1);
      const [event] = published();
      assert.ok(reads >= 2 && event);
      assert.equal(event.bytes, 8);
      assert.equal(event.durationMs, 100, 'half of the first pause');
      await iteration.return(undefined);
    });

    it('are measured before values are dropped', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'retained' });
      const options = retainOption.set({}, (kv) => ({ ...kv, value: Buffer.alloc(0) }));
      const { iteration, receives, mirror } = follow(storeOfTwo(), options, { diagnostics });
      await receives(1);
      assert.equal(published()[0]?.bytes, 8);
      assert.equal(mirror.kvs.get('a')?.value.length, 0);
      await iteration.return(undefined);
    });

    it('of a namespace are published with the keys of the server', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'namespaced' });
      const ports = { diagnostics, prefix: Buffer.from('ns/') };
      const { iteration, receives } = follow(storeOfTwo(), {}, ports, { prefix: 'x/' });
      await receives(1);
      assert.deepEqual([published()[0]?.key, published()[0]?.rangeEnd], ['ns/x/', 'ns/x0']);
      await iteration.return(undefined);
    });
  });

  describe('without a subscriber and a logger', () => {
    /** Reads one list of a store whose values count how often they are read. */
    async function valueReads(diagnostics: ClientDiagnostics): Promise<number> {
      let reads = 0;
      const store = new FakeStore();
      const { kv } = store.put('a');
      const { value } = kv;
      Object.defineProperty(kv, 'value', {
        get() {
          reads++;
          return value;
        },
      });
      for await (const _ of new MirrorImpl(store.ports({ diagnostics }), { prefix: '' })) break;
      return reads;
    }

    it('are not measured', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'quiet' });
      diagnostics.publish = () => assert.fail('published');
      assert.equal(await valueReads(diagnostics), 0);
      const logged = new ClientDiagnostics({ name: 'logged', logger: () => {} });
      assert.notEqual(await valueReads(logged), 0);
    });

    it('are counted', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'quiet' });
      const store = storeOfTwo();
      const { iteration, receives } = follow(store, {}, { diagnostics });
      await receives(1);
      store.watcher.fail(new CompactedError('history is compacted', 12n));
      await receives(2);
      assert.equal(diagnostics.metrics().mirrors.resyncs.compacted, 1);
      await iteration.return(undefined);
    });
  });
});
