import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClientMetrics } from '#src/diagnostics/index.js';
import { type InstrumentDefinition, instruments } from '#src/otel/instruments.js';
import { protoFolder } from '#src/raw/index.js';
import { fullMetrics as metrics } from '../../support/full-metrics.js';

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
