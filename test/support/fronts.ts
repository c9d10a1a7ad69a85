import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** TCP forwarders to one server, on one port of several loopback addresses: the addresses of one DNS name. */
export class Fronts implements AsyncDisposable {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly #target: { host: string; port: number };
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Map<string, Set<Socket>>();
  /** The connections accepted so far, by host. */
  readonly accepted = new Map<string, number>();

  private constructor(hosts: readonly string[], port: number, target: string) {
    const { hostname, port: targetPort } = new URL(`tcp://${target}`);
    this.hosts = hosts;
    this.port = port;
    this.#target = { host: hostname, port: Number(targetPort) };
  }

  /** @param target `host:port`. */
  static async start(target: string, hosts: readonly string[]): Promise<Fronts> {
    for (let attempt = 0; ; attempt++) {
      const probe = createServer().listen(0, hosts[0]);
      await once(probe, 'listening');
      const { port } = probe.address() as AddressInfo;
      await new Promise((resolve) => probe.close(resolve));
      const fronts = new Fronts(hosts, port, target);
      try {
        for (const host of hosts) await fronts.open(host);
        return fronts;
      } catch (error) {
        await fronts.close();
        if (attempt === 10) throw error; // the port was in use at one of the hosts
      }
    }
  }

  async open(host: string): Promise<void> {
    const sockets = new Set<Socket>();
    this.#sockets.set(host, sockets);
    const server = createServer((client) => {
      this.accepted.set(host, 1 + (this.accepted.get(host) ?? 0));
      const upstream = connect(this.#target);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.on('error', () => {}); // 'close' follows
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    server.listen(this.port, host);
    await once(server, 'listening');
    this.#servers.set(host, server);
  }

  /** Ends the connections of a host, and refuses others until it is opened. */
  async shut(host: string): Promise<void> {
    const server = this.#servers.get(host);
    this.#servers.delete(host);
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets.get(host) ?? []) socket.destroy();
    await closed;
  }

  /** The hosts with a connection. */
  connected(): string[] {
    return this.hosts.filter((host) => (this.#sockets.get(host)?.size ?? 0) > 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => this.shut(host)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
