import type { Http2Session } from 'node:http2';
import { PutRequest } from '#src/gen/etcd/rpc.js';
import { Random } from '../../sim/random.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';
import { callLies, goodSettings, type Lie, type Scene } from './call-lies.js';
import { SmallEtcd } from './small-etcd.js';
import { watchLies } from './watch-lies.js';

/** How often it lies: to a call, and to one message of a stream. */
const toCalls = 0.4;
const toMessages = 0.06;
/** Somebody else writes that often, so that there is always something to watch. */
const writeMs = 15;

/** An etcd in little that lies, by a seed: what it does to the nth call of a method, or to a message of it, is fixed. */
export class LyingServer {
  /** By method and lie. */
  readonly told = new Map<string, number>();
  readonly calls = new Map<string, number>();
  /** The most calls within any one second. */
  mostPerSecond = 0;
  /** The most calls that were open at once. */
  mostOpen = 0;
  readonly #open = new Set<ScriptedCall>();
  readonly #seed: number;
  #lying = true;
  readonly #sessions = new Set<Http2Session>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #seen = new Map<string, Buffer>();
  readonly #etcd: SmallEtcd;
  #server: ScriptedServer | undefined;
  #recent: number[] = [];
  #writing: NodeJS.Timeout | undefined;

  private constructor(seed: number) {
    this.#seed = seed;
    this.#etcd = new SmallEtcd(() => this.endpoint);
    this.#etcd.store.fill('many/', 500);
  }

  static async start(seed: number): Promise<LyingServer> {
    const server = new LyingServer(seed);
    server.#server = await startScriptedServer((call) => server.#serve(call));
    server.#writing = setInterval(() => server.#write(), writeMs);
    return server;
  }

  get endpoint(): string {
    return this.#server?.endpoint ?? '';
  }

  /** From now on everything must become well: what a lie had yet to do is not done, what it set is set back. */
  becomeHonest(): void {
    this.#lying = false;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const session of this.#sessions)
      if (!session.destroyed && !session.closed) session.settings(goodSettings);
  }

  /** What the connections look like, for whoever wonders why nothing comes. */
  describe(): string {
    return [...this.#sessions]
      .filter(({ destroyed }) => !destroyed)
      .map(
        ({ closed, localSettings: { maxConcurrentStreams, initialWindowSize }, pendingSettingsAck, state }) =>
          JSON.stringify({ closed, maxConcurrentStreams, initialWindowSize, pendingSettingsAck, ...state }),
      )
      .join(' ');
  }

  /** Drops every connection, and with them what it has said. */
  async close(): Promise<void> {
    clearInterval(this.#writing);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#etcd.close();
    await this.#server?.close();
  }

  #write(): void {
    const { store } = this.#etcd;
    const key = Buffer.from(`k/${store.revision % 10n}`);
    store.put(PutRequest.fromPartial({ key, value: Buffer.from(`${store.revision}`) }));
  }

  #serve(call: ScriptedCall): void {
    const count = (this.calls.get(call.method) ?? 0) + 1;
    this.calls.set(call.method, count);
    this.#rate();
    this.#know(call.stream.session);
    const random = new Random(hash(`${this.#seed} ${call.method} ${count}`));
    const isStream = call.method === 'Watch' || call.method === 'LeaseKeepAlive';
    const lies = call.method === 'Watch' ? watchLies : callLies;
    let over = false;
    const leave = this.#etcd.serve(call, {
      message: (message) => {
        const other = random.pick([...this.#seen.values(), message]);
        this.#seen.set(call.method, message);
        const goOn = (bytes: Buffer) => {
          if (bytes.length > 0 || message.length === 0) call.send(bytes);
          if (!isStream) call.end();
        };
        if (!this.#lying || over || !random.chance(isStream ? toMessages : toCalls)) {
          if (!over) call.send(message);
          return;
        }
        const lie = random.weighted(lies.map((one) => [one.weight, one] as const));
        over = !isStream;
        this.#tell(call.method, lie, {
          call,
          message,
          random,
          other,
          goOn,
          inject: (bytes) => inject(call, bytes),
          after: (ms, action) => this.#after(ms, action),
        });
      },
      end: () => {
        if (!over) call.end();
      },
    });
    this.#open.add(call);
    this.mostOpen = Math.max(this.mostOpen, this.#open.size);
    call.stream.on('close', () => {
      this.#open.delete(call);
      leave();
    });
  }

  #know(session: Http2Session | undefined): void {
    if (!session || this.#sessions.has(session)) return;
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  #tell(method: string, lie: Lie, scene: Scene): void {
    const name = `${method}: ${lie.name}`;
    this.told.set(name, (this.told.get(name) ?? 0) + 1);
    try {
      lie.tell(scene);
    } catch (error) {
      // A stream may be gone already; anything else is a fault of the campaign.
      if (!scene.call.stream.destroyed && !scene.call.stream.session?.destroyed) throw error;
    }
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      try {
        action();
      } catch {
        // the stream or its session is gone
      }
    }, ms);
    this.#timers.add(timer);
  }

  #rate(): void {
    const now = performance.now();
    this.#recent.push(now);
    while ((this.#recent[0] ?? now) < now - 1_000) this.#recent.shift();
    this.mostPerSecond = Math.max(this.mostPerSecond, this.#recent.length);
  }
}

function inject({ socket }: ScriptedCall, bytes: Buffer): void {
  if (socket && !socket.destroyed) socket.write(bytes);
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 16_777_619);
  return value >>> 0;
}
