import { ElapsedClock, systemClock } from '../async/index.js';
import { ClosedError } from '../errors/index.js';
import { KvClient } from '../kv/index.js';
import { LeaseClient } from '../lease/index.js';
import { Mirror, type MirrorOptions } from '../mirror/index.js';
import { type Bytes, checkSignalOnly, checkWait, type KeyRange, noOptions } from '../model/index.js';
import { WatchClient, type Watcher, type WatchOptions } from '../watch/index.js';
import {
  type CallOptions,
  kvCalls,
  leaseCalls,
  type SyncResult,
  Transport,
  watchCalls,
} from '../wire/index.js';
import { AutoSync } from './auto-sync.js';
import { type Environment, optionsFromEnv, refuseTlsOverHttp } from './from-env.js';
import { EtcdNamespace, type NamespaceParent } from './namespace.js';
import { checkClientOptions, type EtcdClientOptions, resolveOptions } from './options.js';
import { type StatusEvent, StatusFeed } from './status.js';

/**
 * A client of an etcd cluster. It connects when first used, keeps the member that answers and moves on from one that
 * does not. Close it when done: its streams keep the process alive.
 */
export class EtcdClient implements AsyncDisposable {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly #transport: Transport;
  readonly #watch: WatchClient;
  readonly #status = new StatusFeed(systemClock);
  readonly #onClose = new Set<() => void>();
  readonly #autoSync: AutoSync | undefined;
  readonly #parts: NamespaceParent;
  readonly #closing = new AbortController();
  #closed = false;

  /**
   * A client by the variables that etcdctl reads: `ETCDCTL_ENDPOINTS`, `_CACERT`, `_CERT`, `_KEY`, `_USER`, `_PASSWORD`,
   * `_AUTH_JWT_TOKEN`, `_INSECURE_TRANSPORT`, `_INSECURE_SKIP_TLS_VERIFY`, `_DIAL_TIMEOUT`, `_COMMAND_TIMEOUT`,
   * `_KEEPALIVE_TIME`, `_KEEPALIVE_TIMEOUT`, `_MAX_REQUEST_BYTES`, `_MAX_RECV_BYTES`. Options given here go before them.
   * @throws {InvalidInputError} naming the variable that cannot work.
   */
  static fromEnv(options: Partial<EtcdClientOptions> = {}, env: Environment = process.env): EtcdClient {
    checkClientOptions(options);
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const all = { ...optionsFromEnv(env), ...given };
    if (options.tls === undefined) refuseTlsOverHttp(all, env);
    return new EtcdClient(all);
  }

  /** @throws {InvalidInputError} for options that cannot work; nothing is sent before the first call. */
  constructor(options: EtcdClientOptions) {
    const { transport, maxTxnOps } = resolveOptions(options);
    const random = Math.random;
    this.#transport = new Transport(transport, systemClock, random, {
      onEvent: (event) => this.#status.member(event),
      // A lease that ran out while the process slept is told lost before any answer that waited is handed out.
      beforeAnswer: () => this.lease.check(),
    });
    const kv = kvCalls(this.#transport);
    const { signal: closing } = this.#closing;
    const times = { clock: systemClock, timeoutMs: transport.timeoutMs, closing };
    this.kv = new KvClient(kv, maxTxnOps, times);
    this.lease = new LeaseClient(leaseCalls(this.#transport), new ElapsedClock(), random);
    this.#watch = new WatchClient({
      watch: watchCalls(this.#transport),
      kv,
      clock: systemClock,
      random,
      // A revision may come in pieces because it is larger than what is received at once.
      maxRevisionBytes: Math.max(transport.maxReceiveBytes, 64 * 1024 * 1024),
      onStatus: (status) => this.#status.watchStream(status),
    });
    this.#parts = {
      calls: kv,
      maxTxnOps,
      times,
      lease: this.lease,
      watch: this.#watch,
      random,
      closed: () => this.#closed,
      onClose: (callback) => this.onClose(callback),
    };
    const intervalMs = transport.sync?.intervalMs;
    if (intervalMs !== undefined) this.#autoSync = this.#startAutoSync(intervalMs);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The default deadline of a call, in milliseconds. */
  get timeoutMs(): number {
    return this.#transport.timeoutMs;
  }

  /** Watches a key or a range of keys; see {@link WatchOptions}, and {@link Watcher} for what comes back. */
  watch(range: Bytes | KeyRange, options: WatchOptions = noOptions): Watcher {
    return this.#watch.watch(range, options);
  }

  /** A range kept in memory: snapshots and deltas; see {@link Mirror}. */
  mirror(range: KeyRange, options: MirrorOptions = noOptions): Mirror {
    const watch = { watch: (of: Bytes | KeyRange, how?: WatchOptions) => this.watch(of, how) };
    const { store } = this.#transport;
    return new Mirror(
      { kv: this.kv, watch, store, random: Math.random, closing: this.#closing.signal },
      range,
      options,
    );
  }

  /** This client as seen from inside a prefix; see {@link EtcdNamespace}. @throws {InvalidInputError} for an empty one. */
  namespace(prefix: Bytes): EtcdNamespace {
    return new EtcdNamespace(this.#parts, prefix);
  }

  /**
   * What happens behind the calls, from now on: streams lost, opened again, resumed; members in trouble and taken back;
   * a member list that could not be followed. The same is published on the
   * diagnostics channel `etcd-naming:status`. Ends with the client, or when left. A reader that does not keep up
   * misses the oldest.
   */
  status(
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncIterableIterator<StatusEvent, undefined> {
    checkSignalOnly(options);
    return this.#status.subscribe(options.signal);
  }

  /**
   * Reads the member list and uses what the members advertise besides the endpoints that were given, which are never
   * forgotten. It is left as it was where nothing of it may be dialled (see the option `sync.allow`) or reached.
   * @throws {InvalidInputError} with TLS or `auth`, without `sync.allow` and `tls.serverName`; else as any read.
   */
  async sync(options: CallOptions = noOptions): Promise<SyncResult> {
    checkWait(options);
    return this.#transport.sync(options);
  }

  /** Calls back once when the client closes (at once if it is); the returned function takes that back. */
  onClose(callback: () => void): () => void {
    if (this.#closed) {
      callback();
      return () => {};
    }
    this.#onClose.add(callback);
    return () => this.#onClose.delete(callback);
  }

  /**
   * Ends watches, stops renewing leases (they run out by themselves) and drops the connections. Calls under way
   * reject with ClosedError. Idempotent, and never waits for etcd. Rejects with what a callback of `onClose` threw, once
   * all else is done.
   */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    const failures = failuresOf(this.#onClose);
    this.#autoSync?.close();
    this.#closing.abort(new ClosedError('the client'));
    this.#transport.cancelUnsent();
    this.#watch.close();
    this.lease.close();
    this.#transport.close();
    this.#status.close();
    if (failures.length === 0) return Promise.resolve();
    const text = 'callbacks of onClose failed';
    return Promise.reject(failures.length === 1 ? failures[0] : new AggregateError(failures, text));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startAutoSync(intervalMs: number): AutoSync {
    return new AutoSync(intervalMs, {
      clock: systemClock,
      random: Math.random,
      sync: () => this.#transport.sync({ unref: true }),
      onFailure: (error) => this.#status.syncFailed(error),
    });
  }

  /** What debuggers and tracers may see: grpc-js prints channel options, and a client can be one. */
  toJSON(): object {
    return { name: 'EtcdClient', closed: this.#closed };
  }
}

/** Calls all of them, whatever any of them throws. */
function failuresOf(callbacks: Iterable<() => void>): unknown[] {
  const failures: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}
