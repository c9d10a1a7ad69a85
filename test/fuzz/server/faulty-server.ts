import type { Http2Session } from 'node:http2';
import { PutRequest } from '#src/gen/etcd/rpc.js';
import { Random } from '../../sim/random.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';
import { Rate } from '../rate.js';
import { type AnswerContext, type AnswerFault, callFaults, goodSettings } from './call-faults.js';
import { FakeEtcd } from './fake-etcd.js';
import { watchFaults } from './watch-faults.js';

/** How often a call, or a message of a stream, is changed. */
const callFaultRate = 0.4;
const messageFaultRate = 0.06;
/** Another client writes at this interval, so that watchers receive events. */
const writeMs = 15;

/** A fake etcd that injects faults. The seed alone determines the fault of the nth call of a method. */
export class FaultyServer {
  /** Number of injected faults, by method and fault. */
  readonly injected = new Map<string, number>();
  readonly calls = new Map<string, number>();
  readonly rate = new Rate();
  /** The most calls open at the same time. */
  mostOpen = 0;
  readonly #open = new Set<ScriptedCall>();
  readonly #seed: number;
  #injecting = true;
  readonly #sessions = new Set<Http2Session>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #lastMessages = new Map<string, Buffer>();
  readonly #etcd: FakeEtcd;
  #server: ScriptedServer | undefined;
  #writing: NodeJS.Timeout | undefined;

  private constructor(seed: number) {
    this.#seed = seed;
    this.#etcd = new FakeEtcd(() => this.endpoint);
    this.#etcd.store.fill('many/', 500);
  }

  static async start(seed: number): Promise<FaultyServer> {
    const server = new FaultyServer(seed);
    server.#server = await startScriptedServer((call) => server.#serve(call));
    server.#writing = setInterval(() => server.#write(), writeMs);
    return server;
  }

  get endpoint(): string {
    return this.#server?.endpoint ?? '';
  }

  /** Ends all faults: delayed actions are cancelled, and HTTP/2 settings are restored. */
  stopFaults(): void {
    this.#injecting = false;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const session of this.#sessions)
      if (!session.destroyed && !session.closed) session.settings(goodSettings);
  }

  /** The state of the connections, for debugging. */
  describe(): string {
    return [...this.#sessions]
      .filter(({ destroyed }) => !destroyed)
      .map(
        ({ closed, localSettings: { maxConcurrentStreams, initialWindowSize }, pendingSettingsAck, state }) =>
          JSON.stringify({ closed, maxConcurrentStreams, initialWindowSize, pendingSettingsAck, ...state }),
      )
      .join(' ');
  }

  /** Closes every connection. */
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
    this.rate.add();
    this.#trackSession(call.stream.session);
    const random = new Random(hash(`${this.#seed} ${call.method} ${count}`));
    const isStream = call.method === 'Watch' || call.method === 'LeaseKeepAlive';
    const faults = call.method === 'Watch' ? watchFaults : callFaults;
    let ended = false;
    const release = this.#etcd.serve(call, {
      message: (message) => {
        const other = random.pick([...this.#lastMessages.values(), message]);
        this.#lastMessages.set(call.method, message);
        const proceed = (bytes: Buffer) => {
          if (bytes.length > 0 || message.length === 0) call.send(bytes);
          if (!isStream) call.end();
        };
        if (!this.#injecting || ended || !random.chance(isStream ? messageFaultRate : callFaultRate)) {
          if (!ended) call.send(message);
          return;
        }
        const fault = random.weighted(faults.map((one) => [one.weight, one] as const));
        ended = !isStream;
        this.#inject(call.method, fault, {
          call,
          message,
          random,
          other,
          proceed,
          inject: (bytes) => inject(call, bytes),
          after: (ms, action) => this.#after(ms, action),
        });
      },
      end: () => {
        if (!ended) call.end();
      },
    });
    this.#open.add(call);
    this.mostOpen = Math.max(this.mostOpen, this.#open.size);
    call.stream.on('close', () => {
      this.#open.delete(call);
      release();
    });
  }

  #trackSession(session: Http2Session | undefined): void {
    if (!session || this.#sessions.has(session)) return;
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  #inject(method: string, fault: AnswerFault, context: AnswerContext): void {
    const name = `${method}: ${fault.name}`;
    this.injected.set(name, (this.injected.get(name) ?? 0) + 1);
    try {
      fault.apply(context);
    } catch (error) {
      // The stream may be closed already; any other error is a bug of the fuzzer.
      if (!context.call.stream.destroyed && !context.call.stream.session?.destroyed) throw error;
    }
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      try {
        action();
      } catch {
        // the stream or its session is closed
      }
    }, ms);
    this.#timers.add(timer);
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
