import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { type LossProtectionOptions, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { type EtcdHandle, type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import type { Caller } from '../../support/naming/caller.js';
import type { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { type GoChannel, GoNaming } from './go-naming.js';

/** The servers that a resolver reported, and when. */
interface ReportedServers {
  readonly at: number;
  readonly servers: string;
}

/**
 * Go's resolver and ours for one service, each behind its own fault proxy, with everything that they report to their
 * channels. Times count from `startTiming()`.
 */
export class SideBySide {
  readonly target: string;
  readonly directory: ServiceDirectory;
  readonly go: GoChannel;
  readonly ours: Caller;
  readonly #proxies: readonly FaultProxy[];
  readonly #servers = new Map<string, NamedServer>();
  readonly #ofOurs: ReportedServers[] = [];
  #startedAt = Date.now();

  private constructor(
    target: string,
    directory: ServiceDirectory,
    links: readonly FaultProxy[],
    go: GoChannel,
    ours: Caller,
  ) {
    this.target = target;
    this.directory = directory;
    this.#proxies = links;
    this.go = go;
    this.ours = ours;
  }

  static async open(
    etcd: EtcdHandle,
    opened: Opened,
    lossProtection: LossProtectionOptions = {},
  ): Promise<SideBySide> {
    const link = async () =>
      opened.add(await startFaultProxy({ target: etcd.endpoints[0]! }), (proxy) => proxy.close());
    const links = [await link(), await link()] as const;
    const target = `${etcd.prefix}beside-${process.hrtime.bigint()}`;
    const go = opened.add(await GoNaming.start([links[0].endpoint]), (program) => program.close());
    const directory = new ServiceDirectory(opened.client([links[1].endpoint]), { lossProtection });
    opened.add(registerEtcdResolver(directory), (resolver) => resolver[Symbol.dispose]());
    const uri = `etcd:///${target}`;
    const both = new SideBySide(target, directory, links, await go.dial(uri), opened.caller(uri));
    opened.add(
      directory.follow(target, { onView: (view) => both.#addView(view), onFailure: () => {} }),
      (unfollow) => unfollow(),
    );
    return both;
  }

  async servers(opened: Opened, ...names: string[]): Promise<Record<string, string>> {
    const servers = await opened.servers(...names);
    for (const server of servers) this.#servers.set(server.addr, server);
    return Object.fromEntries(servers.map(({ name, addr }) => [name, addr]));
  }

  /** Makes etcd refuse both sides. */
  disconnect(): void {
    for (const link of this.#proxies) link.refuse();
  }

  reconnect(): void {
    for (const link of this.#proxies) link.heal();
  }

  /** Times count from now on. */
  startTiming(): void {
    this.#startedAt = Date.now();
  }

  async untilBothReport(...names: string[]): Promise<void> {
    await this.untilOursReports(...names);
    await eventually(`Go resolves ${names}`, () => last(this.#ofGo()) === names.join(' '));
  }

  async untilOursReports(...names: string[]): Promise<void> {
    await eventually(`ours resolves ${names}`, () => last(this.#ofOurs) === names.join(' '), 30_000);
  }

  /** Whether Go reports exactly these servers within the time. */
  async goReports(timeoutMs: number, ...names: string[]): Promise<boolean> {
    return eventually(`Go resolves ${names}`, () => last(this.#ofGo()) === names.join(' '), timeoutMs).then(
      () => true,
      () => false,
    );
  }

  /** What each side has reported since `startTiming()`. */
  reported(): { go: string; ours: string } {
    return { go: this.#since(this.#ofGo()), ours: this.#since(this.#ofOurs) };
  }

  #addView(view: ServiceView): void {
    this.#ofOurs.push({ at: Date.now(), servers: this.#names(view.endpoints.map(({ addr }) => addr)) });
  }

  #ofGo(): ReportedServers[] {
    return this.go.events.flatMap((event) =>
      event.event === 'state' ? [{ at: event.at, servers: this.#names(event.addrs) }] : [],
    );
  }

  #names(addrs: readonly string[]): string {
    return addrs
      .map((addr) => this.#servers.get(addr)?.name ?? addr)
      .sort()
      .join(' ');
  }

  #since(all: readonly ReportedServers[]): string {
    const lines = all
      .filter(({ at }) => at >= this.#startedAt)
      .map(({ at, servers }) => `${servers || 'none'} (${at - this.#startedAt} ms)`);
    return lines.join(', then ') || 'nothing new';
  }
}

function last(shown: readonly ReportedServers[]): string | undefined {
  return shown.at(-1)?.servers;
}
