import { EtcdClient } from '#src/index.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { Random } from '../../sim/random.js';
import { Etcdctl } from '../etcdctl.js';
import { type Fault, type FaultContext, pause } from '../faults/fault.js';
import { linkFaults } from '../faults/link-faults.js';
import { Nemesis } from '../faults/nemesis.js';
import { runInPhases } from '../faults/phases.js';
import { nowMs } from '../naming/clock.js';
import { Resources } from '../resources.js';
import { TruthLog, TruthRecorder } from '../truth-recorder.js';
import { startCanary } from './canary.js';
import { Ending } from './ending.js';
import type { Limits, SavedLockHistory } from './history.js';
import { type Group, handFaults, processFaults } from './process-faults.js';
import { Recorder } from './recorder.js';
import { clusterFaults } from './server-faults.js';
import type { Worker } from './worker.js';
import { planWorkers, startWorkers, type Workload } from './workers.js';

const limits: Limits = { ttlMs: 3_000, noticeMs: 5_000 };

export interface LockRunOptions {
  readonly workloads: readonly Workload[];
  readonly seconds: number;
  readonly seed: number;
  readonly etcd: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface LockRunResult {
  readonly version: string;
  readonly history: SavedLockHistory;
}

// It would stop this process, which has no client here.
const links = linkFaults.filter(({ name }) => name !== 'stall-process');

/** Faults that concern every group. */
export const sharedFaultNames: readonly string[] = [...clusterFaults, ...links].map(({ name }) => name);

/** Runs the workers, injects faults and records what they report. Does not check anything. */
export async function runLocks(options: LockRunOptions): Promise<LockRunResult> {
  const { workloads, seed, signal, progress } = options;
  await using resources = new Resources();
  const { plans, missing } = await planWorkers(workloads, limits.ttlMs, seed);
  for (const line of missing) progress(line);
  if (options.etcd !== undefined) process.env['ETCD_BIN'] = options.etcd;
  const cluster = await startEtcdCluster({ partitions: true, signal });
  resources.use(cluster);
  if (cluster.etcdctl === undefined) throw new Error('no etcdctl found; the truth is recorded with it');
  const etcdctl = new Etcdctl(cluster.etcdctl);
  const recorder = new Recorder(limits);
  const log = new TruthLog(recorder.journal);
  const recorders = cluster.members.map((member) => new TruthRecorder(etcdctl, member, log));
  for (const one of recorders) resources.defer(() => one.close());
  const workers = await startWorkers(cluster, plans, recorder, resources);
  const context: FaultContext = {
    ...{ cluster, recorders, journal: recorder.journal },
    links: workers.flatMap((worker) => worker.links),
  };
  await injectFaults(context, workers, recorder, options, resources);
  signal.throwIfAborted();
  await new Ending(context, workers, recorder, etcdctl, options).run();
  return { version: cluster.version, history: recorder.end() };
}

/** One server fault, one link fault and one fault of each group's processes at a time. */
async function injectFaults(
  context: FaultContext,
  workers: readonly Worker[],
  recorder: Recorder,
  { seconds, seed, signal, progress }: LockRunOptions,
  resources: Resources,
): Promise<void> {
  const operator = openOperator(context.cluster, resources);
  startCanary(operator, resources);
  const nemesis = (faults: readonly Fault[], i: number, gapMs: readonly [number, number]) =>
    new Nemesis(faults, context, new Random(seed + i), gapMs, seconds < 20 ? 0 : undefined);
  const groups = groupsOf(workers, recorder);
  const nemeses = [
    nemesis(clusterFaults, 0, [500, 3_000]),
    nemesis(links, 1, [500, 3_000]),
    ...groups.map((group, i) => nemesis(processFaults(group, operator), 2 + i, [300, 2_500])),
  ];
  const calm = groups
    .filter(({ label }) => label.startsWith('ours/'))
    .map((group, i) => {
      const random = new Random(seed + 10 + i);
      return new Nemesis(handFaults(group, operator), context, random, [1_000, 2_000], 0);
    });
  const begun = nowMs();
  const timer = setInterval(() => {
    const faults = recorder.journal.facts.filter(({ kind }) => kind === 'fault').length;
    progress(`${Math.round((nowMs() - begun) / 1_000)} s: ${recorder.acquired} acquired, ${faults} faults`);
  }, 10_000);
  try {
    await pause(1_000, signal);
    await runInPhases(nemeses, seconds * 1_000, signal, calm);
  } finally {
    clearInterval(timer);
  }
}

/** Deletes keys and revokes leases, without proxies. */
function openOperator({ endpoints }: EtcdClusterHandle, resources: Resources): EtcdClient {
  const operator = new EtcdClient({ endpoints, timeoutMs: 2_000 });
  resources.use(operator);
  return operator;
}

function groupsOf(workers: readonly Worker[], recorder: Recorder): Group[] {
  const acting = workers.filter(({ config }) => config.role !== 'observer');
  const labelOf = ({ config }: Worker) => `${config.system}/${config.role}`;
  return [...new Set(acting.map(labelOf))].map((label) => ({
    label,
    recorder,
    workers: acting.filter((worker) => labelOf(worker) === label),
  }));
}
