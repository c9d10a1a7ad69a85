import assert from 'node:assert/strict';
import { systemClock } from '#src/async/index.js';
import { resolveOptions } from '#src/client/options.js';
import { kvCalls, Transport } from '#src/wire/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

describe('a batch of reads', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let transport: Transport;

  before(() => {
    const options = resolveOptions({ endpoints: etcd().endpoints });
    transport = new Transport(options.transport, systemClock, Math.random);
  });
  after(() => transport?.close());

  for (const serializable of [false, true]) {
    it(`returns what separate reads return, with serializable: ${serializable}`, async () => {
      const client = connect(etcd().endpoints);
      const folder = folderOf(etcd());
      const { revision } = await client.kv.put(`${folder}a`, Buffer.alloc(2_000, 'a'));
      const keys = ['a', 'none', 'a', 'b'].map((name) => `${folder}${name}`);
      await client.kv.put(`${folder}b`, 'b');
      const reads = keys.map((key, i) => ({ key: Buffer.from(key), keysOnly: i === 2 }));
      const { header, kvs } = await kvCalls(transport).readBatch({ reads, serializable });
      const separate = await Promise.all(
        reads.map(({ key, keysOnly }) => client.kv.get(key, { serializable, keysOnly })),
      );
      assert.deepEqual(
        kvs,
        separate.map(({ kv }) => kv),
      );
      assert.equal(kvs[0]?.modRevision, revision);
      assert.ok(header && header.revision > revision);
    });
  }

  it('that is refused names its keys', async () => {
    const key = Buffer.from(`${folderOf(etcd())}k`);
    const reads = Array.from({ length: 10_000 }, () => ({ key, keysOnly: false }));
    await assert.rejects(
      kvCalls(transport).readBatch({ reads, serializable: true }),
      /too many operations.*\/k'/,
    );
  });
});
