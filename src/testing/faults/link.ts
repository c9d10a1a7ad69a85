import { connect, type Socket } from 'node:net';
import { type Direction, FaultPipe, type Flow } from './pipe.js';
import { reset } from './reset.js';

/** The rules of the proxy for all connections. */
export interface LinkRules {
  delayMs(direction: Direction): number;
  take(direction: Direction, bytes: number): number | undefined;
}

/** A connection through the proxy. */
export interface Link {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  setFlow(flow: Readonly<Record<Direction, Flow>>): void;
  /** Resets both sides immediately; data in transit is lost. */
  cut(): void;
  /** Allows the process to end while the connection is open. */
  unref(): void;
}

export function bothWays(flow: Flow): Readonly<Record<Direction, Flow>> {
  return { up: flow, down: flow };
}

/** A connection that the proxy forwards to the server. */
export class JoinedLink implements Link {
  readonly closed: Promise<void>;
  readonly #sockets: readonly [client: Socket, server: Socket];
  readonly #pipes: readonly FaultPipe[];
  /** Directions that lost bytes. They stay silent forever, since the bytes that follow would be garbage to the receiver. */
  readonly #silenced = new Set<Direction>();
  #flow: Readonly<Record<Direction, Flow>>;

  constructor(
    client: Socket,
    target: { host: string; port: number },
    rules: LinkRules,
    flow: Readonly<Record<Direction, Flow>>,
  ) {
    const server = connect({ ...target, allowHalfOpen: true });
    this.#sockets = [client, server];
    this.#flow = flow;
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // 'close' follows, and reports the error.
      socket.on('error', () => {});
    }
    this.closed = Promise.all(this.#sockets.map(closeOf)).then(() => {});
    this.#pipes = [
      new FaultPipe(client, server, this.#rulesOf('up', rules)),
      new FaultPipe(server, client, this.#rulesOf('down', rules)),
    ];
  }

  setFlow(flow: Readonly<Record<Direction, Flow>>): void {
    this.#flow = flow;
    for (const pipe of this.#pipes) pipe.drain();
    const isHalfClosed = this.#sockets.some((socket) => socket.destroyed);
    if (isHalfClosed && [...this.#silenced].some((direction) => flow[direction] === 'pass')) this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  unref(): void {
    for (const socket of this.#sockets) socket.unref();
  }

  #rulesOf(direction: Direction, rules: LinkRules) {
    return {
      flow: () => (this.#silenced.has(direction) ? 'drop' : this.#flow[direction]),
      delayMs: () => rules.delayMs(direction),
      take: (bytes: number) => rules.take(direction, bytes),
      lost: () => this.#silence(),
      lostEnd: () => this.#lostEnd(direction),
      cut: () => this.cut(),
    } as const;
  }

  /** Called for a dropped end. A blackhole hides it from the other side; a link that has passed bytes again is cut. */
  #lostEnd(direction: Direction): void {
    this.#silence();
    if (this.#flow[direction] === 'pass') this.cut();
  }

  /** Silences every direction that is a blackhole now: a link that lost bytes both ways stays silent both ways. */
  #silence(): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#flow[direction] === 'drop') this.#silenced.add(direction);
    }
  }
}

/** A connection that was accepted during a blackhole: its bytes are read and dropped, and nothing answers. */
export class UnansweredLink implements Link {
  readonly closed: Promise<void>;
  readonly #client: Socket;

  constructor(client: Socket) {
    this.#client = client;
    client.on('error', () => {});
    client.on('end', () => client.end());
    client.resume();
    this.closed = closeOf(client);
  }

  setFlow(): void {}

  cut(): void {
    reset(this.#client);
  }

  unref(): void {
    this.#client.unref();
  }
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
