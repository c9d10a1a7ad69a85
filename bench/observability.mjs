#!/usr/bin/env node
// npm run bench:observability: what diagnostics channels, their subscribers and OpenTelemetry add to calls and watches.
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contestant, killContestants } from './harness/contestant.mjs';
import { machineText } from './harness/machine.mjs';
import { orderOf } from './harness/order.mjs';
import { installPeers } from './harness/peers.mjs';
import { moveTo, planCores } from './harness/processes.mjs';
import { quantity } from './harness/report.mjs';
import { meanRatio, median, ratios } from './harness/statistics.mjs';
import { loadRows } from './rows/index.mjs';

const help = `npm run bench:observability [-- options]

The CPU and the rate of calls and watches without a subscriber, with a subscriber on every channel that does nothing, and
with OpenTelemetry's SDK: in pairs of new processes, one after the other, in alternating order.

  --before FOLDER  a checkout of another commit with a build in dist, to compare with
  --rows LIST      default put-512,put-1,get-512,watch-live
  --variants LIST  default none,noop,otel, and before with --before; none always takes part
  --pairs N        processes of each variant (default 20)
  --window MS      how long calls are measured in a process (default 2,000)
  --json FILE      also writes all figures to a file
  --help           this text`;

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const titles = {
  none: 'no subscriber',
  before: 'before',
  noop: 'subscribers that do nothing',
  otel: 'OpenTelemetry',
};
const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    rows: { type: 'string', default: 'put-512,put-1,get-512,watch-live' },
    variants: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    window: { type: 'string', default: '2000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit();
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, async () => {
    await killContestants();
    process.exit(code);
  });

const variants = variantsOf(values);
const cores = planCores();
await installPeers();
if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
const { startEtcd } = await import('../dist/testing.js');
moveTo(cores.server);
const etcd = await startEtcd({ args: ['--quota-backend-bytes', String(8 * 2 ** 30)] });
moveTo(cores.others);
try {
  console.log(await machine());
  const results = [];
  for (const row of await chosenRows(values.rows)) {
    const result = await measureRow(row);
    results.push(result);
    console.log(textOf(row, result));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
} finally {
  await killContestants();
  await etcd.close();
}
process.exit();

/** The name of each variant, with its build and its observer. */
function variantsOf({
  before,
  variants = before === undefined ? 'none,noop,otel' : 'none,before,noop,otel',
}) {
  const names = [...new Set(['none', ...variants.split(',')])];
  return Object.fromEntries(
    names.map((name) => {
      if (!(name in titles))
        throw new Error(`unknown variant '${name}': one of ${Object.keys(titles).join(', ')}`);
      if (name !== 'before') return [name, { dist, observer: name }];
      const other = join(resolve(before ?? '.'), 'dist');
      if (before === undefined || !existsSync(join(other, 'index.js')))
        throw new Error('the variant before needs --before, a checkout in which npm run build:dist was run');
      return [name, { dist: other, observer: 'none' }];
    }),
  );
}

async function chosenRows(list) {
  const rows = await loadRows();
  return list.split(',').map((name) => {
    const row = rows.find((one) => one.name === name);
    if (!row) throw new Error(`unknown row '${name}'`);
    return row;
  });
}

async function machine() {
  const { describeMachine } = await import('./harness/machine.mjs');
  return machineText(describeMachine({ etcd, cores, contestants: ['ours'] }));
}

/** The figures of each variant, one for each pair. */
async function measureRow(row) {
  const windowMs = Number(values.window);
  // As many transactions as a window has at the rate of most machines.
  const settings = { ...row.settings.full, windowMs, txns: windowMs / 2 };
  const [address] = etcd.endpoints;
  const { open } = await import('./contestants/raw.mjs');
  const raw = open(address);
  const prepared = await row.prepare?.({ address, settings, raw });
  raw.close();
  const task = { file: row.file, row: row.name, address, cores, settings, prepared, contestant: 'observed' };
  const figures = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    for (const name of orderOf(pair, Object.keys(variants))) {
      console.error(`… ${row.name}, pair ${pair + 1} of ${values.pairs}: ${titles[name]}`);
      figures[name].push(await measure({ ...task, clientOptions: variants[name] }));
    }
  }
  return { row: row.name, figures };
}

/** In a process of its own: what the compiler and the collector did to one process stays in one figure. */
async function measure(task) {
  const contestant = await Contestant.start(task);
  try {
    return await contestant.measure({});
  } finally {
    await contestant.close();
  }
}

function textOf({ title, metrics }, { row, figures }) {
  const lines = Object.entries(figures).map(([name, measured]) => {
    const cells = metrics.map(({ name: metric }) => cellOf(metric, name, measured, figures));
    return `  ${titles[name].padEnd(30)}${cells.join('')}`.trimEnd();
  });
  const heads = metrics.map((metric) => metric.title.padEnd(16) + 'ratio [95 %]'.padEnd(24));
  return [
    `\n${row}: ${title} (${values.pairs} pairs)`,
    `  ${''.padEnd(30)}${heads.join('')}`.trimEnd(),
    ...lines,
  ].join('\n');
}

/** The median, and the ratio to the reference: without a subscriber, to the build before if there is one. */
function cellOf(metric, name, measured, figures) {
  const reference = name === 'none' || name === 'before' ? figures.before : figures.none;
  const of = (all) => all.map((one) => one[metric]);
  const value = quantity(median(of(measured))).padEnd(16);
  if (!reference || reference === measured) return value + ''.padEnd(24);
  const { mean, low, high } = meanRatio(ratios(of(measured), of(reference)));
  return value + `${mean.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`.padEnd(24);
}
