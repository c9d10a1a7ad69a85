import type { KvClient } from '#src/kv/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { grpcCounter } from './etcd.js';
import { eventually } from './eventually.js';

/** The calls that an etcd has received. */
export interface ReceivedCalls {
  readonly ranges: number;
  readonly txns: number;
}

async function received(etcd: EtcdHandle): Promise<ReceivedCalls> {
  const started = (method: string) => grpcCounter(etcd, 'grpc_server_started_total', method);
  return { ranges: await started('Range'), txns: await started('Txn') };
}

/** Runs `work`. Returns the calls that etcd received meanwhile, from all clients. */
export async function callsDuring(etcd: EtcdHandle, work: () => Promise<unknown>): Promise<ReceivedCalls> {
  const before = await received(etcd);
  await work();
  const after = await received(etcd);
  return { ranges: after.ranges - before.ranges, txns: after.txns - before.txns };
}

/** Reads until the client knows that etcd accepts batches. */
export async function untilBatched(etcd: EtcdHandle, { get }: KvReader, prefix = etcd.prefix): Promise<void> {
  await eventually('reads are batched', async () => {
    const { txns } = await callsDuring(etcd, () => Promise.all([get(`${prefix}a`), get(`${prefix}b`)]));
    return txns > 0;
  });
}

export interface KvReader {
  readonly get: (key: string) => Promise<unknown>;
}

export function readerOf(kv: KvClient): KvReader {
  return { get: (key) => kv.get(key) };
}
