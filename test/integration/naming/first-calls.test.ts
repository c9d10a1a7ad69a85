import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import type { NamedServer } from './support.js';
import { useResolver } from './use-resolver.js';

/** Each channel connects by itself: a pool of the process would have the connections of the channel before. */
const ownConnections = { 'grpc.use_local_subchannel_pool': 1 };

describe('the first calls of fresh channels', () => {
  const { opened, scene, put } = useResolver();

  /** As a server far away: its connections are made long after those of the others. */
  async function slowed(server: NamedServer): Promise<{ name: string; addr: string }> {
    const proxy = opened.add(await startFaultProxy({ target: server.addr }), (one) => one.close());
    proxy.delay(30);
    return { name: server.name, addr: proxy.endpoint.replace(/^https?:\/\//, '') };
  }

  function use(balance: object): void {
    opened.add(registerEtcdResolver(scene.client, { balance }), (one) => one[Symbol.dispose]());
  }

  /** Who answers the first call of each, or the first burst. */
  async function firstCalls(channels: number, burst = 1): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < channels; i++) {
      const caller = opened.caller(`etcd:///${scene.target}`, ownConnections);
      for (const name of await Promise.all(Array.from({ length: burst }, () => caller.call(30_000))))
        counts[name] = (counts[name] ?? 0) + 1;
      caller.close();
    }
    return counts;
  }

  const near = (count: number | undefined, share: number, total: number, points: number) =>
    Math.abs((count ?? 0) / total - share) * 100 <= points;

  it('go by weight, not to the one that connects first', async function () {
    this.timeout(120_000);
    const [light, heavy] = await opened.servers('light', 'heavy');
    await put(light!, { weight: 1 });
    await put(await slowed(heavy!), { weight: 3 });
    use({ firstCallWaitMs: 60_000 });
    const counts = await firstCalls(200);
    assert.ok(near(counts['heavy'], 0.75, 200, 18), JSON.stringify(counts));
  });

  it('spread a burst by weight over all', async function () {
    this.timeout(120_000);
    const [light, heavy] = await opened.servers('light', 'heavy');
    await put(light!, { weight: 1 });
    await put(await slowed(heavy!), { weight: 3 });
    use({ firstCallWaitMs: 60_000 });
    const counts = await firstCalls(5, 100);
    assert.ok(near(counts['heavy'], 0.75, 500, 3), JSON.stringify(counts));
  });

  it('leave those that drain, have weight 0 or are far, though they connect first', async function () {
    this.timeout(120_000);
    const [draining, zero, far, good] = await opened.servers('a-draining', 'b-zero', 'c-far', 'good');
    await put(draining!, { status: 'draining', zone: 'x' });
    await put(zero!, { weight: 0, zone: 'x' });
    await put(far!, { zone: 'y' });
    await put(await slowed(good!), { zone: 'x' });
    use({ zone: 'x', firstCallWaitMs: 60_000 });
    assert.deepEqual(await firstCalls(30), { good: 30 });
  });

  it('begin with another endpoint each, of the best class, even when they wait for none', async function () {
    this.timeout(120_000);
    for (const server of await opened.servers('b', 'c', 'd')) await put(server);
    const [draining] = await opened.servers('a-draining');
    await put(draining!, { status: 'draining' });
    use({ firstCallWaitMs: 0 });
    assert.deepEqual(Object.keys(await firstCalls(60)).sort(), ['b', 'c', 'd']);
  });

  it('wait no longer than they may for one that does not answer, and go to any other then', async function () {
    this.timeout(60_000);
    const [draining] = await opened.servers('draining');
    const silent = await opened.silentServer();
    await put(draining!, { status: 'draining' });
    await put({ name: 'silent', addr: silent.addr });
    use({ firstCallWaitMs: 200 });
    assert.deepEqual(await firstCalls(3, 10), { draining: 30 });
    assert.ok(silent.accepted > 0);
  });
});
