import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { sharedAbortController } from '#src/async/index.js';
import { EtcdClient } from '#src/index.js';
import { until } from '#src/testing/wait.js';
import { type FaultContext, pause } from '../../chaos/faults/fault.js';
import { Nemesis } from '../../chaos/faults/nemesis.js';
import { runInPhases } from '../../chaos/faults/phases.js';
import { Resources } from '../../chaos/resources.js';
import { Random } from '../../sim/random.js';
import { startCluster, takeData } from '../cluster.js';
import { clientFaults, memberFaults } from '../faults.js';
import { History } from '../history/history.js';
import { ClientParts, type Loop, openTraffic, type Shared, type Traffic } from './clients.js';
import { Exclusive } from './exclusive.js';
import { lastKey } from './keys.js';
import { Recorder } from './recorder.js';
import { summarize, type TrafficSummary } from './summary.js';
import { emptyWatchCounts, type WatchReader } from './watch-traffic.js';

export interface TrafficOptions {
  readonly version: string;
  readonly seconds: number;
  readonly seed: number;
  /** Where the histories and the members' data are written. */
  readonly folder: string;
  /** The faults to inject. Default: all. */
  readonly faults?: readonly string[];
}

/** How much longer a run may last until every fault has had an effect: a busy machine takes seconds to restart a member. */
const extensionMs = 120_000;

/** How long the first read and the last write are repeated until one succeeds: no fault is active. */
const firstOrLastMs = 60_000;

/** How long the long watches may take to receive the last write after all faults are healed. */
const catchUpMs = 30_000;

/** Runs traffic and faults on a new cluster, and leaves everything that the validators need in the folder. */
export async function runTraffic(
  options: TrafficOptions,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<TrafficSummary> {
  await using resources = new Resources();
  const cluster = await startCluster(options.version, signal);
  resources.use(cluster);
  const shared: Shared = {
    ...{
      cluster,
      history: new History(),
      recorder: new Recorder(),
      exclusive: new Exclusive(),
      seed: options.seed,
    },
    watchCounts: emptyWatchCounts(),
  };
  resources.defer(countResumptions(shared));
  const operator = openOperator(shared, resources);
  await readEmptyStore(operator.parts, signal);
  const traffic = await openTraffic(shared, resources);
  resources.defer(reportProgress(shared.recorder, progress));
  const late = await generate(traffic, shared, operator.parts, options, signal);
  signal.throwIfAborted();
  await shared.history.save(options.folder);
  await takeData(cluster, options.folder);
  return summarize(options, shared, late);
}

/** A client without proxies, for the first and the last operation. */
function openOperator(shared: Shared, resources: Resources) {
  const etcd = new EtcdClient(shared.cluster.clientOptions);
  resources.use(etcd);
  return { parts: new ClientParts(shared, 'operator', etcd, 99) };
}

/** The validators require a read that shows the store to be empty. */
async function readEmptyStore(parts: ClientParts, signal: AbortSignal): Promise<void> {
  const client = parts.client();
  const limits = { timeoutMs: firstOrLastMs, signal };
  const { revision } = await until('a read of the empty store', limits, () => client.get(lastKey));
  if (revision !== 1n) throw new Error(`the store is not empty: its revision is ${revision}`);
}

/** Returns the names of the long watches that have not received the last write. */
async function generate(
  traffic: Traffic,
  shared: Shared,
  parts: ClientParts,
  options: TrafficOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const watching = start(traffic.watches, signal);
  const calling = start(traffic.calls, signal);
  try {
    await pause(1_000, signal);
    await injectFaults({ ...shared, ...traffic, journal: shared.recorder, recorders: [] }, options, signal);
    await pause(2_000, signal);
    await calling.end();
    return await awaitLastWrite(parts, traffic.longReaders, signal);
  } finally {
    await Promise.all([calling.end(), watching.end()]);
  }
}

async function injectFaults(
  context: FaultContext,
  { seconds, seed, faults }: TrafficOptions,
  signal: AbortSignal,
): Promise<void> {
  const chosen = [memberFaults, clientFaults].map((group) =>
    group.filter(({ name }) => faults === undefined || faults.includes(name)),
  );
  const nemeses = chosen.flatMap((group, i) =>
    group.length === 0 ? [] : [new Nemesis(group, context, new Random(seed + i), [300, 2_000], extensionMs)],
  );
  await runInPhases(nemeses, (seconds - 3) * 1_000, signal);
}

/** The validators require that the last operation succeeds. Everything that was written before must then arrive. */
async function awaitLastWrite(
  parts: ClientParts,
  readers: readonly WatchReader[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const client = parts.client();
  const limits = { timeoutMs: firstOrLastMs, signal };
  const { revision } = await until('the last write', limits, () => client.put(lastKey));
  const late = () => readers.filter(({ received }) => received < revision).map(({ name }) => name);
  const deadline = performance.now() + catchUpMs;
  while (late().length > 0 && performance.now() < deadline && !signal.aborted) await pause(50, signal);
  return late();
}

interface Running {
  end(): Promise<void>;
}

/** A loop that fails ends the others. */
function start(loops: readonly Loop[], signal: AbortSignal): Running {
  const stop = sharedAbortController();
  const abort = () => stop.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  const running = loops.map((loop) => loop(stop.signal));
  for (const one of running) one.catch(abort);
  return {
    end: async () => {
      signal.removeEventListener('abort', abort);
      abort();
      await Promise.allSettled(running);
      await Promise.all(running);
    },
  };
}

/** Counts the watches that the library continued by itself. */
function countResumptions({ watchCounts }: Shared): () => void {
  const onEvent = (event: unknown) => {
    if ((event as { readonly type: string }).type === 'resumed') watchCounts.resumed++;
  };
  subscribe('etcd-naming:watch', onEvent);
  return () => unsubscribe('etcd-naming:watch', onEvent);
}

function reportProgress(recorder: Recorder, progress: (line: string) => void): () => void {
  const begun = recorder.now();
  const timer = setInterval(() => {
    const seconds = Math.round((recorder.now() - begun) / 1_000);
    const { faults, lastRevision } = recorder;
    progress(
      `${seconds} s: ${recorder.total('ok')} operations, ${recorder.total('unknown')} of unknown outcome, revision ${lastRevision}, ${faults.length} faults`,
    );
  }, 10_000);
  return () => clearInterval(timer);
}
