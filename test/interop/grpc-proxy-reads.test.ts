import assert from 'node:assert/strict';
import { useClients } from '../integration/client/support.js';
import { callsDuring, readerOf, untilBatched } from '../support/batched-reads.js';
import { useEtcd } from '../support/etcd.js';
import { useGrpcProxy } from './support/grpc-proxy.js';

describe('reads of single keys in one turn through a grpc-proxy', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const startProxy = useGrpcProxy(etcd);
  const { connect } = useClients();

  it('travel on their own, so that the proxy caches them as before', async () => {
    const direct = connect(etcd().endpoints);
    await untilBatched(etcd(), readerOf(direct.kv));
    const proxy = await startProxy();
    const client = connect([proxy.endpoint]);
    const keys = Array.from({ length: 10 }, (_, i) => `${etcd().prefix}proxied/${i}`);
    for (const key of keys) await direct.kv.put(key, 'before');
    const read = async (serializable: boolean) =>
      (await Promise.all(keys.map((key) => client.kv.get(key, { serializable })))).map(({ kv }) =>
        kv?.value.toString(),
      );
    for (let i = 0; i < 20; i++)
      assert.deepEqual(await callsDuring(etcd(), () => read(false)), { ranges: 10, txns: 0 });
    for (const key of keys) await direct.kv.put(key, 'after');
    const cached = await callsDuring(etcd(), async () => {
      assert.deepEqual(
        await read(true),
        keys.map(() => 'before'),
      );
    });
    assert.deepEqual(cached, { ranges: 0, txns: 0 }, 'the proxy answers serializable reads from its cache');
    assert.deepEqual(
      await read(false),
      keys.map(() => 'after'),
    );
  });
});
