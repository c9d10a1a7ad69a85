import assert from 'node:assert/strict';
import type { StatusEvent } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import { leavesNothing, useCluster } from './support.js';

describe('a client of three members', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect, proxy } = useClients();
  leavesNothing(() => cluster().members);

  async function throughDoors() {
    const doors = await Promise.all(cluster().members.map((member) => proxy(member)));
    const client = connect(doors.map(({ endpoint }) => endpoint));
    const folder = folderOf(cluster().members[0]!);
    await client.kv.put(`${folder}k`, 'v');
    const index = doors.findIndex(({ connections }) => connections > 0);
    return { client, folder, doors, door: doors[index]! };
  }

  it('whose member falls silent asks another after a few seconds, long before pings tell of it', async () => {
    const { client, folder, door } = await throughDoors();
    door.blackhole();
    let failed = 0;
    const began = performance.now();
    const slow: number[] = [];
    const calls: Promise<unknown>[] = [];
    // A steady stream of reads: none fails, and those that come after the first few seconds are answered at once.
    while (performance.now() - began < 6_000) {
      const at = performance.now();
      const call = client.kv.get(`${folder}k`).then(
        () => {
          if (performance.now() - at > 1_000) slow.push(at - began);
        },
        () => failed++,
      );
      calls.push(call);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(calls);
    assert.equal(failed, 0);
    assert.ok(calls.length > 100);
    assert.ok(slow.length > 0, 'the first calls met the silence');
    assert.ok(Math.max(...slow) < 5_000, `a call made ${Math.max(...slow)} ms into it was slow`);
  });

  it('whose member falls silent does not ask it for ever, however short the deadlines of its calls', async () => {
    const { client, folder, door } = await throughDoors();
    door.blackhole();
    let failed = 0;
    await eventually('a read is answered', () =>
      client.kv.get(`${folder}k`, { timeoutMs: 400 }).then(
        () => true,
        () => {
          failed++;
          return false;
        },
      ),
    );
    assert.ok(failed <= 5, `${failed} reads failed before another member was asked`);
  });

  it('whose members die one after the other reads on without an error', async () => {
    const { members } = cluster();
    const client = connect(members.map(({ endpoint }) => endpoint));
    const folder = folderOf(members[0]!);
    await client.kv.put(`${folder}k`, 'v');
    const counts = { done: 0, failures: [] as unknown[], stopped: false };
    const reading = (async () => {
      while (!counts.stopped) {
        await client.kv.get(`${folder}k`).then(
          () => counts.done++,
          (error) => counts.failures.push(error),
        );
      }
    })();
    for (const member of members) {
      await member.kill();
      const { done } = counts;
      await eventually('reads go on', () => counts.done > done + 50, 30_000);
      await member.restart();
      await cluster().leader();
    }
    counts.stopped = true;
    await reading;
    assert.deepEqual(counts.failures, []);
  });

  it('names every one of them, and what it answered, when a read has run out of time', async () => {
    const { client, folder, doors } = await throughDoors();
    await Promise.all(
      cluster()
        .members.slice(1)
        .map((member) => member.kill()),
    );
    let error: unknown;
    await eventually('a read fails', async () => {
      error = await client.kv.get(`${folder}k`, { timeoutMs: 3_000 }).catch((reason) => reason);
      return error instanceof Error;
    });
    assert.ok(error instanceof DeadlineError, String(error));
    assert.match(error.message, /no leader|request timed out|not answered/);
    const named = error.tried.map(({ member }) => member).sort();
    assert.deepEqual(named, doors.map(({ endpoint }) => endpoint).sort(), error.message);
    await Promise.all(
      cluster()
        .members.slice(1)
        .map((member) => member.restart()),
    );
  });

  describe('that was given one of them and follows the list', () => {
    it('uses the others when its own is gone', async () => {
      const { members } = cluster();
      const client = connect([members[0]!.endpoint]);
      const { adopted, endpoints, refused } = await client.sync();
      assert.equal(adopted, true, JSON.stringify(refused));
      assert.equal(endpoints.length, 3, endpoints.join());
      await members[0]!.kill();
      await cluster().leader();
      assert.ok((await client.kv.get('k')).revision > 0n);
      await members[0]!.restart();
    });

    it('does so by itself when asked to', async () => {
      const { members } = cluster();
      const client = connect([members[1]!.endpoint], { sync: { intervalMs: 1_000 } });
      const statuses: StatusEvent[] = [];
      const listening = (async () => {
        for await (const event of client.status()) statuses.push(event);
      })();
      const changed = () => statuses.filter(({ type }) => type === 'members-changed');
      await eventually('the members are known', () => changed().length > 0);
      const [first] = changed();
      assert.ok(first?.type === 'members-changed' && first.endpoints.length === 3);
      await client.close();
      await listening;
      assert.equal(changed().length, 1);
    });

    it('keeps what it has when nothing of the list may be dialled', async () => {
      const { members } = cluster();
      const client = connect([members[0]!.endpoint], { sync: { allow: () => false } });
      const { adopted, endpoints, refused } = await client.sync();
      assert.equal(adopted, false);
      assert.deepEqual(endpoints, [members[0]!.endpoint]);
      assert.equal(refused.length, 3);
      assert.match(refused[0]!.reason, /allow rule/);
    });

    it('refuses to over TLS without a rule, before anything is sent', async () => {
      const client = connect(['https://127.0.0.1:1']);
      await assert.rejects(client.sync(), /sync.allow/);
    });
  });
});
