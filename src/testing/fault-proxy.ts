import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { duration, oneOf, optionsChecker, text, wholeNumber } from '../model/index.js';
import { bothWays, JoinedLink, type Link, SilentLink } from './fault-link.js';
import type { Direction, Flow } from './fault-pipe.js';
import { reset } from './reset.js';

/** What {@link startFaultProxy} takes. */
export interface FaultProxyOptions {
  /** `host:port` of the server behind the proxy. It need not run yet; a client is reset while it does not. */
  target: string;
  /** Port to listen on. Default: a free one. */
  port?: number;
}

/** A network that misbehaves on command, between a client and one server. Faults hold until `heal()`. */
export interface FaultProxy extends AsyncDisposable {
  /** `host:port` for clients to dial. */
  readonly endpoint: string;
  /** Clients connected at this moment. */
  readonly connections: number;
  /** Clients accepted, ever; those that `refuse()` reset count too. */
  readonly accepted: number;
  /** Resets (RST) all connections now. New ones are served. */
  cut(): void;
  /** Resets all connections, and each new one as soon as it is accepted, as a port nobody listens on. */
  refuse(): void;
  /**
   * Swallows all bytes in both directions, and accepts new connections without a word: a dead link, or a member
   * behind a firewall that drops. Neither side learns that the other hangs up. A connection that lost bytes stays
   * silent after `heal()`, as one whose route was forgotten; whoever still uses it must give it up by itself.
   * With a direction it swallows only what goes that way: `blackhole('down')` is a link on which requests arrive and
   * no answer does. The other way goes on, also for new connections.
   */
  blackhole(direction?: Direction): void;
  /** Accepts new connections and never answers on them, not even after `heal()`; existing ones go on. */
  acceptSilently(): void;
  /** Keeps all bytes back in both directions, losing none; `heal()` lets them go. Reading stops at 4 MiB. */
  stall(): void;
  /** Delays bytes that arrive from now on, in milliseconds, in both directions or per direction; order is kept. */
  delay(ms: number | Readonly<Record<Direction, number>>): void;
  /**
   * Lets exactly `bytes` more pass in a direction, counted over all connections, then resets the connection on
   * which the last one passed; once. With 0 the next byte resets and does not pass.
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

/** Starts a TCP proxy on 127.0.0.1 that passes everything on until told otherwise. */
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
    this.#setFlow(
      direction === undefined ? bothWays('swallow') : { ...bothWays('pass'), [direction]: 'swallow' },
    );
  }

  acceptSilently(): void {
    this.#onAccept = 'ignore';
  }

  stall(): void {
    this.#setFlow(bothWays('hold'));
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
    else this.#track(this.#onAccept === 'ignore' ? new SilentLink(client) : this.#join(client));
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
