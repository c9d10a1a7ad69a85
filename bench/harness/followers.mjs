// The endpoints below a target, kept in memory.
import { EtcdClient, ServiceDirectory } from '../../dist/index.js';
import { prefixEnd } from '../contestants/prefix-end.mjs';
import { ask, stubs } from '../contestants/raw.mjs';

/** By contestant; each resolves when it has the whole list. */
export const followers = { raw: followRaw, ours: followOurs };

async function followOurs({ address, target, count }) {
  const client = new EtcdClient({ endpoints: [address] });
  const directory = new ServiceDirectory(client);
  await new Promise((resolve, reject) => {
    const onView = ({ endpoints }) => endpoints.length === count && resolve();
    directory.follow(target, { onView, onFailure: reject });
  });
  return {
    async close() {
      await directory.close();
      await client.close();
    },
  };
}

/** A list and a watch from the next revision, without what a directory adds: resumption, protection against losses. */
async function followRaw({ address, target }) {
  const { KV, Watch } = stubs(address);
  const prefix = `${target}/`;
  const range = { key: Buffer.from(prefix), range_end: prefixEnd(prefix) };
  const { kvs, header } = await ask(KV, 'Range', range);
  const view = new Map(kvs.map((kv) => [kv.key.toString(), JSON.parse(kv.value)]));
  const stream = Watch.Watch();
  stream.on('error', () => {});
  stream.on('data', ({ events }) => {
    for (const { type, kv } of events) {
      if (type === 'PUT') view.set(kv.key.toString(), JSON.parse(kv.value));
      else view.delete(kv.key.toString());
    }
  });
  stream.write({ create_request: { ...range, start_revision: String(BigInt(header.revision) + 1n) } });
  return { close: () => stream.cancel() };
}
