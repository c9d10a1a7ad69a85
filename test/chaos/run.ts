import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../sim/random.js';
import { chaosAuth, workerName } from './auth.js';
import { Etcdctl } from './etcdctl.js';
import { type Fault, type FaultContext, pause } from './faults/fault.js';
import { grpcProxyFaultNames, grpcProxyFaults } from './faults/grpc-proxy-faults.js';
import { linkFaults } from './faults/link-faults.js';
import { Nemesis } from './faults/nemesis.js';
import { runInPhases } from './faults/phases.js';
import { serverFaults } from './faults/server-faults.js';
import { startGrpcProxies } from './grpc-proxies.js';
import type { FinalFact } from './history.js';
import { Journal } from './journal.js';
import { Resources } from './resources.js';
import { recordStalls } from './stalls.js';
import { tap } from './tap.js';
import { TruthLog, TruthRecorder } from './truth-recorder.js';
import { openWorkers, type Worker } from './workers.js';

/** The faults of a run, without or with grpc-proxies. */
export function faultNames(withGrpcProxies: boolean): string[] {
  const direct = [...serverFaults, ...linkFaults].map(({ name }) => name);
  return withGrpcProxies ? [...direct, ...grpcProxyFaultNames] : direct;
}

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly etcd: string | undefined;
  /** Whether the cluster requires authentication. */
  readonly auth: boolean;
  /** The number of grpc-proxies between the clients and the members; 0: none. */
  readonly grpcProxies: number;
  /** Aborts the run: faults are healed, everything is closed, and the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Called every ten seconds and at each phase. */
  readonly progress: (line: string) => void;
}

export interface RunResult {
  readonly journal: Journal;
  readonly version: string;
  /** Revisions that a server reported twice. */
  readonly repeated: number;
}

type RunContext = FaultContext & { readonly journal: Journal };

/** Runs the workload, injects faults and records the truth. Does not check anything. */
export async function run(options: RunOptions): Promise<RunResult> {
  await using resources = new Resources();
  const { cluster, etcdctl } = await startCluster(options);
  resources.use(cluster);
  const user = options.auth ? cluster.clientOptionsOf(workerName).auth : undefined;
  const journal = new Journal();
  resources.defer(tap(journal));
  resources.defer(recordStalls(journal));
  const log = new TruthLog(journal);
  const recorders = cluster.members.map((member) => new TruthRecorder(etcdctl, member, log));
  for (const recorder of recorders) resources.defer(() => recorder.close());
  const proxies = await startGrpcProxies(cluster, options.grpcProxies, resources);
  const servers = proxies.length > 0 ? proxies : cluster.members;
  const { links, workers } = await openWorkers({ servers, journal, seed: options.seed, user }, resources);
  const context: RunContext = { cluster, links, recorders, journal };
  await runWorkload(context, workers, [...serverFaults, ...grpcProxyFaults(proxies)], options);
  options.signal.throwIfAborted();
  options.progress('healed; waiting for leases to expire and for the recorders to catch up');
  journal.add(await finalState(context, etcdctl, options.signal));
  const repeated = recorders.reduce((sum, recorder) => sum + recorder.repeated, 0);
  return { journal, version: cluster.version, repeated };
}

async function startCluster({
  etcd,
  auth,
  signal,
}: RunOptions): Promise<{ cluster: EtcdClusterHandle; etcdctl: Etcdctl }> {
  if (etcd !== undefined) process.env['ETCD_BIN'] = etcd;
  // A few operations less than a batch of reads may have: members refuse the largest.
  const args = ['--max-txn-ops', '8'];
  const cluster = await startEtcdCluster({
    ...{ partitions: true, signal, args },
    ...(auth && { auth: chaosAuth }),
  });
  if (cluster.etcdctl === undefined) {
    await cluster.close();
    throw new Error('no etcdctl beside the etcd, on PATH or in the cache; the truth is recorded with it');
  }
  const root = cluster.clientOptions.auth;
  return { cluster, etcdctl: new Etcdctl(cluster.etcdctl, root) };
}

/** One second without faults, then the faults, then two seconds to recover. */
async function runWorkload(
  context: RunContext,
  workers: readonly Worker[],
  faultsOfServers: readonly Fault[],
  options: RunOptions,
): Promise<void> {
  const traffic = new AbortController();
  const running = workers.map(({ client, random, run }) => run(client, random, traffic.signal));
  const stopProgress = reportProgress(context, options);
  try {
    await pause(1_000, options.signal);
    await injectFaults(context, faultsOfServers, options);
    await pause(2_000, options.signal);
  } finally {
    traffic.abort();
    stopProgress();
    await Promise.all(running);
  }
}

async function injectFaults(
  context: FaultContext,
  faultsOfServers: readonly Fault[],
  { seconds, seed, signal }: RunOptions,
): Promise<void> {
  const both = [
    new Nemesis(faultsOfServers, context, new Random(seed), [300, 2_500]),
    new Nemesis(linkFaults, context, new Random(seed + 1), [200, 1_500]),
  ];
  await runInPhases(both, (seconds - 3) * 1_000, signal);
}

function reportProgress({ journal }: RunContext, { progress }: RunOptions): () => void {
  const begun = journal.now();
  const timer = setInterval(() => {
    const counts = { op: 0, info: 0, fault: 0 };
    for (const fact of journal.facts) {
      if (fact.kind === 'fault') counts.fault++;
      if (fact.kind !== 'op') continue;
      counts.op++;
      if (fact.outcome.type === 'info') counts.info++;
    }
    const seconds = Math.round((journal.now() - begun) / 1_000);
    progress(
      `${seconds} s: ${counts.op} operations, ${counts.info} ambiguous writes, ${counts.fault} faults`,
    );
  }, 10_000);
  return () => clearInterval(timer);
}

const settleTimeoutMs = 20_000;

async function finalState(
  { cluster, recorders }: FaultContext,
  etcdctl: Etcdctl,
  signal: AbortSignal,
): Promise<FinalFact> {
  const leader = await cluster.leader();
  const leases = await pollUntil(
    (found) => found.length === 0,
    signal,
    () => etcdctl.leases(leader.endpoint),
  );
  const { revision, kvs } = await etcdctl.all(leader.endpoint);
  const hashes = await pollUntil(
    (found) => new Set(found.map((one) => `${one.revision} ${one.hash}`)).size === 1,
    signal,
    () => etcdctl.hashes(cluster.endpoints),
  );
  await pollUntil(
    (lasts) => lasts.every((last) => last >= revision),
    signal,
    () => Promise.resolve(recorders.map(({ last }) => last)),
  );
  return { kind: 'final', revision, kvs, hashes, leases };
}

/** Polls until the answer is acceptable, or until the timeout; the checks then use the last answer. */
async function pollUntil<T>(
  isFine: (answer: T) => boolean,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + settleTimeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask().catch((error: unknown) => {
      if (performance.now() > deadline) throw error;
      return undefined;
    });
    if (answer !== undefined && (isFine(answer) || performance.now() > deadline)) return answer;
    await pause(200, signal);
  }
}
