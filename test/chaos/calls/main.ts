// npm run chaos:calls: gRPC calls by service name during faults of their servers and of etcd.
import { startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../../sim/random.js';
import { recordProof, typedCommand } from '../../support/proof.js';
import { Resources } from '../resources.js';
import { faults as allFaults } from './faults.js';
import { Fleet } from './fleet.js';
import { legend, progressLine, summary, toProof } from './report.js';
import { runFaults } from './run.js';
import { help, parseSettings, type Settings } from './settings.js';
import { Tally } from './tally.js';

const progressMs = 30_000;

async function main(settings: Settings): Promise<number> {
  const { seconds, policy, seed, ttlSeconds, only } = settings;
  if (settings.etcd !== undefined) process.env['ETCD_BIN'] = settings.etcd;
  const faults = allFaults.filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  if (faults.length === 0) throw new TypeError(`no fault matches ${only.join(' or ')}`);
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort()).once('SIGTERM', () => abort.abort());
  await using resources = new Resources();
  const cluster = await startEtcdCluster({ startTimeoutMs: 60_000 }); // also for restarts
  resources.use(cluster);
  console.log(`etcd ${cluster.version}, ${policy}, seed ${seed}, ${seconds} s, TTL ${ttlSeconds} s`);
  const tally = new Tally();
  const fleet = new Fleet(cluster.endpoints, settings, tally, resources);
  await fleet.start();
  const began = performance.now();
  const progress = () => console.log(progressLine(tally, (performance.now() - began) / 1_000));
  const timer = setInterval(progress, progressMs);
  resources.defer(() => clearInterval(timer));
  const context = {
    cluster,
    fleet,
    ttlMs: ttlSeconds * 1_000,
    random: new Random(seed),
    signal: abort.signal,
  };
  await runFaults(faults, context, tally, seconds);
  progress();
  console.log(`\n${summary(tally)}\n\n${legend}`);
  const code = exitCode(tally, faults, abort.signal);
  if (settings.record && code !== 130)
    await recordProof('chaos-calls', {
      command: typedCommand('chaos:calls'),
      passed: code === 0,
      etcd: [cluster.version],
      ...toProof(tally),
    });
  return code;
}

function exitCode(tally: Tally, faults: readonly { readonly name: string }[], signal: AbortSignal): number {
  const wrong = [
    ...(tally.failed > 0 ? [`${tally.failed} calls failed`] : []),
    ...(tally.fewest === 0 ? ['a view was empty while servers were live'] : []),
    ...(tally.stepFailures.length > 0 ? [`${tally.stepFailures.length} steps did not complete`] : []),
  ];
  if (wrong.length > 0) {
    console.log(`FAILED: ${wrong.join('; ')}`);
    return 1;
  }
  if (signal.aborted) return 130;
  const missing = faults.filter(({ name }) => tally.row(name).happened === 0);
  console.log(
    `no call failed, and no view was empty${missing.length > 0 ? '; but the run is inconclusive:' : ''}`,
  );
  for (const { name } of missing) console.log(`'${name}' never happened`);
  return missing.length > 0 ? 2 : 0;
}

const settings = parseSettings(process.argv.slice(2));
if (settings.help) console.log(help);
else process.exitCode = await main(settings);
