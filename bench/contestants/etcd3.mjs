// etcd3, with its defaults, except that a proxy in the environment is ignored, as by all contestants.
import { Etcd3 } from 'etcd3';
import { inBatches } from '../harness/measure.mjs';

export function open(address) {
  const client = new Etcd3({
    hosts: `http://${address}`,
    grpcOptions: { 'grpc.enable_http_proxy': 0 },
  });
  return {
    put: (key, value) => client.put(key).value(value).exec(),
    get: (key) => client.get(key).exec(),

    async range(prefix) {
      const { kvs } = await client.getAll().prefix(prefix).exec();
      return kvs.length;
    },

    async watch({ prefix, startRevision, onEvents }) {
      const builder = client.watch().prefix(prefix);
      if (startRevision !== undefined) builder.startRevision(startRevision);
      const watcher = await builder.create();
      watcher.on('data', ({ events }) => onEvents(events.length));
      return { close: () => watcher.cancel() };
    },

    openWatchers(keys, { reading }) {
      const created = keys.map((key) => client.watch().key(key).create());
      return Promise.all(created.map(async (creating) => listen(await creating, reading)));
    },

    async holdLeases(count, ttlSeconds) {
      const leases = Array.from({ length: count }, () => client.lease(ttlSeconds));
      await inBatches(leases, (lease) => lease.grant());
      return { revoke: () => inBatches(leases, (lease) => lease.revoke()) };
    },

    close: () => client.close(),
  };
}

function listen(watcher, reading) {
  if (reading) watcher.on('data', () => {});
  return watcher;
}
