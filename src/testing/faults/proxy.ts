import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { duration, oneOf, optionsChecker, text, wholeNumber } from '../../model/index.js';
import { bothWays, JoinedLink, type Link, UnansweredLink } from './link.js';
import type { Direction, Flow } from './pipe.js';
import { reset } from './reset.js';

/** The options of {@link startFaultProxy}. */
export interface FaultProxyOptions {
  /** `host:port` of the server behind the proxy. While it does not run, clients are reset. */
  target: string;
  /** The port to listen on. Default: a free one. */
  port?: number;
}

/** A TCP proxy between clients and one server that injects faults. A fault stays active until `heal()`. */
export interface FaultProxy extends AsyncDisposable {
  /** The address for clients as `host:port`. */
  readonly endpoint: string;
  /** The number of connected clients. */
  readonly connections: number;
  /** The number of clients accepted so far, including those that `refuse()` reset. */
  readonly accepted: number;
  /** Resets (RST) all connections. New connections are served. */
  cut(): void;
  /** Resets all connections, and each new one immediately after accepting it, like a port without a listener. */
  refuse(): void;
  /**
   * Drops all bytes in both directions, and accepts new connections without an answer, like a dead link or a firewall that
   * drops packets. Neither side learns that the other closes the connection. A connection that lost bytes stays silent
   * after `heal()`, as after a lost route; its users must time out. With a direction, only bytes in that direction are
   * dropped: with `blackhole('down')` requests arrive and answers do not. The other direction works, for new connections
   * too.
   */
  blackhole(direction?: Direction): void;
  /** Accepts new connections and never answers on them, not even after `heal()`; existing connections continue. */
  acceptSilently(): void;
  /**
   * Buffers all bytes in both directions without loss; `heal()` forwards them. Stops reading a direction of a connection
   * at 4 MiB.
   */
  stall(): void;
  /** Delays bytes that arrive from now on, in milliseconds, for both directions or per direction. Keeps the order. */
  delay(ms: number | Readonly<Record<Direction, number>>): void;
  /**
   * Lets exactly `bytes` more bytes pass in a direction, counted over all connections, and then resets the connection of
   * the last one, once. With 0 the next byte resets its connection and does not pass.
   */
  cutAfterBytes(bytes: number, direction: Direction): void;
  /** Ends every fault. */
  heal(): void;
  /** Resets all connections and stops listening. Idempotent. */
  close(): Promise<void>;
}

const checkProxy = optionsChecker<FaultProxyOptions>(
  { target: text, port: wholeNumber({ max: 65_535 }) },
  { required: "give { target: '127.0.0.1:2379' }" },
);

const delayMs = duration();
const checkDelays = optionsChecker<Record<Direction, number>>(
  { up: delayMs, down: delayMs },
  { label: 'the delay' },
);
const noDelay = { up: 0, down: 0 };
const checkBytes = wholeNumber();
const checkDirection = oneOf('up', 'down');

/** Starts a TCP proxy on 127.0.0.1 that forwards everything until a fault is injected. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  checkProxy(options);
  const target = new URL(`tcp://${options.target}`);
  if (target.port === '') throw new TypeError(`target must be host:port, not '${options.target}'`);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const host = target.hostname.replace(/^\[|\]$/g, '');
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return new TcpFaultProxy(server, { host, port: Number(target.port) });
}

class TcpFaultProxy implements FaultProxy {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #links = new Set<Link>();
  #onAccept: 'join' | 'reset' | 'ignore' = 'join';
  #flow: Readonly<Record<Direction, Flow>> = bothWays('pass');
  #delayMs: Readonly<Record<Direction, number>> = noDelay;
  #bytesLeft: Partial<Record<Direction, number>> = {};
  #accepted = 0;

  constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    this.endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.#accept(client));
  }

  get connections(): number {
    return this.#links.size;
  }

  get accepted(): number {
    return this.#accepted;
  }

  cut(): void {
    for (const link of this.#links) link.cut();
  }

  refuse(): void {
    this.#onAccept = 'reset';
    this.cut();
  }

  blackhole(direction?: Direction): void {
    if (direction !== undefined) checkDirection(direction, 'direction');
    this.#onAccept = direction === undefined ? 'ignore' : 'join';
    this.#setFlow(direction === undefined ? bothWays('drop') : { ...bothWays('pass'), [direction]: 'drop' });
  }

  acceptSilently(): void {
    this.#onAccept = 'ignore';
  }

  stall(): void {
    this.#setFlow(bothWays('buffer'));
  }

  delay(ms: number | Readonly<Record<Direction, number>>): void {
    if (typeof ms === 'number') delayMs(ms, 'the delay');
    else checkDelays(ms);
    this.#delayMs = typeof ms === 'number' ? { up: ms, down: ms } : { ...noDelay, ...ms };
  }

  cutAfterBytes(bytes: number, direction: Direction): void {
    checkBytes(bytes, 'bytes');
    checkDirection(direction, 'direction');
    this.#bytesLeft[direction] = bytes;
  }

  heal(): void {
    this.#onAccept = 'join';
    this.#delayMs = noDelay;
    this.#bytesLeft = {};
    this.#setFlow(bothWays('pass'));
  }

  async close(): Promise<void> {
    this.#onAccept = 'reset';
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    this.cut();
    await Promise.all([closed, ...[...this.#links].map((link) => link.closed)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #setFlow(flow: Readonly<Record<Direction, Flow>>): void {
    this.#flow = flow;
    for (const link of this.#links) link.setFlow(flow);
  }

  #accept(client: Socket): void {
    this.#accepted++;
    if (this.#onAccept === 'reset') reset(client);
    else this.#track(this.#onAccept === 'ignore' ? new UnansweredLink(client) : this.#join(client));
  }

  #join(client: Socket): Link {
    const rules = {
      delayMs: (direction: Direction) => this.#delayMs[direction],
      take: (direction: Direction, bytes: number) => this.#take(direction, bytes),
    };
    return new JoinedLink(client, this.#target, rules, this.#flow);
  }

  #track(link: Link): void {
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
  }

  #take(direction: Direction, bytes: number): number | undefined {
    const left = this.#bytesLeft[direction];
    if (left === undefined) return undefined;
    const isLast = bytes >= left;
    this.#bytesLeft = { ...this.#bytesLeft, [direction]: isLast ? undefined : left - bytes };
    return isLast ? left : undefined;
  }
}
