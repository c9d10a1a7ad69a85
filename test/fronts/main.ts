// npm run campaign:fronts: a client through nginx and HAProxy.
import { locateEtcd } from '#src/testing/index.js';
import { campaignMain } from '../support/campaign-main.js';
import { recordProof } from '../support/proof.js';
import { allCells, type Cell, type CellResult, cellName, kinds, runCells } from './matrix.js';
import { help, type Options, parseOptions } from './options.js';
import { formatTable, toProof, toTable, verdictOf } from './report.js';

async function run(options: Options, signal: AbortSignal): Promise<number> {
  const cells = allCells().filter((cell) => cellName(cell).includes(options.only));
  if (cells.length === 0) {
    console.error(`no cell's name contains '${options.only}'; --list prints the names`);
    return 2;
  }
  if (options.list) {
    for (const cell of cells) console.log(cellName(cell));
    return 0;
  }
  return runAll(await withoutMissing(cells), options, signal);
}

/** Leaves out the cells of front ends that are not installed, and says so. */
async function withoutMissing(cells: readonly Cell[]): Promise<Cell[]> {
  const missing = new Set<string>();
  for (const kind of kinds)
    for (const mode of ['tcp', 'grpc'] as const) {
      const name = await kind.missing(mode);
      if (name === undefined) continue;
      missing.add(`${kind.name} ${mode}`);
      console.log(`${kind.name} ${mode}: skipped, because Debian's package ${name} is not installed`);
    }
  return cells.filter(({ placement: { kind, mode } }) => !missing.has(`${kind.name} ${mode}`));
}

async function runAll(cells: readonly Cell[], options: Options, signal: AbortSignal): Promise<number> {
  const { version: wanted, atOnce } = options;
  if (cells.length === 0) return 2;
  const { version, etcdctl } = await locateEtcd(wanted === undefined ? {} : { version: wanted });
  if (etcdctl === undefined) throw new Error(`there is no etcdctl for etcd ${version}`);
  const unhandled = collectUnhandled();
  console.log(`etcd ${version}; ${cells.length} cells, ${atOnce} at a time`);
  let done = 0;
  const onCell = (result: CellResult) => printCell(result, `[${++done}/${cells.length}]`);
  const results = await runCells(cells, { version, etcdctl, atOnce, signal, onCell });
  signal.throwIfAborted();
  return conclude(results, { ...options, version }, unhandled);
}

async function conclude(
  results: readonly CellResult[],
  { version, only, record }: Options & { version: string },
  unhandled: readonly unknown[],
): Promise<number> {
  console.log(`\n${formatTable(toTable(results))}\n`);
  for (const reason of unhandled) console.log('a rejection that nothing handled:', reason);
  const command = `npm run campaign:fronts -- --etcd ${version}${only === '' ? '' : ` --only '${only}'`}`;
  const proof = toProof(results, command, version);
  const passed = proof.passed && unhandled.length === 0;
  console.log(
    Object.entries(proof.figures)
      .map(([name, figure]) => `${name}: ${figure}`)
      .join(', '),
  );
  if (record) console.log(await recordProof('fronts', { ...proof, passed }));
  if (results.some((result) => verdictOf(result) === 'WRONG') || unhandled.length > 0) return 1;
  return passed ? 0 : 2;
}

function collectUnhandled(): readonly unknown[] {
  const reasons: unknown[] = [];
  process.on('unhandledRejection', (reason) => reasons.push(reason));
  return reasons;
}

function printCell(result: CellResult, progress: string): void {
  const { cell, missed, problems, violations = [], errors } = result;
  const verdict = verdictOf(result);
  console.log(`${progress} ${cellName(cell)}: ${verdict}${missed === undefined ? '' : `, ${missed}`}`);
  if (verdict === 'ok') return;
  for (const problem of [...violations, ...problems]) console.log(`    ${problem}`);
  for (const error of errors) console.log(`    an error: ${error}`);
}

process.exitCode = await campaignMain({
  ...{ help, parse: parseOptions, run, interrupted: 'interrupted; every process is stopped' },
});
