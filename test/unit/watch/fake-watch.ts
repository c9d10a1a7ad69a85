import type { Clock } from '#src/async/index.js';
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

/** A watch stream as a server sees it: what was asked, and words to say. */
export class FakeStream implements Duplex<WatchRequest> {
  readonly requests: WatchRequest[] = [];
  over: 'cancelled' | 'abandoned' | 'lost' | undefined;
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

  /** With the first request it has found its member. */
  send(request: WatchRequest): void {
    if (this.requests.length === 0) this.#handlers.opened?.({} as Member);
    this.requests.push(request);
  }

  cancel(): void {
    this.over ??= 'cancelled';
  }

  cancelUnresponsive(): void {
    this.over ??= 'abandoned';
  }

  lose(error: EtcdError = errorFromServer(14, 'Connection dropped')): void {
    this.over = 'lost';
    this.#handlers.end(error);
  }

  say(watchId: bigint, fields: Partial<WatchResponse>, headerRevision = 0n): void {
    this.#handlers.message({
      header: { clusterId: 1n, memberId: 1n, revision: headerRevision, raftTerm: 1n },
      watchId,
      created: false,
      canceled: false,
      compactRevision: 0n,
      cancelReason: '',
      fragment: false,
      events: [],
      ...fields,
    });
  }

  /** Acknowledges the last create. */
  created(headerRevision = 0n): bigint {
    const [id] = this.creates.at(-1)!;
    this.say(id, { created: true }, headerRevision);
    return id;
  }

  /** A put of `value` at each of the revisions, in one response: of the key watched, or of keys in the range. */
  puts(watchId: bigint, revisions: readonly bigint[], value = Buffer.from('v')): void {
    const keyOf = this.#keysOf(watchId);
    const events = revisions.map((modRevision, i) => ({
      type: 0 as const,
      kv: { key: keyOf(i), value, createRevision: 1n, modRevision, version: 1n, lease: 0n },
      prevKv: undefined,
    }));
    this.say(watchId, { events });
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

/** A watch client whose server is the test: streams are kept, "now" is whatever `revision` says. */
export class FakeWatch {
  readonly streams: FakeStream[] = [];
  readonly timers = new Set<{ readonly delayMs: number; readonly callback: () => void }>();
  revision = 10n;
  /** What reading the revision, and asking for another token, end with instead. */
  readFails: unknown;
  tokenFails: unknown;
  /** How often the process is kept alive. */
  holds = 0;
  readonly client: WatchClient;
  readonly #onReplaced: ((error: EtcdError) => void)[] = [];

  constructor() {
    const watch: WatchCalls = {
      tokenGeneration: 0,
      onToken: () => {},
      onStoreReplaced: (listener) => this.#onReplaced.push(listener),
      refreshToken: () =>
        this.tokenFails === undefined ? Promise.resolve() : Promise.reject(this.tokenFails),
      versionOf: () => Promise.resolve(undefined),
      keepProcessAlive: () => {
        this.holds++;
        return () => {
          this.holds--;
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
    });
  }

  /** An answer showed another store. */
  replaced(error: EtcdError): void {
    for (const listener of this.#onReplaced) listener(error);
  }

  get last(): FakeStream {
    return this.streams.at(-1)!;
  }

  /** Fires every timer there is. */
  fire(): void {
    for (const timer of [...this.timers]) {
      this.timers.delete(timer);
      timer.callback();
    }
  }
}

/** Lets promises settle that wait for nothing outside this process. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
