import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClientMetrics } from '#src/diagnostics/index.js';
import { type InstrumentDefinition, instruments } from '#src/otel/instruments.js';
import { protoFolder } from '#src/raw/index.js';

const folder = join(protoFolder(), '../examples/observability');

interface Row {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  samplesOf(metrics: ClientMetrics): readonly (readonly [number, Readonly<Record<string, string>>])[];
}

const units: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/**
 * The name of a metric of OpenTelemetry in Prometheus.
 *
 * Specification: https://github.com/open-telemetry/opentelemetry-specification/blob/v1.50.0/specification/compatibility/prometheus_and_openmetrics.md#otlp-metric-points-to-prometheus
 */
function prometheusName({ name, unit, kind }: InstrumentDefinition): string {
  assert.match(unit, /^(?:s|By|\{\w+\})$/, `${name}: Prometheus gets a suffix for the unit ${unit}`);
  return `${name.replaceAll('.', '_')}${units[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

const counts = { attempts: 1, answers: 2, failures: 3, retries: 4 };
const ownership = { held: 1, waiting: 2, acquired: 3, lost: 4 };

/** Each part once, with different numbers. */
const metrics: ClientMetrics = {
  client: 'one',
  calls: counts,
  retries: { localReads: 1, reads: 2, writes: 3 },
  members: [{ endpoint: 'm0:2379', healthy: true, connected: false, preferred: true }],
  connections: { made: 5, lost: 6 },
  token: { renewals: { initial: 1, expiring: 2, refused: 3, 'replaced-store': 4 }, failures: 5 },
  watch: {
    watchers: 1,
    live: 2,
    streams: 3,
    lagMs: 4_500,
    resumes: { 'stream-lost': 5, 'buffer-full': 6, cancelled: 7 },
    compactions: 8,
    bufferedEvents: 9,
    bufferedBytes: 10,
    paused: 11,
  },
  mirrors: { active: 1, resyncs: { compacted: 2, 'rolled-back': 3, gap: 4 } },
  leases: {
    held: 1,
    minMarginMs: 2_500,
    ended: { expired: 3, 'lost-contact': 3, unauthorized: 3, revoked: 3, closed: 3 },
  },
  locks: ownership,
  elections: ownership,
  services: [
    {
      target: 's',
      codec: 'kratos',
      state: 'known',
      source: 'live',
      ageMs: 1_500,
      endpoints: { serving: 1, draining: 2, unconfirmed: 3 },
      invalid: 4,
      lossProtection: true,
      departures: { drained: 0, 'store-replaced': 0, invalid: 0, deleted: 5, 'lease-ended': 0, unknown: 0 },
    },
  ],
  registrations: [{ key: 'k', state: 'registered', registrations: 1 }],
  records: { stored: 2, storedAgain: 1 },
  resolvers: [{ target: 's', codec: 'kratos', channels: 1, updates: 2, picks: { 'a:1': 3 } }],
};

/** The samples that are not 0, as text in a fixed order. */
function shown(samples: Iterable<readonly [number, Readonly<Record<string, unknown>>]>): readonly string[] {
  return [...samples]
    .filter(([value]) => value !== 0)
    .map(([value, labels]) => JSON.stringify([value, Object.entries(labels).sort()]))
    .sort();
}

describe('the table of examples/observability', () => {
  let table: readonly Row[];
  before(async () => {
    ({ table } = (await import(pathToFileURL(join(folder, 'table.js')).href)) as { table: readonly Row[] });
  });

  it('has the names and types of the metrics of OpenTelemetry', () => {
    assert.deepEqual(
      table.map(({ name, type }) => `${type} ${name}`).sort(),
      instruments.map((one) => `${one.kind} ${prometheusName(one)}`).sort(),
    );
    assert.ok(table.length > 40);
  });

  it('has the values and attributes of the metrics of OpenTelemetry', () => {
    for (const instrument of instruments) {
      const row =
        table.find(({ name }) => name === prometheusName(instrument)) ?? assert.fail(instrument.name);
      const observed = [...instrument.read(metrics)].map(({ value, attributes = {} }) => {
        const labels = Object.entries(attributes).map(([name, text]) => [
          name.replace(/^etcd_naming\./, '').replaceAll('.', '_'),
          text,
        ]);
        return [value, Object.fromEntries(labels)] as const;
      });
      assert.deepEqual(shown(row.samplesOf(metrics)), shown(observed), instrument.name);
      assert.ok(shown(observed).length > 0 || instrument.name === 'member.connected', instrument.name);
    }
  });

  it('names the histogram of calls as Prometheus names that of OpenTelemetry', () => {
    const name = 'rpc.client.call.duration';
    const [ofOpenTelemetry, ofExample] = ['../../src/otel/call-durations.ts', 'prometheus.ts'].map((path) =>
      readFileSync(join(folder, path), 'utf8'),
    );
    assert.match(ofOpenTelemetry!, new RegExp(`'${name}'[^)]*unit: 's'`));
    assert.ok(ofExample!.includes(`'${name.replaceAll('.', '_')}_seconds'`));
  });
});
