import assert from 'node:assert/strict';
import { CompactedError, PermissionDeniedError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { until } from '#src/testing/wait.js';
import type { Outcome } from '../support/case.js';
import type { PeerWatch, Situation } from './situation.js';

const revisions = 1_500;
/** etcd sends the events of a thousand revisions at once. */
const someBytes = 1_300_000;

/** Writes a kilobyte in each of many revisions. Returns the first. */
async function writeHistory({ admin }: Outcome): Promise<bigint> {
  const { revision } = await admin.kv.put('p/0', Buffer.alloc(1_024));
  for (let i = 1; i < revisions; i += 100) {
    const keys = Array.from({ length: Math.min(100, revisions - i) }, (_, n) => `p/${i + n}`);
    await Promise.all(keys.map((key) => admin.kv.txn({ success: [op.put(key, Buffer.alloc(1_024))] })));
  }
  return revision;
}

async function keysUntilLast(watcher: PeerWatch): Promise<number> {
  let keys = 0;
  await new Promise<void>((resolve) => {
    watcher.on('data', ({ events }) => {
      for (const { kv } of events) {
        if (String(kv.key) === 'p/last') resolve();
        else keys++;
      }
    });
  });
  return keys;
}

/** Compacts everything while the client is disconnected. */
async function compactMeanwhile({ admin, link }: Outcome): Promise<bigint> {
  link.refuse();
  link.cut();
  await admin.kv.put('k', '1');
  const { revision } = await admin.kv.put('k', '2');
  await admin.kv.compact(revision);
  link.heal();
  return revision;
}

export const watchSituations: Readonly<Record<string, Situation>> = {
  'a watch that etcd refuses': {
    guarded: true,
    etcd3: async (client, { watchRequests }) => {
      const sent = await watchRequests();
      await assert.rejects(client.watch().key('other').create(), /permission denied/);
      let started = false;
      void client
        .watch()
        .key('k')
        .create()
        .then(() => {
          started = true;
        });
      // A call that is sent later is answered.
      await client.get('k');
      assert.deepEqual([started, await watchRequests()], [false, sent + 1]);
    },
    ours: async (client) => {
      const refused = client.watch('other');
      await assert.rejects(refused.ready, PermissionDeniedError);
      await client.watch('k').ready;
    },
  },
  'the connection breaks while a watch catches up': {
    etcd3: async (client, outcome) => {
      const revision = await writeHistory(outcome);
      await client.get('k'); // connects
      const { accepted } = outcome.link;
      outcome.link.cutAfterBytes(someBytes, 'down');
      const watcher = await client.watch().prefix('p/').startRevision(String(revision)).create();
      const keys = keysUntilLast(watcher);
      await until('it is reconnected', { timeoutMs: 10_000 }, () => outcome.link.accepted > accepted);
      await outcome.admin.kv.put('p/last', '');
      const received = await keys;
      assert.ok(received < revisions, `${received} events`);
      await watcher.cancel();
    },
    ours: async (client, { admin, link }) => {
      const revision = await writeHistory({ admin } as Outcome);
      await client.kv.get('k');
      link.cutAfterBytes(someBytes, 'down');
      await admin.kv.put('p/last', '');
      const keys = new Set<string>();
      let count = 0;
      for await (const { events } of client.watch({ prefix: 'p/' }, { startRevision: revision })) {
        for (const { kv } of events) keys.add(String(kv.key));
        count += events.length;
        if (keys.has('p/last')) break;
      }
      assert.deepEqual([keys.size, count], [revisions + 1, revisions + 1]);
    },
  },
  'the history of a watch is compacted while it is disconnected': {
    etcd3: async (client, outcome) => {
      const watcher = await client.watch().key('k').create();
      const failed = new Promise<Error>((resolve) => watcher.on('error', resolve));
      await compactMeanwhile(outcome);
      assert.match((await failed).message, /^Watcher canceled: $/);
    },
    ours: async (client, outcome) => {
      const watcher = client.watch('k');
      await watcher.ready;
      const revision = await compactMeanwhile(outcome);
      await assert.rejects(
        async () => {
          for await (const { events } of watcher) assert.equal(events.length, 0);
        },
        (error: unknown) => error instanceof CompactedError && error.compactRevision === revision,
      );
    },
  },
};
