import type { Random } from '../../sim/random.js';
import { pause } from '../faults/fault.js';
import { nowMs } from '../naming/clock.js';
import type { Resources } from '../resources.js';
import { Child } from './child.js';
import type { CallerConfig, Command, Report, ServerConfig, WorkersConfig } from './messages.js';
import type { Settings } from './settings.js';
import type { Tally } from './tally.js';

/** How long a process may take to start and register on a busy machine. */
const startMs = 60_000;
const drainMs = 60_000;

interface Server {
  readonly child: Child;
  readonly addr: string;
}

interface View {
  readonly addrs: readonly string[];
  readonly unconfirmed: number;
}

/** The processes of the run: servers, workers and callers. */
export class Fleet {
  readonly #endpoints: readonly string[];
  readonly #settings: Settings;
  readonly #tally: Tally;
  readonly #resources: Resources;
  readonly #servers: Server[] = [];
  readonly #views = new Map<string, View>();
  #workers: Server | undefined;

  constructor(endpoints: readonly string[], settings: Settings, tally: Tally, resources: Resources) {
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#tally = tally;
    this.#resources = resources;
  }

  async start(): Promise<void> {
    const { ttlSeconds, policy, seed } = this.#settings;
    const endpoints = this.#endpoints;
    const workers: WorkersConfig = { endpoints, ttlSeconds, workers: 4 };
    const [shared, ...servers] = await Promise.all([
      this.#open('workers', workers),
      ...Array.from({ length: 6 }, (_, i) => this.#open('server', this.#serverConfig(i))),
    ]);
    this.#workers = shared;
    this.#servers.push(...servers);
    const parts: CallerConfig[] = (['steady', 'idle', 'idle', 'fresh'] as const).map((kind, i) => ({
      endpoints,
      name: `${kind}${i}-`,
      kind,
      policy,
      protectionMs: ttlSeconds * 1_000,
      seed: seed + i,
    }));
    await Promise.all(parts.map((config) => this.#child('caller', config).next('ready', startMs)));
  }

  /** Replaces all servers one by one. `surge`: the new server registers before the old one drains. */
  async rollServers(surge: boolean): Promise<void> {
    for (const [i, { child }] of this.#servers.entries()) {
      const next = surge ? await this.#open('server', this.#serverConfig(i)) : undefined;
      await child.terminate(drainMs);
      this.#servers[i] = next ?? (await this.#open('server', this.#serverConfig(i)));
    }
  }

  async command(command: Command): Promise<void> {
    const child = this.#workers?.child;
    const done = child?.next(command === 'roll' ? 'rolled' : 'restarted', 5 * drainMs);
    child?.send(command);
    await done;
  }

  /** Kills a server, and starts its replacement after `downMs`. */
  async killServer(random: Random, downMs: number, signal: AbortSignal): Promise<void> {
    const killed = random.pick(this.#servers);
    const i = this.#servers.indexOf(killed);
    this.#tally.kills.push({ addr: killed.addr, at: nowMs() });
    await killed.child.kill();
    await pause(downMs, signal);
    this.#servers[i] = await this.#open('server', this.#serverConfig(i));
  }

  /** How a steady caller's view differs from the live servers; undefined if none does. */
  viewMismatch(): string | undefined {
    const live = new Set(
      [...this.#servers, ...(this.#workers ? [this.#workers] : [])].map(({ addr }) => addr),
    );
    for (const [caller, { addrs, unconfirmed }] of this.#views) {
      const missing = [...live].filter((addr) => !addrs.includes(addr)).length;
      const surplus = addrs.filter((addr) => !live.has(addr)).length;
      if (missing + surplus + unconfirmed > 0)
        return `${caller} misses ${missing} servers, has ${surplus} stopped ones, and ${unconfirmed} unconfirmed records`;
    }
    return this.#views.size === 0 ? 'no caller has a view' : undefined;
  }

  #serverConfig(i: number): ServerConfig {
    return { endpoints: this.#endpoints, ttlSeconds: this.#settings.ttlSeconds, reportsWeight: i === 0 };
  }

  async #open(program: 'server' | 'workers', config: ServerConfig | WorkersConfig): Promise<Server> {
    const child = this.#child(program, config);
    const { addr } = await child.next('registered', startMs);
    return { child, addr };
  }

  #child(program: 'server' | 'workers' | 'caller', config: object): Child {
    const child = new Child(program, config, (report) => this.#onReport(report));
    this.#resources.defer(() => child.kill());
    return child;
  }

  #onReport(report: Report): void {
    if (report.type === 'view') this.#views.set(report.caller, report);
    this.#tally.record(report);
  }
}
