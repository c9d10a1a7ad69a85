import { useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('a watch that is closed before it is created', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('leaves no stream on the server, at whichever step of the opening it is closed', async () => {
    const key = `${folderOf(etcd())}k`;
    const streams = () => etcd().metric('etcd_debugging_mvcc_watch_stream_total');
    const before = await streams();
    for (let steps = 0; steps < 30; steps++) {
      const client = connect(etcd().endpoints);
      await client.kv.get(key);
      const watcher = client.watch(key, { startRevision: 1n });
      // A step is one turn of the queue of microtasks; grpc-js opens a stream in several.
      for (let i = 0; i < steps; i++) await null;
      await watcher.close();
      await client.kv.get(key);
    }
    // The clients' connections are open: closing them would end the streams too.
    await eventually('the streams have ended', async () => (await streams()) <= before, 20_000);
  });
});
