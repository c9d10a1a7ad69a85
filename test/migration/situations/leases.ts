import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '#src/testing/wait.js';
import type { Outcome } from '../support/case.js';
import type { Situation } from './situation.js';

async function keyIsGone({ admin }: Outcome): Promise<void> {
  await until('etcd has deleted the key', { timeoutMs: 20_000 }, async () => {
    const { kv } = await admin.kv.get('k');
    return kv === undefined;
  });
}

const longTtl = 7_000_000;

export const leaseSituations: Readonly<Record<string, Situation>> = {
  'etcd is unreachable for longer than the TTL of a lease': {
    etcd3: async (client, outcome) => {
      const lease = client.lease(2);
      let lost = false;
      lease.on('lost', () => {
        lost = true;
      });
      await lease.put('k').value('v');
      outcome.link.refuse();
      await keyIsGone(outcome);
      assert.equal(lost, false);
    },
    ours: async (client, outcome) => {
      const lease = await client.lease.hold({ ttlSeconds: 2 });
      await client.kv.put('k', 'v', { lease: lease.id });
      outcome.link.refuse();
      await keyIsGone(outcome);
      assert.equal(lease.held, false);
      assert.equal((await lease.ended).reason, 'lost-contact');
    },
  },
  'a lease of 7,000,000 s': {
    etcd3: async (_, { link }) => {
      const program = fileURLToPath(new URL('long-lease.js', import.meta.url));
      // It ends only by its last renewal.
      await promisify(execFile)(process.execPath, [program, link.endpoint, String(longTtl)], {
        timeout: 20_000,
      });
    },
    ours: async (client, { renewals }) => {
      const before = await renewals();
      const lease = await client.lease.hold({ ttlSeconds: longTtl });
      // Long enough for etcd3 to renew hundreds of times.
      for (let i = 0; i < 200; i++) await client.kv.get('k');
      assert.equal(lease.held, true);
      assert.ok((await renewals()) <= before + 1, `${(await renewals()) - before} renewals`);
    },
  },
};
