import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Random } from '../../sim/random.js';
import { Rate } from '../rate.js';
import { HostileConnection } from './connection.js';
import { type FrameFault, frameFaults } from './faults/index.js';
import { describeFrame, type Frame } from './frame.js';

/** How often a frame of the server is a place of a fault, and how often the first of a connection is. */
const faultRate = 0.02;
const greetingRate = 0.12;
const logLength = 60;

/**
 * Accepts the client's connections, and passes frames between it and the server, with faults. The seed alone
 * determines the fault at the nth frame of the nth connection.
 */
export class FrameProxy {
  /** Number of faults, by name. */
  readonly injected = new Map<string, number>();
  readonly connections = new Rate();
  /** Frames that the client received from the server. */
  forwarded = 0;
  readonly #upstream: string;
  readonly #listener: Server;
  readonly #open = new Set<HostileConnection>();
  readonly #log: string[] = [];
  readonly #started = performance.now();
  #round: { readonly seed: number; readonly faults: readonly FrameFault[] } | undefined;
  #count = 0;

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  static async start(upstream: string): Promise<FrameProxy> {
    const proxy = new FrameProxy(upstream);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** @param mayAbort Whether faults that abort some versions of Node take part. */
  startFaults(seed: number, mayAbort: boolean): void {
    this.#round = { seed, faults: frameFaults.filter((one) => mayAbort || !one.mayAbort) };
    this.#count = 0;
  }

  /** Everything that was withheld is sent, and the server's settings are restored. */
  stopFaults(): void {
    this.#round = undefined;
    for (const connection of this.#open) connection.restore();
  }

  /** The last frames that the client received, and the faults. */
  get log(): readonly string[] {
    return this.#log;
  }

  async close(): Promise<void> {
    for (const connection of this.#open) connection.destroy();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket): void {
    this.connections.add();
    const number = ++this.#count;
    const [host = '', port] = this.#upstream.split(':');
    const server = connect(Number(port), host);
    let frames = 0;
    const connection: HostileConnection = new HostileConnection(client, server, {
      onServerFrame: (frame) => this.#decide(frame, connection, `${number} ${++frames}`),
      onSent: (sent, origin) => this.#record(number, sent, origin),
    });
    this.#open.add(connection);
    client.once('close', () => this.#open.delete(connection));
  }

  #decide(frame: Frame, peer: HostileConnection, place: string): 'forward' | 'drop' {
    const round = this.#round;
    if (!round) return 'forward';
    const random = new Random(hash(`${round.seed} ${place}`));
    const chosen = choose(round.faults, frame, peer, random);
    if (!chosen) return 'forward';
    this.injected.set(chosen.name, (this.injected.get(chosen.name) ?? 0) + 1);
    this.#note(`connection ${place.split(' ')[0]}: FAULT ${chosen.name}, at ${describeFrame(frame)}`);
    return chosen.apply({ frame, peer, random });
  }

  #record(connection: number, sent: Frame | Buffer, origin: 'server' | 'fault'): void {
    if (origin === 'server') this.forwarded++;
    const text = Buffer.isBuffer(sent)
      ? `bytes ${sent.subarray(0, 40).toString('hex')}`
      : describeFrame(sent);
    this.#note(`connection ${connection}: ${origin === 'fault' ? '! ' : ''}${text}`);
  }

  #note(line: string): void {
    this.#log.push(`${Math.round(performance.now() - this.#started)} ms ${line}`);
    if (this.#log.length > logLength) this.#log.shift();
  }
}

function choose(
  faults: readonly FrameFault[],
  { streamId }: Frame,
  { isNew }: HostileConnection,
  random: Random,
): FrameFault | undefined {
  if (!random.chance(isNew ? greetingRate : faultRate)) return undefined;
  const possible = faults.filter(({ on }) =>
    isNew ? on === 'greeting' : on === 'any' || (on === 'stream' && streamId !== 0),
  );
  return random.weighted(possible.map((one) => [one.weight, one] as const));
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 2_166_136_261;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 16_777_619);
  return value >>> 0;
}
