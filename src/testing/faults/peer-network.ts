import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { socketOwner } from '../process/socket-owner.js';
import { bothWays, JoinedLink, type Link, UnansweredLink } from './link.js';
import { reset } from './reset.js';

/** A member of the network. */
export interface Peer {
  readonly name: string;
  /** Its processes: a script may have started it. */
  pids(): Promise<readonly number[]>;
}

interface Connection {
  readonly link: Link;
  /** The names of the members at its two ends. */
  readonly ends: readonly [from: string, to: string];
  /** Whether the connection was accepted during a cut between its members: it never gets an answer. */
  readonly isBlocked: boolean;
}

const rules = { delayMs: () => 0, take: () => undefined };

/**
 * The network between the members of one cluster: a proxy in front of each member's peer port, which the other members
 * dial. Members dial each other in both directions, and all from loopback, so the process that made a connection
 * identifies its member.
 */
export class PeerNetwork {
  readonly #proxies = new Map<string, Server>();
  readonly #connections = new Set<Connection>();
  readonly #isolated = new Set<string>();
  readonly #peers: () => readonly Peer[];

  constructor(peers: () => readonly Peer[]) {
    this.#peers = peers;
  }

  /** Starts the proxy of a member with a peer port on this machine. Returns the proxy's port. */
  async addPeer(name: string, targetPort: number): Promise<number> {
    const proxy = createServer({ allowHalfOpen: true, noDelay: true });
    this.#proxies.set(name, proxy);
    proxy.on('connection', (socket) => void this.#accept(socket, name, targetPort));
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    proxy.unref();
    return (proxy.address() as AddressInfo).port;
  }

  /**
   * Cuts a member from all others in both directions. Data in transit is buffered, because TCP resends what a dead link
   * lost; new connections get no answer.
   */
  isolate(name: string): void {
    this.#isolated.add(name);
    for (const { link, ends } of this.#connections) if (ends.includes(name)) link.setFlow(bothWays('buffer'));
  }

  /** Ends every isolation. */
  heal(): void {
    this.#isolated.clear();
    for (const { link, isBlocked } of this.#connections) {
      if (isBlocked) link.cut();
      else link.setFlow(bothWays('pass'));
    }
  }

  async close(): Promise<void> {
    const closed = [...this.#proxies.values()]
      .filter(({ listening }) => listening)
      .map((proxy) => once(proxy, 'close'));
    for (const proxy of this.#proxies.values()) proxy.close();
    for (const { link } of this.#connections) link.cut();
    await Promise.all(closed);
  }

  async #accept(socket: Socket, to: string, targetPort: number): Promise<void> {
    socket.on('error', () => {});
    socket.unref();
    const from = await this.#callerOf(socket, to);
    if (from === undefined) {
      reset(socket);
      return;
    }
    const ends = [from, to] as const;
    const isBlocked = ends.some((name) => this.#isolated.has(name));
    const link = isBlocked
      ? new UnansweredLink(socket)
      : new JoinedLink(socket, { host: '127.0.0.1', port: targetPort }, rules, bothWays('pass'));
    link.unref();
    const connection = { link, ends, isBlocked };
    this.#connections.add(connection);
    void link.closed.then(() => this.#connections.delete(connection));
  }

  #processesOfOthers(than: string): Promise<{ readonly name: string; readonly pids: readonly number[] }[]> {
    const others = this.#peers().filter(({ name }) => name !== than);
    return Promise.all(others.map(async (peer) => ({ name: peer.name, pids: await peer.pids() })));
  }

  async #callerOf(socket: Socket, to: string): Promise<string | undefined> {
    const { remotePort, localPort } = socket;
    if (remotePort === undefined || localPort === undefined) return undefined;
    const names = new Map<number, string>();
    for (const { name, pids } of await this.#processesOfOthers(to))
      for (const pid of pids) names.set(pid, name);
    const owner = await socketOwner(remotePort, localPort, [...names.keys()]);
    return owner === undefined ? undefined : names.get(owner);
  }
}
