import assert from 'node:assert/strict';
import { Code } from '#src/errors/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

describe("a response above the client's limit", () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('ends only the watch that it is for', async () => {
    const folder = folderOf(etcd());
    const client = connect(etcd().endpoints, { maxReceiveBytes: 1024 * 1024 });
    const writer = connect(etcd().endpoints);
    const quiet = client.watch({ prefix: `${folder}quiet/` });
    await quiet.ready;
    const busy = client.watch({ prefix: `${folder}busy/` });
    await busy.ready;
    await writer.kv.put(`${folder}busy/1`, Buffer.alloc(1_200_000));
    const { reason, error } = await busy.closed;
    assert.deepEqual([reason, error?.code], ['failed', Code.RESOURCE_EXHAUSTED]);
    await writer.kv.put(`${folder}quiet/1`, 'v');
    for await (const { events } of quiet) {
      assert.deepEqual(
        events.map(({ kv }) => String(kv.value)),
        ['v'],
      );
      break;
    }
  });
});
