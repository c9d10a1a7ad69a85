#!/usr/bin/env node
// npm run bench:allocations: the bytes that a call allocates, by V8's sampling heap profiler, compared with another build.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { orderOf } from './harness/order.mjs';
import { moveTo, planCores, reply, start } from './harness/processes.mjs';
import { meanRatio, median, ratios } from './harness/statistics.mjs';

const help = `npm run bench:allocations [-- options]

The bytes that a call allocates, those that were collected included: in all, and in functions of this package. Each figure is
the median of processes of their own, in alternating order.

  --before FOLDER  a checkout of another commit with a build in dist, to compare with
  --observer NAME  none (default), noop or otel: what observes the client of this build
  --call NAME      put (default) or get
  --count N        calls in each process (default 200,000)
  --rounds N       processes of each build (default 5)
  --in-flight N    calls at once (default 512)
  --help           this text`;

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    observer: { type: 'string', default: 'none' },
    call: { type: 'string', default: 'put' },
    count: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    'in-flight': { type: 'string', default: '512' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit();
}
/** A mean of 16 KiB between samples: 0.2 % of a call's bytes are one standard deviation with 200,000 calls. */
const samplingInterval = 16_384;
/** Differences below this share of a call are noise of the sampling. */
const shownShare = 0.002;

const here = fileURLToPath(new URL('../dist', import.meta.url));
const builds = { now: { dist: here, observer: values.observer } };
if (values.before !== undefined)
  builds.before = { dist: join(resolve(values.before), 'dist'), observer: 'none' };
const count = Number(values.count);
const rounds = Number(values.rounds);
const figures = Object.fromEntries(Object.keys(builds).map((name) => [name, []]));

const cores = planCores();
if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
const { startEtcd } = await import('../dist/testing.js');
moveTo(cores.server);
const etcd = await startEtcd({ args: ['--quota-backend-bytes', String(8 * 2 ** 30)] });
moveTo(cores.others);
try {
  for (let round = 0; round < rounds; round++)
    for (const name of orderOf(round, Object.keys(builds))) figures[name].push(await measure(builds[name]));
} finally {
  await etcd.close();
}
print();
process.exit();

async function measure(clientOptions) {
  const task = {
    address: etcd.endpoints[0],
    clientOptions,
    call: values.call,
    count,
    inFlight: Number(values['in-flight']),
    samplingInterval,
  };
  const child = start('../observability/allocating.mjs', { core: cores.client, task });
  try {
    return (await reply(child)).bytes;
  } finally {
    child.kill('SIGKILL');
  }
}

function print() {
  console.log(
    `${values.call}, ${values['in-flight']} in flight, ${count} calls, ${rounds} rounds; bytes a call`,
  );
  for (const part of ['total', 'package']) {
    const perCall = (name) => figures[name].map((bytes) => bytes[part] / count);
    const line = Object.keys(builds).map((name) => `${name} ${median(perCall(name)).toFixed(0)}`);
    console.log(`  ${part}: ${line.join(', ')}${ratioText(part)}`);
  }
  if (builds.before) printFunctions();
}

function ratioText(part) {
  if (!builds.before) return '';
  const of = (name) => figures[name].map((bytes) => bytes[part]);
  const { mean, low, high } = meanRatio(ratios(of('now'), of('before')));
  return `; now ÷ before ${mean.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
}

/** The functions of the package whose bytes differ. */
function printFunctions() {
  const names = new Set(
    Object.values(figures).flatMap((all) => all.flatMap((bytes) => Object.keys(bytes.functions))),
  );
  const per = (build, name) => median(figures[build].map((bytes) => (bytes.functions[name] ?? 0) / count));
  const total = median(figures.now.map((bytes) => bytes.total)) / count;
  const rows = [...names]
    .map((name) => ({ name, now: per('now', name), before: per('before', name) }))
    .filter(({ now, before }) => Math.abs(now - before) > total * shownShare)
    .sort((a, b) => Math.abs(b.now - b.before) - Math.abs(a.now - a.before));
  if (rows.length === 0)
    console.log(`  no function of the package differs by more than ${(total * shownShare).toFixed(0)} bytes`);
  for (const { name, now, before } of rows)
    console.log(`  ${name}: ${before.toFixed(0)} before, ${now.toFixed(0)} now`);
}
