import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { useResolver } from './use-resolver.js';

/** Each channel has its own connections: with the global pool it would use those of the channel before. */
const ownConnections = { 'grpc.use_local_subchannel_pool': 1 };

describe('the first calls of new channels', () => {
  const { opened, fixture, put } = useResolver();

  /** A server behind a delay: its connections are established long after those of the others. */
  async function slowed(server: NamedServer): Promise<{ name: string; addr: string }> {
    const proxy = opened.add(await startFaultProxy({ target: server.addr }), (one) => one.close());
    proxy.delay(30);
    return { name: server.name, addr: proxy.endpoint.replace(/^https?:\/\//, '') };
  }

  function use(balance: object): void {
    opened.add(registerEtcdResolver(fixture.client, { balance }), (one) => one[Symbol.dispose]());
  }

  /**
   * The number of first calls, or calls of the first burst, by server. Channels that are made at the same time connect to
   * the servers of this process in one order, so a test of that order makes one channel after the other.
   */
  async function firstCalls(
    channels: number,
    { burst = 1, atOnce = 1 } = {},
  ): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    let made = 0;
    const makeChannels = async () => {
      while (made++ < channels) {
        const caller = opened.caller(`etcd:///${fixture.target}`, ownConnections);
        for (const name of await Promise.all(Array.from({ length: burst }, () => caller.call(30_000))))
          counts[name] = (counts[name] ?? 0) + 1;
        caller.close();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, makeChannels));
    return counts;
  }

  const near = (count: number | undefined, share: number, total: number, points: number) =>
    Math.abs((count ?? 0) / total - share) * 100 <= points;

  it('are picked by weight, not by the first connection', async function () {
    this.timeout(120_000);
    const [light, heavy] = await opened.servers('light', 'heavy');
    await put(light!, { weight: 1 });
    await put(await slowed(heavy!), { weight: 3 });
    use({ firstCallWaitMs: 60_000 });
    const counts = await firstCalls(200, { atOnce: 5 });
    assert.ok(near(counts['heavy'], 0.75, 200, 18), JSON.stringify(counts));
  });

  it('are spread by weight in a burst', async function () {
    this.timeout(120_000);
    const [light, heavy] = await opened.servers('light', 'heavy');
    await put(light!, { weight: 1 });
    await put(await slowed(heavy!), { weight: 3 });
    use({ firstCallWaitMs: 60_000 });
    const counts = await firstCalls(5, { burst: 100 });
    assert.ok(near(counts['heavy'], 0.75, 500, 3), JSON.stringify(counts));
  });

  it('avoid servers that drain, have weight 0 or are in another zone, even if those connect first', async function () {
    this.timeout(120_000);
    const [draining, zero, proxied, good] = await opened.servers('a-draining', 'b-zero', 'c-far', 'good');
    await put(draining!, { status: 'draining', zone: 'x' });
    await put(zero!, { weight: 0, zone: 'x' });
    await put(proxied!, { zone: 'y' });
    await put(await slowed(good!), { zone: 'x' });
    use({ zone: 'x', firstCallWaitMs: 60_000 });
    assert.deepEqual(await firstCalls(30, { atOnce: 5 }), { good: 30 });
  });

  it('start at a random endpoint of the best class, even when they do not wait', async function () {
    this.timeout(120_000);
    for (const server of await opened.servers('b', 'c', 'd')) await put(server);
    const [draining] = await opened.servers('a-draining');
    await put(draining!, { status: 'draining' });
    use({ firstCallWaitMs: 0 });
    assert.deepEqual(Object.keys(await firstCalls(60)).sort(), ['b', 'c', 'd']);
  });

  it('wait only for firstCallWaitMs when their server does not answer, and then use any other', async function () {
    this.timeout(60_000);
    const [draining] = await opened.servers('draining');
    const silent = await opened.silentServer();
    await put(draining!, { status: 'draining' });
    await put({ name: 'silent', addr: silent.addr });
    use({ firstCallWaitMs: 200 });
    assert.deepEqual(await firstCalls(3, { burst: 10 }), { draining: 30 });
    assert.ok(silent.accepted > 0);
  });
});
