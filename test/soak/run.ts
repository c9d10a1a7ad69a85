import { EtcdClient } from '#src/index.js';
import { type EtcdClusterHandle, startEtcdCluster, startFaultProxy } from '#src/testing/index.js';
import { type FaultContext, type Link, pause } from '../chaos/faults/fault.js';
import { Journal } from '../chaos/journal.js';
import type { Resources } from '../chaos/resources.js';
import { Random } from '../sim/random.js';
import { Child } from './child.js';
import { type EtcdFigures, readEtcd } from './etcd-figures.js';
import { healAll, soakFaults } from './faults.js';
import type { WorkerConfig, WorkerSample } from './messages.js';
import { type FaultMark, SoakNemesis } from './nemesis.js';
import { leftInEtcd, type RestingState, unreturned } from './returns.js';
import type { SampleLog } from './samples.js';
import type { Settings } from './settings.js';

/**
 * Without the optimizing compiler and with all bytecode kept, functions are compiled once. Otherwise V8 compiles, discards
 * and repeats for hours, and keeps tables of it in the heap, so that the heap grows by some MB an hour without a leak.
 */
const workerFlags = ['--expose-gc', '--enable-source-maps', '--no-opt', '--no-flush-bytecode'];

const sampleMs = 10_000;
/** On a busy machine, members that start at the same time need a minute. */
const startMs = 180_000;
/** A fault may stop the worker, and etcd may be down when the load stops. */
const stopMs = 180_000;
/** Expiring leases and idle connections end within this time. */
const returnMs = 120_000;
const stableMs = 6_000;
const exitMs = 30_000;
const maxUnexpected = 50;

/** Cluster, servers, worker and nemesis of one run. */
export class Run {
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #log: SampleLog;
  readonly #cluster: EtcdClusterHandle;
  readonly #client: EtcdClient;
  readonly #worker: Child;
  readonly #nemesis: SoakNemesis;
  readonly faultMarks: FaultMark[] = [];
  /** What must not happen: errors, and what did not return. */
  readonly problems: string[] = [];
  last: WorkerSample | undefined;
  #began = 0;
  #missedSamples = 0;

