import { type EtcdClient, EtcdError } from '#src/index.js';
import { until } from '#src/testing/wait.js';
import { readStore } from '../check/read-truth.js';
import { checkWrites } from '../check/writes.js';
import type { Environment } from '../environment.js';
import type { EventResult } from '../events/event.js';
import { Holdings, ttlSeconds } from './holdings.js';
import { Traffic } from './traffic.js';
import { WatchLog } from './watch-log.js';

/** The longest time from the end of an event until calls and watches work. */
const maxRecoveryMs = 8_000;
/** An event that takes longer with its recovery, on a busy machine, may cost a lease, a lock and a registration. */
const maxEventMs = ttlSeconds * 1_000 - 4_000;
const probeTimeoutMs = 1_000;
/** Of leases, watches and probes. */
const maxOtherRequests = 200;
const maxConnections = 100;
const phaseWrites = 20;
const phaseTimeoutMs = 60_000;

/** What an event may use and look at. */
export interface Load {
  readonly environment: Environment;
  readonly client: EtcdClient;
  readonly traffic: Traffic;
  /** How often a watch stream of the client was lost. */
  streamsLost(): number;
}

export interface LoadOptions {
  /** What happens. Returns what was wrong in the meantime; the recovery is measured from its end. */
  inject(load: Load): Promise<readonly string[]>;
  /** Whether the traffic pauses while it happens. */
  readonly isQuiet?: boolean;
  /** Why the event had no effect; undefined if it had one. */
  missed(load: Load): Promise<string | undefined> | string | undefined;
}

/** Runs an event while a client works through the front ends, and compares what it saw with etcd's history. */
export async function underLoad(
  environment: Environment,
  etcdctl: string,
  options: LoadOptions,
): Promise<EventResult> {
  const run = await Run.start(environment);
  const times = await run.disturb(options);
  await run.finish(etcdctl);
  const missed = await options.missed(run);
  const { problems, violations, traffic } = run;
  const ambiguous = traffic.writes.filter(({ outcome }) => outcome === 'ambiguous').length;
  const totalMs = times.eventMs + times.recoveryMs;
  const slow = totalMs > maxEventMs ? `the event and the recovery took ${Math.round(totalMs)} ms` : undefined;
  return {
    problems,
    violations,
    missed: slow ?? missed,
    recoveryMs: times.recoveryMs,
    errors: [...traffic.errors],
    writes: traffic.writes.length,
    ambiguous,
  };
}

/** A client with traffic, watches, a lease, a lock and a registration, and a client that is quiet. */
class Run implements Load {
  readonly environment: Environment;
  readonly client: EtcdClient;
  readonly quiet: EtcdClient;
  readonly traffic: Traffic;
  readonly problems: string[] = [];
  readonly violations: string[] = [];
  readonly #watches: WatchLog[] = [];
  #canary: WatchLog | undefined;
  #holdings: Holdings | undefined;
  #streamsLost = 0;

  private constructor(environment: Environment) {
    this.environment = environment;
    this.client = environment.connect();
    this.quiet = environment.connect();
    this.traffic = new Traffic(this.client, 'traffic/');
    void this.#countLostStreams().catch(() => {}); // ends with the client
  }

  static async start(environment: Environment): Promise<Run> {
    const run = new Run(environment);
    await run.quiet.kv.get('quiet');
    run.#canary = await WatchLog.start(run.quiet, 'canary/');
    run.#watches.push(await WatchLog.start(run.client, 'traffic/'), run.#canary);
    run.#holdings = await Holdings.start(run.client);
    run.traffic.start();
    await run.#phase();
    return run;
  }

  streamsLost(): number {
    return this.#streamsLost;
  }

  /** Injects the event and waits until everything works again. */
  async disturb({ inject, isQuiet }: LoadOptions): Promise<{ eventMs: number; recoveryMs: number }> {
    if (isQuiet) this.traffic.pause();
    const startedAt = performance.now();
    this.problems.push(...(await inject(this)));
    const eventMs = performance.now() - startedAt;
    await this.#recover().catch((error: Error) => this.problems.push(`no recovery: ${error.message}`));
    return { eventMs, recoveryMs: performance.now() - startedAt - eventMs };
  }

  /** Lets the traffic run on, ends everything, and compares. */
  async finish(etcdctl: string): Promise<void> {
    this.traffic.resume();
    await this.#phase();
    await this.traffic.stop();
    await this.#checkQuietClient();
    const { truth, leases } = await readStore(etcdctl, this.environment.etcd.plain);
    await until('the watches have delivered everything', { timeoutMs: maxRecoveryMs }, () =>
      this.#watches.every((watch) => watch.isComplete(truth)),
    ).catch(() => {}); // the check says what is missing
    this.violations.push(
      ...this.traffic.problems,
      ...checkWrites(this.traffic.writes, truth),
      ...this.#watches.flatMap((watch) => watch.check(truth)),
    );
    this.problems.push(...(await this.#checkRequests()), ...(this.#holdings?.check(truth, leases) ?? []));
    for (const watch of this.#watches) await watch.close();
    await this.#holdings?.close();
  }

  /** No failure may make the client send requests, or connect, in a loop. */
  async #checkRequests(): Promise<string[]> {
    const { mode } = this.environment.placement;
    const { length } = await this.environment.logged();
    const limit = mode === 'grpc' ? 3 * this.traffic.calls + maxOtherRequests : maxConnections;
    const what = mode === 'grpc' ? 'requests' : 'connections';
    return length > limit ? [`the front end counted ${length} ${what}, more than ${limit}`] : [];
  }

  /** Waits until some writes were applied. */
  async #phase(): Promise<void> {
    const applied = () => this.traffic.writes.filter(({ outcome }) => outcome === 'applied').length;
    const target = applied() + phaseWrites;
    await until('the traffic flows', { timeoutMs: phaseTimeoutMs }, () => applied() >= target);
  }

  /** Waits until a put is answered, and the quiet client's watch delivers it. */
  async #recover(): Promise<void> {
    const limits = { timeoutMs: maxRecoveryMs };
    let attempt = 0;
    await until('the client recovers', limits, async () => {
      const value = `canary-${attempt++}`;
      if (!(await isApplied(this.client.kv.put('canary/c', value, { timeoutMs: probeTimeoutMs }))))
        return false;
      return until('the watch delivers', limits, () => this.#canary?.has('canary/c', value) ?? false);
    });
  }

  async #checkQuietClient(): Promise<void> {
    await this.quiet.kv.get('quiet').catch((error: unknown) => {
      this.problems.push(`a call of the client that made none meanwhile: ${error}`);
    });
  }

  async #countLostStreams(): Promise<void> {
    for await (const { type } of this.client.status()) if (type === 'disconnected') this.#streamsLost++;
  }
}

function isApplied(put: Promise<unknown>): Promise<boolean> {
  return put.then(
    () => true,
    (error: unknown) => {
      if (error instanceof EtcdError) return false;
      throw error;
    },
  );
}
