import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { Etcdctl } from '../etcdctl.js';
import { type Fault, type FaultContext, pause } from '../faults/fault.js';
import { linkFaults } from '../faults/link-faults.js';
import { serverFaults } from '../faults/server-faults.js';
import type { Resources } from '../resources.js';
import { TruthLog, TruthRecorder } from '../truth-recorder.js';
import { BackgroundWrites } from './background-writes.js';
import { nowMs } from './clock.js';
import { CurrentStore, unmetProperties } from './convergence.js';
import type { ConvergenceProperty, Limits } from './history.js';
import { HistoryRecorder } from './history-recorder.js';
import type { SavedStoreHistory } from './saved-history.js';
import { serviceFaults } from './service-faults.js';
import { recordTerms } from './terms.js';
import type { Worker } from './worker.js';
import { workerFaults } from './worker-faults.js';
import { openWorkers } from './workers.js';

export const limits: Limits = {
  ttlMs: 3_000,
  protectionMs: 3_000,
  electionMs: 1_000,
  expiryMs: 500,
  closeMs: 5_000,
  convergenceMs: 20_000,
  slackMs: 1_500,
};

/** How long convergence may take before the run continues without it. */
const maxConvergenceMs = 60_000;
/** How much longer a run may last until every fault has had an effect. */
const extensionMs = 120_000;
/** How long the new store is watched after the wipe. */
const afterWipeMs = 5_000;

export interface InjectedFault {
  readonly fault: string;
  readonly effective: boolean;
  /** From the fault's end to convergence; undefined if the run stopped waiting. */
  readonly convergedMs: number | undefined;
}

/** Injects one fault at a time and waits for convergence after each; finally wipes the store. */
export class Run {
  readonly #cluster: EtcdClusterHandle;
  readonly #etcdctl: Etcdctl;
  readonly #resources: Resources;
  readonly #history: HistoryRecorder;
  readonly #store: CurrentStore;
  readonly #workers: readonly Worker[];
  readonly #background: BackgroundWrites;
  readonly #signal: AbortSignal;
  #context: FaultContext;
  readonly faults: readonly Fault[];
  readonly injected: InjectedFault[] = [];

