import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Random } from '../../sim/random.js';
import { Rate } from '../rate.js';
import { HostileConnection } from './connection.js';
import type { FrameFault } from './faults/index.js';
import { describeFrame, type Frame } from './frame.js';

const faultRate = 0.02;
const greetingRate = 0.12;

interface Round {
  readonly seed: number;
  readonly faults: readonly FrameFault[];
  readonly rate: number;
}

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
  readonly #frames = new LastLines(60);
  readonly #faults = new LastLines(60);
  #round: Round | undefined;
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

  /** @param rate How often a frame of the server is a place of a fault. */
  startFaults(seed: number, faults: readonly FrameFault[], rate = faultRate): void {
    this.#round = { seed, faults, rate };
    this.#count = 0;
  }

  /** Everything that was withheld is sent, and the server's settings are restored. */
  stopFaults(): void {
    this.#round = undefined;
    for (const connection of this.#open) connection.restore();
  }

  /** The last faults, and the last frames that the client received. */
  describe(): string {
    return `the last faults:\n${this.#faults.text}\nthe last frames, with ! those of faults:\n${this.#frames.text}`;
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
    if (!random.chance(peer.isNew ? greetingRate : round.rate)) return 'forward';
    const chosen = choose(round.faults, frame, peer, random);
    if (!chosen) return 'forward';
    this.injected.set(chosen.name, (this.injected.get(chosen.name) ?? 0) + 1);
    const line = `connection ${place.split(' ')[0]}: FAULT ${chosen.name}, at ${describeFrame(frame)}`;
    this.#frames.add(line);
    this.#faults.add(line);
    return chosen.apply({ frame, peer, random });
  }

  #record(connection: number, sent: Frame | Buffer, origin: 'server' | 'fault'): void {
    if (origin === 'server') this.forwarded++;
    const text = Buffer.isBuffer(sent)
      ? `bytes ${sent.subarray(0, 40).toString('hex')}`
      : describeFrame(sent);
    this.#frames.add(`connection ${connection}: ${origin === 'fault' ? '! ' : ''}${text}`);
  }
}

/** The last lines of a log, each with its time. */
class LastLines {
  readonly #limit: number;
  readonly #started = performance.now();
  #lines: string[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(line: string): void {
    this.#lines.push(`${Math.round(performance.now() - this.#started)} ms ${line}`);
    if (this.#lines.length > 2 * this.#limit) this.#lines = this.#lines.slice(-this.#limit);
  }

  get text(): string {
    return this.#lines.slice(-this.#limit).join('\n');
  }
}

function choose(
  faults: readonly FrameFault[],
  { streamId }: Frame,
  { isNew }: HostileConnection,
  random: Random,
): FrameFault | undefined {
  const possible = faults.filter(({ on }) =>
    isNew ? on === 'greeting' : on === 'any' || (on === 'stream' && streamId !== 0),
  );
  if (possible.length === 0) return undefined;
  return random.weighted(possible.map((one) => [one.weight, one] as const));
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 2_166_136_261;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 16_777_619);
  return value >>> 0;
}
