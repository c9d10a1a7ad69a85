#!/usr/bin/env node
// Checks that each channel, type of event, member of ClientMetrics and metric of OpenTelemetry is described in
// docs/observability.md and occurs in a test.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const page = read('docs/observability.md');
const tests = filesIn('test', /\.test\.ts$/).map(read);

const missing = [...channels(), ...metrics(), ...otelMetrics()].flatMap(({ name, isDescribed, isTested }) => [
  ...(isDescribed ? [] : [`${name}: not in docs/observability.md`]),
  ...(isTested ? [] : [`${name}: in no test`]),
]);
for (const text of missing) console.error(text);
console.log(`${missing.length} parts of observability without a description or a test`);
process.exitCode = missing.length > 0 ? 1 : 0;

/** The channels, and the types of their events: described in the row of the channel, tested where the channel is used. */
function channels() {
  const topics = filesIn('src/diagnostics/topics', /\.ts$/)
    .map(read)
    .flatMap((source) =>
      [...source.matchAll(/defineTopic<\w+>\(\s*'(\w+)'/g)].map(([, name]) => ({
        name,
        types: [...source.matchAll(/readonly type:([^;]+);/g)].flatMap(([, types]) => quoted(types)),
      })),
    );
  const all = [{ name: 'call', types: [] }, { name: 'metrics', types: [] }, ...topics];
  return all.flatMap(({ name, types }) => {
    const rows = page.match(new RegExp(`^\\| (?:\\[)?\`etcd-naming:${name}\`.*$`, 'gm')) ?? [];
    const uses = new RegExp(
      `etcd-naming:${name}\\b|diagnosticsChannels\\.${name}\\b|\\b${name}(?:Topic|Channels?)\\b`,
    );
    const own = tests.filter((text) => uses.test(text));
    return [
      { name: `etcd-naming:${name}`, isDescribed: rows.length > 0, isTested: own.length > 0 },
      ...types.map((type) => ({
        name: `etcd-naming:${name} '${type}'`,
        isDescribed: rows.some((row) => row.includes(`\`${type}\``)),
        isTested: own.some((text) => text.includes(`'${type}'`)),
      })),
    ];
  });
}

/** The members of ClientMetrics, such as `watch.lagMs`: tested where the metrics and both names occur. */
function metrics() {
  const source = read('src/diagnostics/metrics.ts');
  const own = tests.filter((text) => /metrics/i.test(text));
  return membersOf('ClientMetrics').flatMap(({ name, type }) => {
    const members = membersOf(/(\w+Metrics)\b/.exec(type)?.[1] ?? '');
    const paths = members.length === 0 ? [[name]] : members.map((member) => [name, member.name]);
    return paths.map((path) => ({
      name: `ClientMetrics: ${path.join('.')}`,
      isDescribed: page.includes(`\`${path.join('.')}\``),
      isTested: own.some((text) => path.every((part) => new RegExp(`\\b${part}\\b`).test(text))),
    }));
  });

  function membersOf(type) {
    const [, body = ''] = new RegExp(`^export interface ${type} \\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
    return [...body.matchAll(/^ {2}readonly (\w+)\??: (.*)$/gm)].map(([, name, type]) => ({ name, type }));
  }
}

/** The metrics of OpenTelemetry. Those of the table are tested by what reads the whole table. */
function otelMetrics() {
  const source = read('src/otel/instruments.ts');
  const names = [...source.matchAll(/(?:counter|gauge)\(\s*'([\w.]+)'/g)].map(([, name]) => name);
  const parts = [...source.matchAll(/`\$\{prefix\}\.(\w+)`/g)].map(([, part]) => part);
  for (const [, prefix] of source.matchAll(/\.\.\.ownership\('(\w+)'/g))
    names.push(...parts.map((part) => `${prefix}.${part}`));
  const readsTable = tests.some((text) =>
    /import \{[^}]*\binstruments\b[^}]*\} from '#src\/otel\//.test(text),
  );
  const ofTable = names.map((name) => ({ name: `etcd_naming.${name}`, isTested: readsTable }));
  const duration = 'rpc.client.call.duration';
  const histogram = { name: duration, isTested: tests.some((text) => text.includes(duration)) };
  return [histogram, ...ofTable].map((one) => ({ ...one, isDescribed: page.includes(`\`${one.name}\``) }));
}

function quoted(text) {
  return [...text.matchAll(/'([^']+)'/g)].map(([, one]) => one);
}

function filesIn(folder, pattern) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path))
    .map((path) => join(folder, path));
}
