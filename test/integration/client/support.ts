import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import { type EtcdHandle, type FaultProxy, startFaultProxy } from '#src/testing/index.js';

export { eventually } from '../../support/eventually.js';

/** Makes clients and proxies, and closes them after each test, in that order. Registers mocha hooks. */
export function useClients() {
  const clients: EtcdClient[] = [];
  const proxies: FaultProxy[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  return {
    connect(endpoints: readonly string[], options: Omit<EtcdClientOptions, 'endpoints'> = {}): EtcdClient {
      const client = new EtcdClient({ endpoints, ...options });
      clients.push(client);
      return client;
    },
    async proxy(etcd: EtcdHandle): Promise<FaultProxy> {
      const proxy = await startFaultProxy({ target: etcd.endpoints[0]! });
      proxies.push(proxy);
      return proxy;
    },
  };
}

let folders = 0;

/** Returns a key prefix that no other test uses. */
export function folderOf(etcd: EtcdHandle): string {
  return `${etcd.prefix}t${process.pid}-${folders++}/`;
}

/** Writes `count` keys, one revision each. Returns the first revision, that of key 0; the order of the others varies. */
export async function fill(
  client: EtcdClient,
  folder: string,
  count: number,
  value: string | Buffer = 'v',
): Promise<bigint> {
  const { revision } = await client.kv.put(`${folder}0`, value);
  for (let i = 1; i < count; i += 50) {
    const numbers = Array.from({ length: Math.min(50, count - i) }, (_, n) => i + n);
    await Promise.all(numbers.map((n) => client.kv.put(`${folder}${n}`, value)));
  }
  return revision;
}

/** Writes `count` keys in transactions of a hundred. */
export async function fillKeys(client: EtcdClient, folder: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 100) {
    const numbers = Array.from({ length: Math.min(100, count - i) }, (_, n) => i + n);
    await client.kv.txn({ success: numbers.map((n) => op.put(`${folder}${n}`, 'v')) });
  }
}
