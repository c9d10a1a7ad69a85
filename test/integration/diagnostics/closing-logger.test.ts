import assert from 'node:assert/strict';
import { EtcdClient, register, ServiceDirectory } from '@org/etcd-naming';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';

/** What publishes each topic in a client. */
const uses: Readonly<Record<string, (client: EtcdClient) => Promise<unknown>>> = {
  connection: (client) => client.kv.put('a', ''),
  lease: (client) => client.lease.hold({ ttlSeconds: 10 }),
  watch: (client) => client.watch('a').ready,
  mirror: async (client) => {
    for await (const _ of client.mirror('a')) return;
  },
  lock: (client) => client.lock('closing-lock'),
  election: (client) => client.election.campaign('closing-election', 'me').next(),
  registration: (client) => register(client, { target: 'closing', addr: '10.0.0.1:1' }),
  directory: (client) => new ServiceDirectory(client).ready('closing', { minEndpoints: 0, timeoutMs: 5_000 }),
};

describe('a logger that closes the client', () => {
  const etcd = useEtcd();

  function connect(topic: string, type?: string) {
    let closed: Promise<void> | undefined;
    const client = new EtcdClient({
      endpoints: etcd().endpoints,
      logger: (_level, _message, { topic: of, type: ofType }) => {
        if (of === topic && (type === undefined || ofType === type)) closed ??= client.close();
      },
    });
    return { client, closed: () => closed };
  }

  for (const [topic, use] of Object.entries(uses))
    it(`at its first event of ${topic} disturbs nothing`, async () => {
      const { client, closed } = connect(topic);
      await Promise.allSettled([use(client)]);
      assert.ok(closed());
      await closed();
    });

  it('when its connection is lost disturbs nothing', async function () {
    skipUnlessBreakable(this, etcd());
    const { client, closed } = connect('connection', 'disconnected');
    await client.kv.put('a', '');
    await etcd().restart();
    await Promise.allSettled([client.kv.put('a', '')]);
    await client.close();
    assert.ok(closed());
  });
});
