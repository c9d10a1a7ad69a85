import assert from 'node:assert/strict';
import { AmbiguousWriteError } from '#src/errors/index.js';
import { until } from '#src/testing/wait.js';
import type { Outcome } from '../support/case.js';
import type { Situation } from './situation.js';

const MiB = 1024 * 1024;

async function fill({ admin }: Outcome): Promise<void> {
  for (let i = 0; i < 5; i++) await admin.kv.put(`big/${i}`, Buffer.alloc(MiB, 'x'));
}

/** Loses the answer of a put that etcd has applied, and then the connection. */
async function loseAnswer({ admin, link }: Outcome): Promise<void> {
  await until(
    'the put is applied',
    { timeoutMs: 10_000 },
    async () => (await admin.kv.get('k')).kv !== undefined,
  );
  link.heal();
  link.cut();
}

export const kvSituations: Readonly<Record<string, Situation>> = {
  'a range of more than 4 MB': {
    etcd3: async (client, outcome) => {
      await fill(outcome);
      await assert.rejects(client.getAll().prefix('big/').buffers(), /larger than max/);
    },
    ours: async (client, outcome) => {
      await fill(outcome);
      assert.equal((await client.kv.range({ prefix: 'big/' })).kvs.length, 5);
    },
  },
  'the connection breaks after a put was sent': {
    etcd3: async (client, outcome) => {
      await client.get('k'); // connects
      outcome.link.blackhole('down');
      const put = client.put('k').value('v');
      const sent = Promise.resolve(put); // awaiting a builder sends it
      await loseAnswer(outcome);
      await sent;
      assert.equal((await outcome.admin.kv.get('k')).kv?.version, 2n);
    },
    ours: async (client, outcome) => {
      await client.kv.get('k');
      outcome.link.blackhole('down');
      const put = assert.rejects(client.kv.put('k', 'v'), AmbiguousWriteError);
      await loseAnswer(outcome);
      await put;
      assert.equal((await outcome.admin.kv.get('k')).kv?.version, 1n);
    },
  },
};
