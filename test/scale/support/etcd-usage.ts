import { readMetric } from '#src/testing/gateway-client.js';
import type { EtcdHandle } from '#src/testing/index.js';

/** What etcd uses, by its own metrics. */
export interface EtcdUsage {
  readonly atMs: number;
  readonly heap: number;
  readonly resident: number;
  readonly goroutines: number;
  readonly openFiles: number;
  readonly cpuSeconds: number;
  readonly sentBytes: number;
  readonly watchers: number;
  readonly watchStreams: number;
  /** Requests, and messages on streams, that etcd has received from clients. */
  readonly messages: number;
  readonly revision: number;
}

const metrics = {
  heap: 'go_memstats_heap_alloc_bytes',
  resident: 'process_resident_memory_bytes',
  goroutines: 'go_goroutines',
  openFiles: 'process_open_fds',
  cpuSeconds: 'process_cpu_seconds_total',
  sentBytes: 'etcd_network_client_grpc_sent_bytes_total',
  watchers: 'etcd_debugging_mvcc_watcher_total',
  watchStreams: 'etcd_debugging_mvcc_watch_stream_total',
  messages: 'grpc_server_msg_received_total',
  revision: 'etcd_debugging_mvcc_current_revision',
} satisfies Record<Exclude<keyof EtcdUsage, 'atMs'>, string>;

/** Reads the metrics. */
export async function usageOf(etcd: EtcdHandle): Promise<EtcdUsage> {
  const text = await etcd.metrics();
  const values = Object.entries(metrics).map(([field, name]) => [field, readMetric(text, name)]);
  return { ...Object.fromEntries(values), atMs: performance.now() };
}

/** Reads the metrics after a garbage collection, which Go's profiler makes. Needs `--enable-pprof`. */
export async function usageAfterCollection(etcd: EtcdHandle): Promise<EtcdUsage> {
  const response = await fetch(`http://${etcd.endpoints[0]}/debug/pprof/heap?gc=1`, {
    headers: { connection: 'close' },
  });
  await response.arrayBuffer();
  return usageOf(etcd);
}
