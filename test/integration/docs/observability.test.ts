import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { kratos } from '#src/codecs/index.js';
import { type ClientMetrics, diagnosticsChannels, durationBounds } from '#src/diagnostics/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { register, ServiceDirectory } from '#src/naming/index.js';
import { protoFolder } from '#src/raw/index.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';
import { type MetricFamily, parsePrometheus } from '../../support/prometheus-text.js';

const folder = join(protoFolder(), '../examples/observability');
const alerts = readFileSync(join(folder, 'alerts.yml'), 'utf8');
const dashboard = readFileSync(join(folder, 'dashboard.json'), 'utf8');
/** A name with all characters that the text format escapes. */
const name = 'a "name" with \\ and\nlines';
const target = 'observability/service';

interface Example {
  serveMetrics(port: number): Promise<Server>;
  prometheusText(clients: readonly ClientMetrics[]): string;
}

/** The queries of the rules: the text from `expr:` to the next member of the rule. */
const alertQueries = [...alerts.matchAll(/^ {8}expr: (?:>-\n)?((?:.*\n)+?)(?= {8}\w)/gm)].map(
  ([, query = '']) => query,
);

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const { panels } = JSON.parse(dashboard) as { readonly panels: readonly Panel[] };
const dashboardQueries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The metrics in a query: the names outside of selectors and groupings. */
function metricsIn(query: string): readonly string[] {
  const names = query.replace(/\{[^}]*\}/g, '').replace(/\b(?:by|without|on|ignoring) \([^)]*\)/g, '');
  return names.match(/\b(?:etcd_naming|rpc_client)_\w+/g) ?? [];
}

/** The labels in a query: the names in selectors and groupings, except those that Prometheus and Grafana add. */
function labelsIn(query: string): readonly string[] {
  const places = query.match(/\{[^}]*\}|\b(?:by|without|on|ignoring) \([^)]*\)/g) ?? [];
  const labels = places.flatMap((text) => text.replace(/"[^"]*"/g, '').match(/\b[a-z_]{3,}\b/g) ?? []);
  return labels.filter((label) => !['job', 'instance', 'without', 'ignoring'].includes(label));
}

function promtool(context: Mocha.Context, args: readonly string[], input = ''): void {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: folder,
    input,
    encoding: 'utf8',
  });
  if (error) skip(context, 'there is no promtool');
  assert.equal(status, 0, `${stdout}${stderr}`);
}

/** The metrics of the open clients of this name. */
function metricsOf(name: string): readonly ClientMetrics[] {
  const clients: ClientMetrics[] = [];
  diagnosticsChannels.metrics.publish({ report: (one) => clients.push(one) });
  return clients.filter(({ client }) => client === name);
}

/** A registration, a lock, a channel that has made a call, and a service of another format, of a user with a token. */
async function useEveryPart(opened: Opened, options: EtcdClientOptions): Promise<void> {
  const client = opened.add(new EtcdClient(options), (one) => one.close());
  const { addr } = await opened.server('one');
  opened.add(await register(client, { target, addr }), (one) => one.close());
  opened.add(await client.lock('observability/lock'), (one) => one.release());
  opened.add(registerEtcdResolver(client, { balance: {} }), (one) => one[Symbol.dispose]());
  await opened.caller(`etcd:///${target}`).call();
  const directory = opened.add(new ServiceDirectory(client, { codec: kratos() }), (one) => one.close());
  await directory.ready('observability-kratos', { minEndpoints: 0 });
}