  private constructor(
    cluster: EtcdClusterHandle,
    etcdctl: Etcdctl,
    resources: Resources,
    signal: AbortSignal,
    workers: { readonly recorder: HistoryRecorder; readonly workers: readonly Worker[] },
  ) {
    this.#cluster = cluster;
    this.#etcdctl = etcdctl;
    this.#resources = resources;
    this.#signal = signal;
    this.#history = workers.recorder;
    this.#store = new CurrentStore(workers.recorder);
    this.#workers = workers.workers;
    this.#background = new BackgroundWrites(cluster, resources);
    this.#context = this.#recordTruth();
    const links = linkFaults.filter(({ name }) => name !== 'stall-process'); // acts on this process, which is not a worker here
    this.faults = [
      ...serverFaults,
      ...links,
      ...workerFaults(this.#workers, this.#store, etcdctl, this.#history),
      ...serviceFaults(this.#workers, this.#store, this.#background, this.#history),
    ];
    recordTerms(cluster, this.#history, resources);
  }

  static async start(cluster: EtcdClusterHandle, resources: Resources, signal: AbortSignal): Promise<Run> {
    if (cluster.etcdctl === undefined) throw new Error('no etcdctl found; the truth is recorded with it');
    const recorder = new HistoryRecorder(limits);
    const workers = await openWorkers(cluster, limits, recorder, resources);
    return new Run(cluster, new Etcdctl(cluster.etcdctl), resources, signal, { recorder, workers });
  }

  get views(): number {
    return this.#history.views;
  }

  /** For `seconds`, and until every fault has had an effect. */
  async injectFaults(seconds: number, random: Random, progress: (line: string) => void): Promise<void> {
    if ((await this.#converge('the start')) === undefined)
      throw new Error('the system did not converge at the start');
    this.#background.resume();
    const until = performance.now() + seconds * 1_000;
    const notYetEffective = new Set(this.faults);
    const isOn = () =>
      performance.now() < until + (notYetEffective.size > 0 ? extensionMs : 0) && !this.#signal.aborted;
    let bag: Fault[] = [];
    while (isOn()) {
      if (performance.now() >= until) bag = bag.filter((fault) => notYetEffective.has(fault));
      if (bag.length === 0)
        bag = shuffled(performance.now() < until ? this.faults : [...notYetEffective], random);
      const fault = bag.pop() as Fault;
      const result = await this.#inject(fault, random);
      this.injected.push(result);
      if (result.effective) notYetEffective.delete(fault);
      if (this.injected.length % 20 === 0) progress(`${this.injected.length} faults, ${this.views} views`);
      await pause(random.between(200, 1_500), this.#signal);
    }
  }

  /** Wipes the data of all members. Registrars must register again, and viewers must be notified. */
  async wipe(): Promise<void> {
    if (this.#signal.aborted) return;
    this.#background.pause();
    const lastRevision = await this.#etcdctl.revision((await this.#cluster.leader()).endpoint);
    await Promise.all(this.#context.recorders.map((recorder) => recorder.close()));
    const viewers = this.#workers.filter(({ role, running }) => role === 'viewer' && running);
    this.#history.beginStore(
      lastRevision,
      viewers.map(({ incarnation }) => incarnation),
    );
    await this.#cluster.wipe();
    this.#context = this.#recordTruth();
    await this.#converge('wipe');
    this.#background.resume();
    await pause(afterWipeMs, this.#signal);
    await this.#converge('all');
  }

  end(): SavedStoreHistory[] {
    return this.#history.end();
  }

  /** Starts recorders for the current store. */
  #recordTruth(): FaultContext {
    const { journal } = this.#history;
    const log = new TruthLog(journal);
    const recorders = this.#cluster.members.map((member) => new TruthRecorder(this.#etcdctl, member, log));
    for (const recorder of recorders) this.#resources.defer(() => recorder.close());
    const links = this.#workers.flatMap((worker) => worker.links);
    return { cluster: this.#cluster, links, recorders, journal };
  }

  async #inject(fault: Fault, random: Random): Promise<InjectedFault> {
    const from = nowMs();
    const active = await fault.begin(this.#context, random);
    await pause(random.between(...fault.durationMs), this.#signal);
    const { tookEffect, recoveryMs = 0 } = await active.end();
    const { target, clients } = active;
    const to = nowMs() + recoveryMs;
    this.#history.add({ kind: 'fault', name: fault.name, target, clients, from, to, effective: tookEffect });
    const convergedMs = await this.#converge(fault.name);
    this.#background.resume();
    return { fault: fault.name, effective: tookEffect, convergedMs };
  }

  /** Waits for convergence and records when each property held. Background writes are paused until `resume()`. */
  async #converge(after: string): Promise<number | undefined> {
    this.#background.pause();
    const durationsMs = await this.#measureConvergence(nowMs());
    if (!this.#signal.aborted) this.#history.add({ kind: 'converged', after, durationsMs });
    const times = Object.values(durationsMs);
    return times.some((ms) => ms === undefined) ? undefined : Math.max(...(times as number[]));
  }

  /** Measures when each property held permanently, until all hold at the same time. */
  async #measureConvergence(began: number): Promise<Record<ConvergenceProperty, number | undefined>> {
    const durationsMs: Record<ConvergenceProperty, number | undefined> = { R1: 0, R2: 0, N4: 0, N5: 0 };
    let unmet = unmetProperties(this.#workers, this.#store);
    while (unmet.size > 0 && nowMs() - began < maxConvergenceMs && !this.#signal.aborted) {
      await pause(10, this.#signal);
      unmet = unmetProperties(this.#workers, this.#store);
      for (const name of unmet) durationsMs[name] = nowMs() - began;
    }
    for (const name of unmet) durationsMs[name] = undefined;
    return durationsMs;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return out;
}
