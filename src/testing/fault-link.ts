import { connect, type Socket } from 'node:net';
import { type Direction, FaultPipe, type Flow } from './fault-pipe.js';
import { reset } from './reset.js';

/** What the proxy decides for all its connections. */
export interface LinkRules {
  delayMs(direction: Direction): number;
  take(direction: Direction, bytes: number): number | undefined;
}

/** A connection through the proxy. */
export interface Link {
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>;
  setFlow(flow: Readonly<Record<Direction, Flow>>): void;
  /** Resets both sides at once; what is still under way is lost. */
  cut(): void;
  /** Lets the process end although the connection is open. */
  unref(): void;
}

export function bothWays(flow: Flow): Readonly<Record<Direction, Flow>> {
  return { up: flow, down: flow };
}

/** A connection joined to the server. */
export class JoinedLink implements Link {
  readonly closed: Promise<void>;
  readonly #sockets: readonly [client: Socket, server: Socket];
  readonly #pipes: readonly FaultPipe[];
  /** What has lost bytes stays silent for ever: what followed would be garbage to the receiver. */
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
      // 'close' follows and says that there was one.
      socket.on('error', () => {});
    }
    this.closed = Promise.all(this.#sockets.map(gone)).then(() => {});
    this.#pipes = [
      new FaultPipe(client, server, this.#rulesOf('up', rules)),
      new FaultPipe(server, client, this.#rulesOf('down', rules)),
    ];
  }

  setFlow(flow: Readonly<Record<Direction, Flow>>): void {
    this.#flow = flow;
    for (const pipe of this.#pipes) pipe.drain();
    const isHalfGone = this.#sockets.some((socket) => socket.destroyed);
    if (isHalfGone && [...this.#silenced].some((direction) => flow[direction] === 'pass')) this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  unref(): void {
    for (const socket of this.#sockets) socket.unref();
  }

  #rulesOf(direction: Direction, rules: LinkRules) {
    return {
      flow: () => (this.#silenced.has(direction) ? 'swallow' : this.#flow[direction]),
      delayMs: () => rules.delayMs(direction),
      take: (bytes: number) => rules.take(direction, bytes),
      lost: () => this.#silence(),
      lostEnd: () => this.#lostEnd(direction),
      cut: () => this.cut(),
    } as const;
  }

  /** As long as the network is dark the other side must not learn of it. In the light nothing is left to wait for. */
  #lostEnd(direction: Direction): void {
    this.#silence();
    if (this.#flow[direction] === 'pass') this.cut();
  }

  /** Every way that is dark at this moment: a link that was dark both ways never speaks again in either. */
  #silence(): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#flow[direction] === 'swallow') this.#silenced.add(direction);
    }
  }
}

/** A connection that was accepted while the network was dark: nobody reads it for its meaning, nobody answers. */
export class SilentLink implements Link {
  readonly closed: Promise<void>;
  readonly #client: Socket;

  constructor(client: Socket) {
    this.#client = client;
    client.on('error', () => {});
    client.on('end', () => client.end());
    client.resume();
    this.closed = gone(client);
  }

  setFlow(): void {}

  cut(): void {
    reset(this.#client);
  }

  unref(): void {
    this.#client.unref();
  }
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
