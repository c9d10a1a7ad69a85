import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../sim/random.js';
import { Etcdctl } from './etcdctl.js';
import { type FaultContext, pause } from './faults/fault.js';
import { linkFaults } from './faults/link-faults.js';
import { Nemesis } from './faults/nemesis.js';
import { serverFaults } from './faults/server-faults.js';
import type { FinalFact } from './history.js';
import { Journal } from './journal.js';
import { Resources } from './resources.js';
import { recordStalls } from './stalls.js';
import { tap } from './tap.js';
import { TruthLog, TruthRecorder } from './truth-recorder.js';
import { openWorkers, type Worker } from './workers.js';

export const faultNames = [...serverFaults, ...linkFaults].map(({ name }) => name);

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly etcd: string | undefined;
  /** Ends the run early: what is broken is healed, everything is closed, and the promise rejects with its reason. */
  readonly signal: AbortSignal;
  /** Told every ten seconds, and at each turn. */
  readonly progress: (line: string) => void;
}

export interface RunResult {
  readonly journal: Journal;
  readonly version: string;
  /** Revisions that servers told a second time. */
  readonly repeated: number;
}

/** One run: traffic, faults, truth. What was wrong is for the checks to say. */
export async function run(options: RunOptions): Promise<RunResult> {
  await using resources = new Resources();
  const { cluster, etcdctl } = await startCluster(options);
  resources.use(cluster);
  const journal = new Journal();
  resources.defer(tap(journal));
  resources.defer(recordStalls(journal));
  const log = new TruthLog(journal);
  const recorders = cluster.members.map((member) => new TruthRecorder(etcdctl, member, log));
  for (const recorder of recorders) resources.defer(() => recorder.close());
  const { links, actors } = await openWorkers(cluster, journal, options.seed, resources);
  const context: FaultContext = { cluster, links, recorders, journal };
  await runWorkload(context, actors, options);
  options.signal.throwIfAborted();
  options.progress('healed; waiting for leases to run out and for the recorders to catch up');
  journal.add(await finalState(context, etcdctl, options.signal));
  const repeated = recorders.reduce((sum, recorder) => sum + recorder.repeated, 0);
  return { journal, version: cluster.version, repeated };
}

async function startCluster({
  etcd,
  signal,
}: RunOptions): Promise<{ cluster: EtcdClusterHandle; etcdctl: Etcdctl }> {
  if (etcd !== undefined) process.env['ETCD_BIN'] = etcd;
  const cluster = await startEtcdCluster({ partitions: true, signal });
  if (cluster.etcdctl === undefined) {
    await cluster.close();
    throw new Error(
      'there is no etcdctl beside the etcd, on PATH or in the cache; the truth is taken with it',
    );
  }
  return { cluster, etcdctl: new Etcdctl(cluster.etcdctl) };
}

/** A calm second, the faults, and as long a calm as it takes to see that all is well again. */
async function runWorkload(
  context: FaultContext,
  actors: readonly Worker[],
  options: RunOptions,
): Promise<void> {
  const traffic = new AbortController();
  const acting = actors.map(({ client, random, run }) => run(client, random, traffic.signal));
  const stopTelling = reportProgress(context, options);
  try {
    await pause(1_000, options.signal);
    await injectFaults(context, options);
    await pause(2_000, options.signal);
  } finally {
    traffic.abort();
    stopTelling();
    await Promise.all(acting);
  }
}

const faultPhaseMs = 25_000;
/** Long enough to see that what is not broken works as it should: leases are renewed in time only then for sure. */
const recoveryPhaseMs = 7_000;

/** Storms, in which two things at a time are broken, one of the servers' and one of the links', and calms between. */
async function injectFaults(context: FaultContext, { seconds, seed, signal }: RunOptions): Promise<void> {
  const until = performance.now() + (seconds - 3) * 1_000;
  const both = [
    new Nemesis(serverFaults, context, new Random(seed), [300, 2_500]),
    new Nemesis(linkFaults, context, new Random(seed + 1), [200, 1_500]),
  ];
  for (let left = until - performance.now(); left > 0 && !signal.aborted; left = until - performance.now()) {
    await runFaultPhase(both, Math.min(left, faultPhaseMs), signal);
    await pause(Math.max(0, Math.min(recoveryPhaseMs, until - performance.now())), signal);
  }
}

/** When one of them fails, the other ends and heals first. */
async function runFaultPhase(both: readonly Nemesis[], ms: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const interrupted = () => end.abort();
  signal.addEventListener('abort', interrupted);
  const raging = both.map((nemesis) => nemesis.run(ms, end.signal));
  for (const one of raging) one.catch(interrupted);
  try {
    await Promise.allSettled(raging);
    await Promise.all(raging);
  } finally {
    signal.removeEventListener('abort', interrupted);
  }
}

function reportProgress({ journal }: FaultContext, { progress }: RunOptions): () => void {
  const begun = journal.now();
  const timer = setInterval(() => {
    const counts = { op: 0, ambiguous: 0, fault: 0 };
    for (const fact of journal.facts) {
      if (fact.kind === 'fault') counts.fault++;
      if (fact.kind !== 'op') continue;
      counts.op++;
      if (fact.outcome.type === 'info') counts.ambiguous++;
    }
    const seconds = Math.round((journal.now() - begun) / 1_000);
    progress(
      `${seconds} s: ${counts.op} operations, ${counts.ambiguous} ambiguous writes, ${counts.fault} faults`,
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

/** Asks until the answer is as it should be, or for so long that the last answer must be judged. */
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
