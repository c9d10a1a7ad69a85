import assert from 'node:assert/strict';
import type { StatusEvent } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { eventually, folderOf, useClients } from '../integration/client/support.js';
import { expectNoWatchersLeft, useCluster } from './support.js';

describe('a client of three members', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => cluster().members);

  async function connectThroughProxies() {
    const links = await Promise.all(cluster().members.map((member) => proxy(member)));
    const client = connect(links.map(({ endpoint }) => endpoint));
    const folder = folderOf(cluster().members[0]!);
    await client.kv.put(`${folder}k`, 'v');
    const index = links.findIndex(({ connections }) => connections > 0);
    return { client, folder, links, link: links[index]! };
  }

  it('uses another member a few seconds after its member became silent, long before keepalive detects it', async () => {
    const { client, folder, link } = await connectThroughProxies();
    link.blackhole();
    let failed = 0;
    const began = performance.now();
    const slow: number[] = [];
    const calls: Promise<unknown>[] = [];
    // Reads continuously: none fails, and after the first seconds all are fast.
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
    assert.ok(slow.length > 0, 'the first calls were sent to the silent member');
    assert.ok(Math.max(...slow) < 5_000, `a call made after ${Math.max(...slow)} ms was slow`);
  });

  it("stops using a silent member even if the calls' deadlines are short", async () => {
    const { client, folder, link } = await connectThroughProxies();
    link.blackhole();
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
    assert.ok(failed <= 5, `${failed} reads failed before another member was used`);
  });

  it('reads without an error while its members are killed one after the other', async () => {
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
      await eventually('reads continue', () => counts.done > done + 50, 30_000);
      await member.restart();
      await cluster().leader();
    }
    counts.stopped = true;
    await reading;
    assert.deepEqual(counts.failures, []);
  });

  it('names every member and its answer in a deadline error', async () => {
    const { client, folder, links } = await connectThroughProxies();
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
    assert.deepEqual(named, links.map(({ endpoint }) => endpoint).sort(), error.message);
    await Promise.all(
      cluster()
        .members.slice(1)
        .map((member) => member.restart()),
    );
  });

  describe('with one configured endpoint and sync()', () => {
    it('uses the other members when the configured one is down', async () => {
      const { members } = cluster();
      const client = connect([members[0]!.endpoint]);
      const { adopted, endpoints, skipped } = await client.sync();
      assert.equal(adopted, true, JSON.stringify(skipped));
      assert.equal(endpoints.length, 3, endpoints.join());
      await members[0]!.kill();
      await cluster().leader();
      assert.ok((await client.kv.get('k')).revision > 0n);
      await members[0]!.restart();
    });

    it('syncs periodically if configured', async () => {
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

    it('keeps its endpoints if the allow rule rejects the whole list', async () => {
      const { members } = cluster();
      const client = connect([members[0]!.endpoint], { sync: { allow: () => false } });
      const { adopted, endpoints, skipped } = await client.sync();
      assert.equal(adopted, false);
      assert.deepEqual(endpoints, [members[0]!.endpoint]);
      assert.equal(skipped.length, 3);
      assert.match(skipped[0]!.reason, /allow rule/);
    });

    it('rejects sync() over TLS without an allow rule, before sending anything', async () => {
      const client = connect(['https://127.0.0.1:1']);
      await assert.rejects(client.sync(), /sync.allow/);
    });
  });
});
