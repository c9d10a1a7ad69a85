import { above, describeReport, judgeEnd, judgeReport } from '../client/judge.js';
import { type ClientEnd, ClientProcess } from '../client/process.js';
import type { Rate } from '../rate.js';
import { frameFaults } from './faults/index.js';
import { HonestEtcd } from './honest-etcd.js';
import { findKnownAbort } from './known-aborts.js';
import { FrameProxy } from './proxy.js';

/** Without faults, a client makes about 150 calls a second, on one connection and the resolver's attempts. */
const limits = {
  rssMiB: 512,
  heapMiB: 200,
  delayMs: 5_000,
  requestsPerSecond: 1_000,
  connectionsPerSecond: 30,
};
/** The time with faults of one client process; it recovers, and another follows. */
const roundSeconds = 30;
/** A message of a wrong length makes a watch stream silent, which is noticed after 130 s at most. */
const recoverMs = 150_000;
/** A process may start slowly on a busy machine; its time with faults begins with its first call. */
const startMs = 60_000;
/** One round in so many has the faults that abort some versions of Node. */
const abortingRounds = 3;

/** A server with its proxy, and one client after another, until one fails. */
export class ClientSeries {
  readonly failures: string[] = [];
  /** Figures of each client. */
  readonly reports: string[] = [];
  /** The issues of the known defects that ended clients. */
  readonly aborts: string[] = [];
  /** Clients that recovered after the faults. */
  recoveries = 0;
  readonly #etcd: HonestEtcd;
  readonly #proxy: FrameProxy;
  readonly #seed: number;
  readonly #step: number;

  private constructor(etcd: HonestEtcd, proxy: FrameProxy, seed: number, step: number) {
    this.#etcd = etcd;
    this.#proxy = proxy;
    this.#seed = seed;
    this.#step = step;
  }

  /** @param step The difference between the seeds of a client and of the next. */
  static async start(seed: number, step: number): Promise<ClientSeries> {
    let proxy: FrameProxy | undefined;
    const etcd = await HonestEtcd.start(() => proxy?.endpoint ?? '');
    proxy = await FrameProxy.start(etcd.endpoint);
    return new ClientSeries(etcd, proxy, seed, step);
  }

  get calls(): Rate {
    return this.#etcd.calls;
  }

  get connections(): Rate {
    return this.#proxy.connections;
  }

  get injected(): ReadonlyMap<string, number> {
    return this.#proxy.injected;
  }

  get faults(): number {
    return [...this.#proxy.injected.values()].reduce((sum, count) => sum + count, 0);
  }

  get forwarded(): number {
    return this.#proxy.forwarded;
  }

  async run(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    try {
      for (let seed = this.#seed; performance.now() < end && this.failures.length === 0; seed += this.#step)
        await this.#round(seed, Math.min(roundSeconds * 1_000, end - performance.now()));
    } finally {
      await this.#proxy.close();
      await this.#etcd.close();
    }
    this.failures.push(
      ...above('request loop, requests in a second', this.calls.mostPerSecond, limits.requestsPerSecond),
      ...above('connections in a second', this.connections.mostPerSecond, limits.connectionsPerSecond),
    );
  }

  async #round(seed: number, ms: number): Promise<void> {
    const withAborts = seed % abortingRounds === 0;
    const faults = frameFaults.filter(({ mayAbort }) => withAborts || !mayAbort);
    this.#proxy.startFaults(seed, faults);
    const client = new ClientProcess(this.#proxy.endpoint, seed, recoverMs);
    try {
      await client.run(startMs, this.calls.next());
      await client.run(ms);
      this.#proxy.stopFaults();
      this.#judge(seed, await client.recover());
    } finally {
      client.kill();
    }
  }

  #judge(seed: number, end: ClientEnd): void {
    const abort = findKnownAbort(end.end, end.stderr);
    if (abort) {
      this.aborts.push(abort.issue);
      return;
    }
    const failures = [...judgeEnd(end), ...(end.report ? judgeReport(end.report, limits) : [])];
    if (end.report) this.reports.push(`seed ${seed}: ${describeReport(end.report).join('; ')}`);
    if (failures.length === 0) this.recoveries++;
    else
      this.failures.push(
        ...failures.map((text) => `seed ${seed}: ${text}`),
        `seed ${seed}: ${this.#proxy.describe()}`,
      );
  }
}
