import type { Clock } from '#src/async/index.js';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import { type EtcdError, errorFromServer } from '#src/errors/index.js';
import { WatchClient } from '#src/watch/index.js';
import type {
  Duplex,
  DuplexHandlers,
  KvCalls,
  Member,
  WatchCalls,
  WatchRequest,
  WatchResponse,
} from '#src/wire/index.js';
import { watchResponse } from './builders.js';

/** The server's side of a watch stream: the received requests, and methods that send responses. */
export class FakeStream implements Duplex<WatchRequest> {
  readonly requests: WatchRequest[] = [];
  endedBy: 'cancelled' | 'abandoned' | 'lost' | undefined;
  readonly #handlers: DuplexHandlers<WatchResponse>;

  constructor(handlers: DuplexHandlers<WatchResponse>) {
    this.#handlers = handlers;
  }

  /** The creates so far: [watch id, start revision]. */
  get creates(): (readonly [id: bigint, start: bigint])[] {
    return this.requests.flatMap(({ requestUnion: union }) =>
      union?.$case === 'createRequest' ? [[union.value.watchId, union.value.startRevision] as const] : [],
    );
  }

  get cancels(): bigint[] {
    return this.requests.flatMap(({ requestUnion: union }) =>
      union?.$case === 'cancelRequest' ? [union.value.watchId] : [],
    );
  }

  /** The stream finds its member with the first request. */
  send(request: WatchRequest): void {
    if (this.requests.length === 0) this.#handlers.opened?.({ endpoint: 'fake:2379' } as Member);
    this.requests.push(request);
  }

  cancel(): void {
    this.endedBy ??= 'cancelled';
  }

  cancelUnresponsive(): void {
    this.endedBy ??= 'abandoned';
  }

  lose(error: EtcdError = errorFromServer(14, 'Connection dropped')): void {
    this.endedBy = 'lost';
    this.#handlers.end(error);
  }

  respond(watchId: bigint, fields: Partial<WatchResponse>, headerRevision = 0n): void {
    this.#handlers.message(watchResponse(headerRevision, { watchId, ...fields }));
  }

  /** Acknowledges the last create. */
  created(headerRevision = 0n): bigint {
    const [id] = this.creates.at(-1)!;
    this.respond(id, { created: true }, headerRevision);
    return id;
  }

  /** Sends one response with a put of `value` at each of the revisions: of the watched key, or of keys in the range. */
  puts(watchId: bigint, revisions: readonly bigint[], value = Buffer.from('v')): void {
    const keyOf = this.#keysOf(watchId);
    const events = revisions.map((modRevision, i) => ({
      type: 'put' as const,
      kv: { key: keyOf(i), value, createRevision: 1n, modRevision, version: 1n, lease: 0n },
    }));
    this.respond(watchId, { events });
  }

  #keysOf(watchId: bigint): (i: number) => Buffer {
    for (const { requestUnion: union } of this.requests) {
      if (union?.$case !== 'createRequest' || union.value.watchId !== watchId) continue;
      const { key, rangeEnd } = union.value;
      return rangeEnd.length === 0 ? () => key : (i) => Buffer.concat([key, Buffer.from(`${i}`)]);
    }
    throw new Error(`no watch has the id ${watchId}`);
  }
}

/** A watch client whose server is the test. It records the streams; the store's revision is `revision`. */
export class FakeWatch {
  readonly streams: FakeStream[] = [];
  readonly timers = new Set<{ readonly delayMs: number; readonly callback: () => void }>();
  revision = 10n;
  /** The errors with which reads of the revision and token requests fail, if set. */
  readFails: unknown;
  tokenFails: unknown;
  /** The number of references that keep the process alive. */
  processRefs = 0;
  readonly client: WatchClient;
  readonly #onReplaced: ((error: EtcdError) => void)[] = [];

  constructor(diagnostics = new ClientDiagnostics({ name: 'fake' })) {
    const watch: WatchCalls = {
      tokenGeneration: 0,
      onToken: () => {},
      onStoreReplaced: (listener) => this.#onReplaced.push(listener),
      refreshToken: () =>
        this.tokenFails === undefined ? Promise.resolve() : Promise.reject(this.tokenFails),
      versionOf: () => Promise.resolve(undefined),
      keepProcessAlive: () => {
        this.processRefs++;
        return () => {
          this.processRefs--;
        };
      },
      watch: (_options, handlers) => {
        const stream = new FakeStream(handlers);
        this.streams.push(stream);
        return {
          send: (request) => stream.send(request),
          cancel: () => stream.cancel(),
          cancelUnresponsive: () => stream.cancelUnresponsive(),
        };
      },
    };
    const kv = {
      range: () =>
        this.readFails === undefined
          ? Promise.resolve({ header: { revision: this.revision } })
          : Promise.reject(this.readFails),
    } as unknown as Pick<KvCalls, 'range'>;
    const clock: Clock = {
      now: () => 0,
      setTimer: (delayMs, callback) => {
        const timer = { delayMs, callback };
        this.timers.add(timer);
        return () => this.timers.delete(timer);
      },
    };
    this.client = new WatchClient({
      watch,
      kv,
      clock,
      random: () => 0.5,
      maxRevisionBytes: 2 ** 20,
      onStatus: () => {},
      diagnostics,
    });
  }

  /** Reports that the store was replaced. */
  replaced(error: EtcdError): void {
    for (const listener of this.#onReplaced) listener(error);
  }

  get last(): FakeStream {
    return this.streams.at(-1)!;
  }

  /** Fires all timers. */
  fire(): void {
    for (const timer of [...this.timers]) {
      this.timers.delete(timer);
      timer.callback();
    }
  }
}

/** Waits until promises that depend only on this process have settled. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
