import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { type GetOptions, op } from '#src/kv/index.js';
import type { EtcdMember } from '#src/testing/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import { callsDuring } from '../support/batched-reads.js';
import { expectNoWatchersLeft, useCluster } from './support.js';

describe('batched reads of a cluster', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect } = useClients();
  expectNoWatchersLeft(() => cluster().members);

  const keys = (folder: string) => Array.from({ length: 20 }, (_, i) => `${folder}${i}`);

  /** A client whose reads travel together, its keys, and the member that it prefers. */
  async function batching(): Promise<{ client: EtcdClient; member: EtcdMember; folder: string }> {
    const folder = folderOf(cluster().members[0]!);
    const client = connect(cluster().endpoints);
    await client.kv.txn({ success: keys(folder).map((key) => op.put(key, key)) });
    const member = await eventually('one member gets the transactions', async () => {
      for (const one of cluster().members) {
        const { txns } = await callsDuring(one, () => read(client, folder));
        if (txns > 0) return one;
      }
      return undefined;
    });
    return { client, member: member!, folder };
  }

  async function read(client: EtcdClient, folder: string, options: GetOptions & { timeoutMs?: number } = {}) {
    const results = await Promise.all(keys(folder).map((key) => client.kv.get(key, options)));
    assert.deepEqual(
      results.map(({ kv }) => kv?.value.toString()),
      keys(folder),
    );
  }

  it('are answered by another member within their deadline when theirs stalls', async () => {
    const { client, member, folder } = await batching();
    await member.pause();
    try {
      const times = [2_000, 2_200, 4_000, 10_000];
      await Promise.all(times.map((timeoutMs) => read(client, folder, { timeoutMs })));
    } finally {
      await member.resume();
    }
  });

  it('are answered by another member when theirs is killed', async () => {
    const { client, member, folder } = await batching();
    const reading = Promise.all(Array.from({ length: 50 }, () => read(client, folder)));
    await member.kill();
    try {
      await reading;
      const others = cluster().members.filter((one) => one !== member);
      await eventually('reads travel together again', async () => {
        for (const one of others)
          if ((await callsDuring(one, () => read(client, folder))).txns > 0) return true;
        return false;
      });
    } finally {
      await member.restart();
    }
  });

  it('without a leader are answered if they are serializable, and fail as separate reads if not', async () => {
    const folder = folderOf(cluster().members[0]!);
    const [survivor, ...others] = cluster().members as [EtcdMember, EtcdMember, EtcdMember];
    const client = connect([survivor.endpoint]);
    await client.kv.txn({ success: keys(folder).map((key) => op.put(key, key)) });
    const serializable = { serializable: true };
    await eventually(
      'reads travel together',
      async () => (await callsDuring(survivor, () => read(client, folder, serializable))).txns > 0,
    );
    await Promise.all(others.map((member) => member.kill()));
    try {
      await eventually('the member knows that it has no leader', () =>
        client.kv.get(`${folder}0`, { timeoutMs: 1_500 }).then(
          () => false,
          (error: Error) => error.message.includes('no leader'),
        ),
      );
      await read(client, folder, serializable);
      const texts = async (from: EtcdClient) =>
        Promise.all(
          keys(folder)
            .slice(0, 3)
            .map((key) =>
              from.kv.get(key, { timeoutMs: 1_500 }).then(
                () => 'answered',
                (error: Error) => error.message.replaceAll(/ \(\d+ times\)| \d+ ms/g, ''),
              ),
            ),
        );
      const separate = connect([survivor.endpoint], { batchReads: false });
      const [batched, alone] = await Promise.all([texts(client), texts(separate)]);
      assert.deepEqual(batched, alone);
    } finally {
      await Promise.all(others.map((member) => member.restart()));
    }
  });
});
