// npm run chaos:naming: registrars and directories as processes, during faults of them and of their etcd.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEtcdCluster } from '#src/testing/index.js';
import { integerOption } from '../../sim/integer-option.js';
import { Random } from '../../sim/random.js';
import { recordProof, typedCommand } from '../../support/proof.js';
import { Resources } from '../resources.js';
import { checkNaming } from './check/index.js';
import {
  formatCheckedCases,
  formatFaults,
  formatViolations,
  inconclusiveReasons,
  toProof,
} from './report.js';
import { Run } from './run.js';
import { decode, encode, type SavedStoreHistory, toStoreHistory } from './saved-history.js';

const help = `npm run chaos:naming -- [--seconds 60] [--seed S] [--etcd PATH] [--keep-history] [--check FILE] [--record]

Eight processes keep records registered (two of them rivals for one key) and four follow two services, each through its
own proxies to a real cluster of three. Further records, some invalid, are added and removed. Faults of servers, links,
records and processes are injected one at a time. After each fault, the run measures the time until every live
registrar's record is stored, no other is, and every view equals the store. Finally the store is wiped. All views and
records are checked against what etcdctl saw: properties N1 to N8, N10, N11 and R1 to R6. The run continues for up to two
minutes longer until every fault has had an effect.
A history with a violation is saved, any other with --keep-history; --check checks a saved one again.
--record writes the figures to docs/proof, for the page docs/proof.md.
Exit code 0: no violation; 1: a violation; 2: inconclusive: a fault had no effect, or a case never occurred.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      etcd: { type: 'string' },
      'keep-history': { type: 'boolean' },
      check: { type: 'string' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (values.check !== undefined) return checkHistory(decode(readFileSync(values.check)), [], undefined);
  const seconds = integerOption('--seconds', values.seconds, 1);
  const seed = integerOption('--seed', values.seed, 0);
  if (values.etcd !== undefined) process.env['ETCD_BIN'] = values.etcd;
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort()).once('SIGTERM', () => abort.abort());
  await using resources = new Resources();
  const cluster = await startEtcdCluster({ partitions: true });
  resources.use(cluster);
  const run = await Run.start(cluster, resources, abort.signal);
  console.log(`etcd ${cluster.version}, seed ${seed}, ${seconds} s`);
  await run.injectFaults(seconds, new Random(seed), (line) => console.log(line));
  await run.wipe();
  if (abort.signal.aborted) return 130;
  const history = run.end();
  console.log(formatFaults(run.faults, run.injected));
  const ineffective = run.faults.filter(
    ({ name }) => !run.injected.some(({ fault, effective }) => fault === name && effective),
  );
  const reasons = ineffective.map(({ name }) => `${name} had no effect`);
  const code = checkHistory(history, reasons, values['keep-history'] === true);
  if (values.record)
    await recordProof('chaos-naming', {
      command: typedCommand('chaos:naming'),
      passed: code === 0,
      etcd: [cluster.version],
      ...toProof(run.injected, checkNaming(history.map(toStoreHistory))),
    });
  return code;
}

/**
 * Checks a history and prints the result; saves a history with violations. `keep`: saves any; undefined: saves none.
 */
function checkHistory(
  history: readonly SavedStoreHistory[],
  ineffective: readonly string[],
  keep: boolean | undefined,
): number {
  const result = checkNaming(history.map(toStoreHistory));
  console.log(`\n${formatCheckedCases(result)}\n`);
  const isWrong = result.violations.length > 0;
  if (keep || (isWrong && keep !== undefined)) {
    const path = join(mkdtempSync(join(tmpdir(), 'etcd-naming-chaos-')), 'history');
    writeFileSync(path, encode(history));
    console.log(`history: ${path}`);
  }
  if (isWrong) {
    console.log(formatViolations(result));
    return 1;
  }
  console.log('no violation');
  const reasons = [...ineffective, ...inconclusiveReasons(result)];
  if (reasons.length === 0) return 0;
  console.log(`but the run is inconclusive:\n${reasons.join('\n')}`);
  return 2;
}

process.exitCode = await main();
