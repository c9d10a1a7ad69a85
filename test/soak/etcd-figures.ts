import type { EtcdClient } from '#src/index.js';
import type { EtcdClusterHandle, EtcdMember } from '#src/testing/index.js';

export const etcdFigureNames = ['watchStreams', 'watchers', 'openStreams', 'leases'] as const;
/** What etcd holds for its clients, over all members. */
export type EtcdFigures = Record<(typeof etcdFigureNames)[number], number>;

const timeoutMs = 2_000;

/** Reads the figures; undefined while a member does not answer. */
export async function readEtcd(
  cluster: EtcdClusterHandle,
  client: EtcdClient,
): Promise<EtcdFigures | undefined> {
  try {
    const [leases, ...texts] = await Promise.all([
      client.lease.list({ timeoutMs }),
      ...cluster.members.map(metricsOf),
    ]);
    const sum = (read: (text: string) => number) => texts.reduce((total, text) => total + read(text), 0);
    return {
      watchStreams: sum((text) => sumOf(text, 'etcd_debugging_mvcc_watch_stream_total')),
      watchers: sum((text) => sumOf(text, 'etcd_debugging_mvcc_watcher_total')),
      openStreams: sum(openStreams),
      leases: leases.length,
    };
  } catch {
    return undefined;
  }
}

/** The gRPC streams that were started and have not ended. */
function openStreams(text: string): number {
  const isStream = (line: string) => line.includes('grpc_type="bidi_stream"');
  return (
    sumOf(text, 'grpc_server_started_total', isStream) - sumOf(text, 'grpc_server_handled_total', isStream)
  );
}

/** The sum of a metric over its labels, in Prometheus' text format; 0 if it is absent. */
export function sumOf(text: string, name: string, matches: (line: string) => boolean = () => true): number {
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && matches(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** A paused member accepts the connection and does not answer. */
async function metricsOf(member: EtcdMember): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${member.name} does not answer`)), timeoutMs);
  });
  try {
    return await Promise.race([member.metrics(), late]);
  } finally {
    clearTimeout(timer);
  }
}
