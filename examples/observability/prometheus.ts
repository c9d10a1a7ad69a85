// The metrics of all clients of this process as Prometheus text. Copy this file and table.ts into a service.
import { createServer, type Server } from 'node:http';
import {
  type CallDurations,
  type ClientMetrics,
  diagnosticsChannels,
  durationBounds,
} from '@org/etcd-naming';
import { type Labels, table } from './table.js';

/** Serves `/metrics`. Resolves with the server when it listens; port 0 selects a free one. */
export async function serveMetrics(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer(({ url }, response) => {
    if (url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(prometheusText(metricsOfAllClients()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.unref(); // it does not keep the process alive
  return server;
}

/** The metrics of each open client of this process; `client.metrics()` are those of one. */
export function metricsOfAllClients(): readonly ClientMetrics[] {
  const clients: ClientMetrics[] = [];
  diagnosticsChannels.metrics.publish({ report: (metrics) => clients.push(metrics) });
  return clients;
}

/** Formats the metrics. Clients need names of their own: the values of those that share a name are added up. */
export function prometheusText(clients: readonly ClientMetrics[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samplesOf } of table) {
    const values = new Map<string, number>();
    for (const metrics of clients)
      for (const [value, labels] of samplesOf(metrics)) {
        const series = `etcd_naming_${name}{${labelsText({ client: metrics.client, ...labels })}}`;
        values.set(series, (values.get(series) ?? 0) + value);
      }
    if (values.size > 0) lines.push(...headOf(`etcd_naming_${name}`, type, help));
    for (const [series, value] of values) lines.push(`${series} ${value}`);
  }
  return [...lines, ...histogramLines(clients), ''].join('\n');
}

const headOf = (name: string, type: string, help: string) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

/** The durations of calls, which only clients with `metrics: { histograms: true }` have. */
function histogramLines(clients: readonly ClientMetrics[]): readonly string[] {
  const name = 'rpc_client_call_duration_seconds';
  const values = new Map<string, number>();
  for (const { client, callDurations = [] } of clients)
    for (const durations of callDurations)
      for (const [series, value] of durationSamples(name, client, durations))
        values.set(series, (values.get(series) ?? 0) + value);
  if (values.size === 0) return [];
  const lines = [...values].map(([series, value]) => `${series} ${value}`);
  return [...headOf(name, 'histogram', 'Duration of calls to etcd, with their retries'), ...lines];
}

function durationSamples(
  name: string,
  client: string,
  durations: CallDurations,
): readonly (readonly [series: string, value: number])[] {
  const { method, status, count, sumSeconds, buckets } = durations;
  const rpc = `rpc_system_name="grpc",rpc_method="${escapeLabel(method)}",rpc_response_status_code="${status}"`;
  const labels = `${labelsText({ client })},${rpc}`;
  let total = 0;
  const cumulative = [...durationBounds, '+Inf'].map((bound, i) => {
    total += buckets[i] ?? 0;
    return [`${name}_bucket{${labels},le="${bound}"}`, total] as const;
  });
  return [...cumulative, [`${name}_sum{${labels}}`, sumSeconds], [`${name}_count{${labels}}`, count]];
}

const labelsText = (labels: Labels) =>
  Object.entries(labels)
    .map(([name, value]) => `etcd_naming_${name}="${escapeLabel(value)}"`)
    .join(',');

const escapeLabel = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
