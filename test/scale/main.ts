// npm run campaign:scale: how much a process and etcd need at a size that few services have, and whether all is right.
import { existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { startEtcd } from '#src/testing/index.js';
import { Resources } from '../chaos/resources.js';
import { integerOption } from '../sim/integer-option.js';
import { RECORD_HELP, recordProof, typedCommand } from '../support/proof.js';
import { type Measured, tableOf, toMarkdown } from './report.js';
import type { RowContext, ScaleRow } from './row.js';
import { rows } from './rows/index.js';
import { openFilesMissing } from './support/open-files.js';

const defaultVersion = '3.7.1';

const help = `npm run campaign:scale [-- options]

  --only <row>    a row, or several separated by commas: default all
  --divide <n>    divides the numbers of services, endpoints, processes and instances: default 1
  --version <v>   the release of etcd: default ${defaultVersion}
  ${RECORD_HELP}

${rows.map(({ name, title }) => `  ${name.padEnd(14)}  ${title(1)}`).join('\n')}

Each row has an etcd and processes of its own, and checks that at the end every view is what etcd has stored. Prints a
table. Takes some seven minutes for all rows, and needs Linux, 10 GB of free memory and 11,000 open files. etcd has its
data in /dev/shm if that exists.

Exit code 0: every check was right. 1: a check failed, or a row did not do its work; the reasons are printed. 2: nothing
was done, because an option is wrong or the machine permits too few open files. 130 or 143: interrupted.`;

interface Options {
  readonly selected: readonly ScaleRow[];
  readonly version: string;
  readonly divisor: number;
  readonly record: boolean;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      divide: { type: 'string', default: '1' },
      version: { type: 'string', default: defaultVersion },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const { only, divide, version, record } = values;
  const divisor = integerOption('--divide', divide, 1);
  const names = only?.split(',') ?? rows.map(({ name }) => name);
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0)
    throw new TypeError(`unknown row ${unknown}: one of ${rows.map(({ name }) => name).join(', ')}`);
  if (record && (only !== undefined || divisor > 1))
    throw new TypeError('--record needs all rows at full size: it excludes --only and --divide');
  return { selected: rows.filter(({ name }) => names.includes(name)), divisor, version, record };
}

function optionsOrExit(): Options {
  try {
    return options();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

const { selected, divisor, version, record } = optionsOrExit();
const missing = openFilesMissing(divisor);
if (missing !== undefined) {
  console.error(missing);
  process.exit(2);
}
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';
const all = new Resources();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => void all[Symbol.asyncDispose]().finally(() => process.exit(code)));

async function measure(row: ScaleRow): Promise<Measured> {
  const began = performance.now();
  const progress = (line: string) => console.error(`${row.name}: ${line}`);
  const resources = new Resources();
  all.use(resources);
  const context: RowContext = {
    resources,
    divisor,
    progress,
    async startEtcd() {
      const etcd = await startEtcd({ version, args: ['--enable-pprof'] });
      resources.use(etcd);
      return etcd;
    },
  };
  const result = await row
    .run(context)
    .catch((error: unknown) => ({
      figures: [],
      violations: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    }))
    .finally(() => resources[Symbol.asyncDispose]());
  progress(`${Math.round((performance.now() - began) / 1_000)} s, ${result.violations.length} violations`);
  return { row, result, divisor };
}

const began = performance.now();
const measured: Measured[] = [];
for (const row of selected) measured.push(await measure(row));
const table = tableOf(measured);
const violations = measured.flatMap(({ row, result }) =>
  result.violations.map((text) => `${row.name}: ${text}`),
);
console.log(
  `\n${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${process.platform} ${release()}, Node ${process.version}, etcd ${version}\n`,
);
console.log(`${toMarkdown(table)}\n`);
for (const line of violations.slice(0, 20)) console.log(`VIOLATION ${line}`);
console.log(`${violations.length} violations in ${Math.round((performance.now() - began) / 1_000)} s`);
if (record) {
  const figures = Object.fromEntries(
    measured.flatMap(({ result }) => result.figures.map(({ name, value }) => [name, value])),
  );
  await recordProof('scale', {
    command: typedCommand('campaign:scale'),
    passed: violations.length === 0,
    etcd: [version],
    figures: { ...figures, violations: violations.length },
    tables: { scale: table },
  });
}
process.exitCode = violations.length > 0 ? 1 : 0;