  private constructor(
    settings: Settings,
    log: SampleLog,
    signal: AbortSignal,
    parts: { cluster: EtcdClusterHandle; client: EtcdClient; worker: Child; links: readonly Link[] },
  ) {
    this.#settings = settings;
    this.#log = log;
    this.#signal = signal;
    this.#cluster = parts.cluster;
    this.#client = parts.client;
    this.#worker = parts.worker;
    const context: FaultContext = {
      cluster: parts.cluster,
      links: parts.links,
      recorders: [],
      journal: new Journal(),
    };
    this.#nemesis = new SoakNemesis(soakFaults(parts), context, new Random(settings.seed), () =>
      healAll(parts, parts.links),
    );
    parts.worker.onReport((report) => {
      if (report.type === 'unexpected') this.#addProblem(report.text);
    });
  }

  static async start(
    settings: Settings,
    version: string | undefined,
    log: SampleLog,
    resources: Resources,
    signal: AbortSignal,
  ): Promise<Run> {
    const options = { partitions: true, startTimeoutMs: startMs, signal };
    const cluster = await startEtcdCluster(version === undefined ? options : { ...options, version });
    resources.use(cluster);
    const client = new EtcdClient({ endpoints: cluster.endpoints, name: 'run' });
    resources.use(client);
    const links = await openLinks(cluster, resources);
    const servers = new Child('./server-main.js', {});
    resources.defer(() => servers.kill());
    const { addrs } = await servers.next('servers', startMs);
    const config: WorkerConfig = {
      endpoints: links.map(({ proxy }) => proxy.endpoint),
      servers: addrs,
      callsPerSecond: settings.callsPerSecond,
      eventsPerSecond: settings.eventsPerSecond,
      leak: settings.leak,
      seed: settings.seed,
    };
    const worker = new Child('./worker/main.js', config, workerFlags);
    resources.defer(() => worker.kill());
    await worker.next('ready', startMs);
    return new Run(settings, log, signal, { cluster, client, worker, links });
  }

  get version(): string {
    return this.#cluster.version;
  }

  get faults(): SoakNemesis['counts'] {
    return this.#nemesis.counts;
  }

  get faultFailures(): readonly string[] {
    return this.#nemesis.failures;
  }

  get elapsedHours(): number {
    return (performance.now() - this.#began) / 3_600_000;
  }

  /** The load with its faults, and then the end of everything. */
  async complete(onMinute: () => void): Promise<void> {
    const before = await this.#restingState();
    this.#began = performance.now();
    await this.#worker.request({ type: 'start-load' }, 'load-started', startMs);
    const timer = setInterval(onMinute, 60_000);
    try {
      await this.#injectFaults();
    } finally {
      clearInterval(timer);
    }
    if (this.#signal.aborted) return;
    onMinute();
    await this.#worker.request({ type: 'stop-load' }, 'load-stopped', stopMs);
    await this.#checkReturn(before);
    await this.#checkEnd();
  }

  /** Samples every 10 s; a fault begins after the first sample of each period. */
  async #injectFaults(): Promise<void> {
    const { hours, faultSeconds } = this.#settings;
    const samples = Math.max(2, Math.floor((faultSeconds * 1_000) / sampleMs));
    let next = this.#began;
    while (this.elapsedHours < hours && !this.#signal.aborted) {
      await this.#sample();
      const fault = this.#injectOne();
      for (let i = 1; i < samples; i++) {
        next += sampleMs;
        await pause(next - performance.now(), this.#signal);
        if (!this.#signal.aborted) await this.#sample();
      }
      await fault;
      next = Math.max(next + sampleMs, performance.now());
      await pause(next - performance.now(), this.#signal);
    }
  }

  async #injectOne(): Promise<void> {
    const atHours = this.elapsedHours;
    const name = await this.#nemesis.injectNext(this.#signal);
    this.faultMarks.push({ name, atHours });
    this.#log.addFault({ name, atHours });
  }

  /** A stopped worker does not answer in time: that sample is left out. */
  async #sample(): Promise<void> {
    const [sample, etcd] = await Promise.all([
      this.#worker.request({ type: 'sample' }, 'sample', sampleMs).catch(() => undefined),
      readEtcd(this.#cluster, this.#client),
    ]);
    if (!sample) {
      if (++this.#missedSamples > 10) throw new Error('the worker does not answer');
      return;
    }
    this.#missedSamples = 0;
    this.last = sample.sample;
    this.#log.add({ atHours: this.elapsedHours, ...sample.sample, etcd });
  }

  /** Before the load: waits until nothing has changed for 6 s, because the first renewals of leases open a stream. */
  async #restingState(): Promise<RestingState> {
    let [before, since] = [await this.#state(), performance.now()];
    const until = since + startMs;
    while (performance.now() - since < stableMs && performance.now() < until && !this.#signal.aborted) {
      await pause(1_000, this.#signal);
      const now = await this.#state();
      const isSame = unreturned(before, now).length === 0 && unreturned(now, before).length === 0;
      if (!isSame) [before, since] = [now, performance.now()];
    }
    return before;
  }

  async #checkReturn(before: RestingState): Promise<void> {
    const until = performance.now() + returnMs;
    for (;;) {
      const left = unreturned(before, await this.#state());
      if (left.length === 0 || this.#signal.aborted) return;
      if (performance.now() > until) {
        for (const what of left) this.#addProblem(`did not return: ${what}`);
        return;
      }
      await pause(1_000, this.#signal);
    }
  }

  /** Closes the worker's resources; it must end without a signal, and leave nothing in etcd. */
  async #checkEnd(): Promise<void> {
    if (this.#signal.aborted) return;
    this.#worker.send({ type: 'close' });
    const timeout = new AbortController();
    const code = await Promise.race([
      this.#worker.exited,
      pause(exitMs, timeout.signal).then(() => 'timeout'),
    ]);
    timeout.abort();
    if (code === 'timeout')
      this.#addProblem(`the worker did not end within ${exitMs / 1_000} s after it closed everything`);
    else if (code !== 0) this.#addProblem(`the worker ended with code ${code}`);
    for (const what of await this.#leftInEtcd()) this.#addProblem(`left after the worker: ${what}`);
  }

  async #leftInEtcd(): Promise<string[]> {
    const until = performance.now() + returnMs;
    for (;;) {
      const left = leftInEtcd(await this.#etcd());
      if (left.length === 0 || performance.now() > until || this.#signal.aborted) return left;
      await pause(500, this.#signal);
    }
  }

  async #state(): Promise<RestingState> {
    const { sample } = await this.#worker.request({ type: 'sample' }, 'sample', startMs);
    this.last = sample;
    return { ...sample, etcd: await this.#etcd() };
  }

  #etcd(): Promise<EtcdFigures | undefined> {
    return readEtcd(this.#cluster, this.#client);
  }

  #addProblem(text: string): void {
    if (this.problems.length < maxUnexpected) this.problems.push(text);
  }
}

async function openLinks(cluster: EtcdClusterHandle, resources: Resources): Promise<Link[]> {
  return Promise.all(
    cluster.members.map(async ({ name: server, endpoint }) => {
      const proxy = await startFaultProxy({ target: endpoint });
      resources.use(proxy);
      return { clients: ['worker'], server, proxy };
    }),
  );
}
