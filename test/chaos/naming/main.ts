// npm run chaos:naming: registrars and directories as processes, under everything that may befall them and their etcd.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../../sim/random.js';
import { Resources } from '../resources.js';
import { checkNaming } from './check/index.js';
import { formatCheckedCases, formatFaults, formatViolations, inconclusiveReasons } from './report.js';
import { Run } from './run.js';
import { decode, encode, type SavedStoreHistory, toStoreHistory } from './saved-history.js';

const help = `npm run chaos:naming -- [--seconds 60] [--seed S] [--etcd PATH] [--keep-history] [--check FILE]

Six processes that keep a record registered, two that want the same key, and four that follow two services, each behind
proxies of its own to a real cluster of three; guests come and go, bad records among them. One fault after the other, of
servers, links, records and the processes themselves; after each, the time until every living registrar's record stands,
no other does, and every viewer shows just that. In the end the store is wiped. All views and records are held against
what etcdctl saw: promises N1 to N8, N10, N11 and R1 to R6. It goes on for up to two minutes longer until every fault
has hit.
A history in which something is wrong is saved, any other with --keep-history; --check judges it again.
Exit code 0: no violation; 1: one; 2: void: a fault never hit, or there was nothing to check a promise on.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      etcd: { type: 'string' },
      'keep-history': { type: 'boolean' },
      check: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (values.check !== undefined) return checkHistory(decode(readFileSync(values.check)), [], undefined);
  if (values.etcd !== undefined) process.env['ETCD_BIN'] = values.etcd;
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort()).once('SIGTERM', () => abort.abort());
  await using resources = new Resources();
  const cluster = await startEtcdCluster({ partitions: true });
  resources.use(cluster);
  const run = await Run.start(cluster, resources, abort.signal);
  console.log(`etcd ${cluster.version}, seed ${values.seed}, ${values.seconds} s`);
  await run.injectFaults(Number(values.seconds), new Random(Number(values.seed)), (line) =>
    console.log(line),
  );
  await run.wipe();
  if (abort.signal.aborted) return 130;
  const history = run.end();
  console.log(formatFaults(run.faults, run.injected));
  const unhit = run.faults.filter(
    ({ name }) => !run.injected.some(({ fault, hit }) => fault === name && hit),
  );
  const reasons = unhit.map(({ name }) => `${name} never hit`);
  return checkHistory(history, reasons, values['keep-history'] === true);
}

/** Says what a history is worth; saves it when something is wrong with it. `keep`: also otherwise; undefined: never. */
function checkHistory(
  history: readonly SavedStoreHistory[],
  unhit: readonly string[],
  keep: boolean | undefined,
): number {
  const verdict = checkNaming(history.map(toStoreHistory));
  console.log(`\n${formatCheckedCases(verdict)}\n`);
  const isWrong = verdict.violations.length > 0;
  if (keep || (isWrong && keep !== undefined)) {
    const path = join(mkdtempSync(join(tmpdir(), 'etcd-naming-chaos-')), 'history');
    writeFileSync(path, encode(history));
    console.log(`history: ${path}`);
  }
  if (isWrong) {
    console.log(formatViolations(verdict));
    return 1;
  }
  console.log('no violation');
  const reasons = [...unhit, ...inconclusiveReasons(verdict)];
  if (reasons.length === 0) return 0;
  console.log(`but the run is void:\n${reasons.join('\n')}`);
  return 2;
}

process.exitCode = await main();
