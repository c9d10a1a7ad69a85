import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaignMain } from '../support/campaign-main.js';
import { recordProof, typedCommand } from '../support/proof.js';
import { check } from './check/index.js';
import { decode, encode } from './codec.js';
import { grpcProxyFaultNames } from './faults/grpc-proxy-faults.js';
import { factsOf, type History } from './history.js';
import { checkSavedLocks, testLocks } from './lock/main.js';
import {
  countFacts,
  formatCounts,
  formatViolations,
  inconclusiveReasons,
  type RunKind,
  toProof,
} from './report.js';
import { faultNames, run } from './run.js';
import { help, parseSettings, type Settings } from './settings.js';

async function runChaos(settings: Settings, signal: AbortSignal): Promise<number> {
  const locks = settings.workload.filter((name) => name !== 'kv');
  if (settings.check !== undefined) {
    if (locks.length > 0) return checkSavedLocks(settings.check);
    return checkHistory(decode(readFileSync(settings.check, 'utf8')), undefined);
  }
  if (locks.length === 0) return runOnce(settings, signal);
  const progress = (line: string) => console.log(line);
  return testLocks({ ...settings, workloads: locks, signal, progress });
}

async function runOnce(settings: Settings, signal: AbortSignal): Promise<number> {
  const { seconds, seed, etcd, auth, grpcProxies } = settings;
  const how = `${auth ? ', with authentication' : ''}${grpcProxies > 0 ? `, through ${grpcProxies} grpc-proxies` : ''}`;
  console.log(`seed ${seed}, ${seconds} s${how}`);
  const progress = (line: string) => console.log(line);
  const { journal, version, repeated } = await run({
    ...{ seconds, seed, etcd, auth, grpcProxies, signal, progress },
  });
  console.log(`\netcd ${version}; ${repeated} revisions reported twice by a server`);
  const code = checkHistory(journal.facts, settings);
  if (settings.record) await record(journal.facts, version, code, grpcProxies > 0);
  return code;
}

function record(history: History, version: string, code: number, withGrpcProxies: boolean): Promise<string> {
  return recordProof('chaos', {
    command: typedCommand('chaos'),
    passed: code === 0,
    etcd: [version],
    ...toProof(countFacts(history, faultNames(withGrpcProxies)), check(history)),
  });
}

/** Checks a history and prints the result; saves the history if it has violations. */
function checkHistory(history: History, settings: Settings | undefined): number {
  const kind = settings ?? kindOfSaved(history);
  const counts = countFacts(history, faultNames(kind.grpcProxies > 0));
  console.log(formatCounts(counts));
  const begun = performance.now();
  const violations = check(history);
  console.log(`checked in ${Math.round(performance.now() - begun)} ms\n`);
  const isWrong = violations.length > 0;
  if (settings && (isWrong || settings.keepHistory)) {
    const path = join(mkdtempSync(join(tmpdir(), 'etcd-naming-chaos-')), `seed-${settings.seed}.ndjson`);
    writeFileSync(path, encode(history));
    console.log(`history: ${path}`);
  }
  if (isWrong) {
    console.log(formatViolations(violations));
    if (settings) console.log(`seed ${settings.seed}`);
    return 1;
  }
  console.log('no violation');
  const reasons = inconclusiveReasons(counts, kind);
  if (reasons.length === 0) return 0;
  console.log(`but the run is inconclusive: ${reasons.join('; ')}`);
  return 2;
}

/** Of a saved history, only the faults show whether there were grpc-proxies. */
function kindOfSaved(history: History): RunKind {
  const isOfProxy = ({ name }: { name: string }) => grpcProxyFaultNames.some((one) => one === name);
  return { auth: false, grpcProxies: factsOf(history, 'fault').some(isOfProxy) ? 1 : 0 };
}

process.exitCode = await campaignMain({
  ...{ help, parse: parseSettings, run: runChaos },
  interrupted: 'interrupted; every fault is healed and every process stopped',
});