describe('examples/observability', function () {
  this.timeout(60_000);
  const etcd = useEtcd({ auth: {} });
  let example: Example;
  let metrics: ClientMetrics | undefined;
  let text = '';
  let families: ReadonlyMap<string, MetricFamily>;

  before('a process that uses every part is scraped', async () => {
    example = (await import(pathToFileURL(join(folder, 'prometheus.js')).href)) as Example;
    const opened = new Opened();
    try {
      await useEveryPart(opened, { ...etcd().clientOptions, name, metrics: { histograms: true } });
      const server = opened.add(await example.serveMetrics(0), (one) => one.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      text = await (await fetch(`${url}/metrics`)).text();
      assert.equal((await fetch(`${url}/other`)).status, 404);
      [metrics] = metricsOf(name);
    } finally {
      await opened.close();
    }
    families = parsePrometheus(text);
  });

  const samplesOf = (metric: string) => families.get(metric)?.samples ?? new Map<string, number>();

  /** The sum of the series whose labels contain the text. */
  const sumOf = (metric: string, labels = '') =>
    [...samplesOf(metric)].reduce((sum, [series, value]) => (series.includes(labels) ? sum + value : sum), 0);

  it('serves what the process does', () => {
    assert.ok(sumOf('etcd_naming_call_answers_total') > 2);
    assert.equal(sumOf('etcd_naming_registrations', 'state="registered"'), 1);
    assert.equal(sumOf('etcd_naming_registration_stored_total'), 1);
    assert.equal(sumOf('etcd_naming_lock_held'), 1);
  });

  it('escapes names', () => {
    const [series = ''] = samplesOf('etcd_naming_call_answers_total').keys();
    assert.equal(
      series,
      'etcd_naming_call_answers_total{etcd_naming_client="a \\"name\\" with \\\\ and\\nlines"}',
    );
  });

  it('serves cumulative histograms, whose last bucket is the count', () => {
    const durations = samplesOf('rpc_client_call_duration_seconds');
    const put = [...durations].filter(([series]) => series.includes('rpc_method="etcdserverpb.KV/Txn"'));
    const counts = put.filter(([series]) => series.includes('_bucket')).map(([, count]) => count);
    assert.equal(counts.length, durationBounds.length + 1);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    const [, count] = put.find(([series]) => series.includes('_count')) ?? assert.fail(text);
    assert.ok(count > 0);
    assert.equal(counts.at(-1), count);
    assert.ok(put.some(([series]) => series.includes('le="+Inf"')));
  });

  it('adds up clients of one name instead of writing a series twice', () => {
    const one = metrics ?? assert.fail();
    const both = parsePrometheus(example.prometheusText([one, one]));
    const [held] = both.get('etcd_naming_lock_held')?.samples.values() ?? [];
    assert.equal(held, 2);
    const histogram = 'rpc_client_call_duration_seconds';
    const alone = parsePrometheus(example.prometheusText([one])).get(histogram)?.samples ?? assert.fail();
    const summed = both.get(histogram)?.samples ?? assert.fail();
    assert.deepEqual(
      [...summed].map(([series, value]) => [series, value / 2]),
      [...alone],
    );
  });

  for (const [file, queries, least] of [
    ['alerts.yml', alertQueries, 16],
    ['dashboard.json', dashboardQueries, 40],
  ] as const) {
    it(`${file} uses metrics and labels that are served`, () => {
      assert.ok(queries.length >= least, `${queries.length} queries`);
      const labels = new Set([...families.values()].flatMap((family) => [...family.labels]));
      const served = (metric: string) =>
        families.has(metric) || families.has(metric.replace(/_(?:bucket|sum|count)$/, ''));
      assert.deepEqual(
        [...new Set(queries.flatMap(metricsIn))].filter((metric) => !served(metric)),
        [],
      );
      assert.deepEqual(
        [...new Set(queries.flatMap(labelsIn))].filter((label) => !labels.has(label)),
        [],
      );
    });

    it(`${file} has a query without a metric nowhere`, () => {
      assert.deepEqual(
        queries.filter((query) => metricsIn(query).length === 0),
        [],
      );
    });
  }

  it('dashboard.json shows every metric that is served', () => {
    const shown = new Set(
      dashboardQueries.flatMap(metricsIn).map((metric) => metric.replace(/_bucket$/, '')),
    );
    assert.deepEqual(
      [...families.keys()].filter((metric) => !shown.has(metric)),
      [],
    );
  });

  it('alerts.yml has a test for each alert', () => {
    const names = [...alerts.matchAll(/- alert: (\w+)$/gm)].map(([, alert = '']) => alert);
    const tests = readFileSync(join(folder, 'alerts.test.yml'), 'utf8');
    assert.equal(names.length, alertQueries.length);
    assert.deepEqual(
      names.filter((alert) => !tests.includes(alert)),
      [],
    );
  });

  it('promtool accepts the scrape, and the rules pass their tests', function () {
    promtool(this, ['check', 'metrics'], text);
    promtool(this, ['check', 'rules', 'alerts.yml']);
    promtool(this, ['test', 'rules', 'alerts.test.yml']);
  });
});
