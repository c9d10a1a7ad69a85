import { type EtcdClient, encodeEndpoint, op } from '@org/etcd-naming';
import { type Entry, linesOf } from '../check/contents.js';

/** An endpoint to store. */
export interface Planned {
  readonly target: string;
  readonly id: string;
  readonly addr: string;
}

/** etcd's default limit is 128 operations. */
const operationsAtOnce = 100;

/** A loopback address of its own for each number below 8 million, where a server that listens on all addresses answers. */
export function addressOf(i: number, port: number): string {
  return `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:${port}`;
}

export const putOf = ({ target, id, addr }: Planned, change = 0) =>
  op.put(`${target}/${id}`, encodeEndpoint({ addr, metadata: { change } }));

/** Stores endpoints without a lease. */
export async function storeAll(client: EtcdClient, planned: readonly Planned[]): Promise<void> {
  for (let i = 0; i < planned.length; i += operationsAtOnce) {
    const some = planned.slice(i, i + operationsAtOnce);
    await client.kv.txn({ success: some.map((one) => putOf(one)) });
  }
}

/** Everything below a prefix, as JSON that this package's naming has not decoded, by target. */
export async function storedLines(client: EtcdClient, prefix: string): Promise<Map<string, string[]>> {
  const { kvs } = await client.kv.range({ prefix });
  const targets = new Map<string, Entry[]>();
  for (const { key, value, modRevision } of kvs) {
    const text = Buffer.from(key).toString();
    const target = text.slice(0, text.lastIndexOf('/'));
    const { Addr: addr } = JSON.parse(Buffer.from(value).toString()) as { Addr: string };
    targets.set(target, [...(targets.get(target) ?? []), { key: text, modRevision, addr }]);
  }
  return new Map([...targets].map(([target, entries]) => [target, linesOf(entries)]));
}
