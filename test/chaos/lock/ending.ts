import type { Etcdctl } from '../etcdctl.js';
import { type FaultContext, pause } from '../faults/fault.js';
import { nowMs } from '../naming/clock.js';
import type { ObservationFact } from './history.js';
import { isInQueue } from './log-keys.js';
import type { Recorder } from './recorder.js';
import { leaderOf } from './server-faults.js';
import type { Worker } from './worker.js';
import { systemOfKey } from './workers.js';

const drainTimeoutMs = 45_000;
const observerTimeoutMs = 15_000;
/** A lease, an election and the time that etcd takes to delete the keys of an expired lease. */
const expiryTimeoutMs = 12_000;

interface EndingOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** After the last fault: lets every request end, and records who does not end, what observers show and what is left. */
export class Ending {
  readonly #context: FaultContext;
  readonly #workers: readonly Worker[];
  readonly #recorder: Recorder;
  readonly #etcdctl: Etcdctl;
  readonly #options: EndingOptions;

  constructor(
    context: FaultContext,
    workers: readonly Worker[],
    recorder: Recorder,
    etcdctl: Etcdctl,
    options: EndingOptions,
  ) {
    this.#context = context;
    this.#workers = workers;
    this.#recorder = recorder;
    this.#etcdctl = etcdctl;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { progress } = this.#options;
    progress('healed; waiting until leaders settle, every request has ended, and leases have expired');
    this.#send('settle');
    await pause(this.#recorder.limits.ttlMs, this.#options.signal);
    await this.#recordObservers();
    this.#send('drain');
    await this.#drain();
    await this.#recordObservers();
    await this.#recordLeftovers();
    await this.#catchUp();
    this.#options.signal.throwIfAborted();
  }

  #send(command: 'settle' | 'drain'): void {
    for (const worker of this.#workers) worker.send(command);
  }

  async #drain(): Promise<void> {
    const isBusy = ({ isDrained, config }: Worker) => !isDrained && config.role !== 'observer';
    await this.#poll(drainTimeoutMs, async () => !this.#workers.some(isBusy));
    for (const { config, incarnation } of this.#workers.filter(isBusy))
      this.#recorder.add({ kind: 'undrained', system: config.system, incarnation, at: nowMs() });
  }

  /** Waits until each observer shows the true leader, and records what it shows. */
  async #recordObservers(): Promise<void> {
    const observers = this.#workers.filter(({ config }) => config.role === 'observer');
    for (const { incarnation: observer, config } of observers) {
      for (const name of config.names) {
        const shown = () => textOf(this.#recorder.viewOf(observer, name));
        let leader: string | undefined;
        await this.#poll(observerTimeoutMs, async () => {
          leader = await this.#leaderOf(name);
          return shown() === leader;
        });
        this.#recorder.add({ kind: 'final-leader', observer, name, shown: shown(), leader });
      }
    }
  }

  async #leaderOf(name: string): Promise<string | undefined> {
    const { kvs } = await this.#all();
    const queue = kvs.filter(({ key }) => isInQueue('ours', name, key));
    const [leader] = queue.sort((a, b) => (a.createRevision < b.createRevision ? -1 : 1));
    return leader && `${leader.key} at ${leader.modRevision}`;
  }

  /**
   * The processes still run, so what they keep alive by mistake remains. A lease does not show who granted it: the other
   * systems' processes are ended first, and leases that remain longer than their TTL are ours.
   */
  async #recordLeftovers(): Promise<void> {
    const isKeyLeft = async () => (await this.#keys()).length > 0;
    await this.#poll(
      expiryTimeoutMs,
      async () => !(await isKeyLeft()) && (await this.#leases()).length === 0,
    );
    for (const [system, id] of await this.#keys())
      this.#recorder.add({ kind: 'leftover', system, what: 'key', id });
    const others = this.#workers.filter(({ config }) => config.system !== 'ours');
    await Promise.all(others.map((worker) => worker.kill()));
    await this.#poll(expiryTimeoutMs, async () => (await this.#leases()).length === 0);
    for (const lease of await this.#leases())
      this.#recorder.add({ kind: 'leftover', system: 'ours', what: 'lease', id: lease.toString(16) });
  }

  async #keys(): Promise<(readonly [system: 'ours' | 'go' | 'etcd3', key: string])[]> {
    const { kvs } = await this.#all();
    return kvs.flatMap(({ key }) => {
      const system = systemOfKey(key);
      return system ? [[system, key] as const] : [];
    });
  }

  async #leases(): Promise<bigint[]> {
    return this.#etcdctl.leases((await leaderOf(this.#context.cluster)).endpoint);
  }

  async #all() {
    return this.#etcdctl.all((await leaderOf(this.#context.cluster)).endpoint);
  }

  /** Until the truth is complete. */
  async #catchUp(): Promise<void> {
    const { revision } = await this.#all();
    const { recorders } = this.#context;
    const isComplete = async () => recorders.every(({ last }) => last >= revision);
    await this.#poll(observerTimeoutMs, isComplete);
    if (!(await isComplete())) throw new Error('the recorders of the truth did not catch up');
  }

  async #poll(ms: number, isDone: () => Promise<boolean>): Promise<void> {
    for (const until = nowMs() + ms; nowMs() < until && !this.#options.signal.aborted; ) {
      if (await isDone().catch(() => false)) return; // etcdctl fails on a busy machine
      await pause(200, this.#options.signal);
    }
  }
}

function textOf(view: ObservationFact | undefined): string | undefined {
  const saw = view?.saw;
  if (saw === undefined || saw === 'none' || saw === 'beginning') return undefined;
  return 'error' in saw ? saw.error : `${saw.key} at ${saw.modRevision}`;
}
