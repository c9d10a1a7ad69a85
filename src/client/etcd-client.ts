import { type AsyncStream, Broadcast, refClock, resolvesWithin, systemClock } from '../async/index.js';
import type { AuthClient } from '../auth/index.js';
import type { ClusterClient } from '../cluster/index.js';
import {
  addOpenClient,
  allTopics,
  ClientDiagnostics,
  type ClientMetrics,
  clientTopic,
  installNodeDebug,
  setDiagnostics,
} from '../diagnostics/index.js';
import type { ElectionClient } from '../election/index.js';
import { ClosedError } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import type { LeaseClient, LeaseClientImpl } from '../lease/index.js';
import type { Lock, LockClient, LockOptions, LockQueue, TryLockOptions } from '../lock/index.js';
import type { MaintenanceClient } from '../maintenance/index.js';
import { type Mirror, MirrorImpl, type MirrorOptions } from '../mirror/index.js';
import {
  type Bytes,
  callback as checkFunction,
  checkSignalOnly,
  checkWait,
  type KeyRange,
  noOptions,
} from '../model/index.js';
import type { WatchClient, Watcher, WatchOptions } from '../watch/index.js';
import type { CallOptions, SyncResult, Transport } from '../wire/index.js';
import { AutoSync } from './auto-sync.js';
import { makeParts } from './client-parts.js';
import { type Environment, withEnv } from './from-env.js';
import type { EtcdNamespace } from './namespace.js';
import { EtcdNamespaceImpl, type NamespaceParent } from './namespace-impl.js';
import { checkClientOptions, type EtcdClientOptions, resolveOptions } from './options.js';
import { type StatusEvent, StatusFeed } from './status.js';

/** How long `close` waits for what would leave a lease behind. */
const maxCleanUpMs = 2_000;

/**
 * A client of an etcd cluster. It connects when first used, prefers one member, and uses another while that member is
 * unhealthy. Close it when done: pending calls, watches and held leases keep the process alive.
 * @example
 * ```ts
 * await using client = new EtcdClient({ endpoints: ['10.0.0.1:2379', '10.0.0.2:2379', '10.0.0.3:2379'] });
 * await client.kv.put('greeting', 'hello');
 * ```
 */
export class EtcdClient implements AsyncDisposable {
  /** Reads and writes keys. */
  readonly kv: KvClient;
  /** Grants, renews and revokes leases. */
  readonly lease: LeaseClient;
  /** Takes part in elections, and observes their leaders. */
  readonly election: ElectionClient;
  /** Lists and changes the members of the cluster. */
  readonly cluster: ClusterClient;
  /** Status, alarms, snapshots and other maintenance of members. */
  readonly maintenance: MaintenanceClient;
  /** Users, roles and permissions. The option `auth` has this client's own credentials. */
  readonly auth: AuthClient;
  readonly #lease: LeaseClientImpl;
  readonly #transport: Transport;
  readonly #watch: WatchClient;
  readonly #locks: LockClient;
  readonly #diagnostics: ClientDiagnostics;
  readonly #removeFromOpen: () => void;
  readonly #status: StatusFeed;
  /** The errors that callbacks of `onClose` threw. */
  readonly #closeErrors: unknown[] = [];
  readonly #onClose = new Broadcast<void>((error) => this.#closeErrors.push(error));
  readonly #autoSync: AutoSync | undefined;
  readonly #namespaceParent: NamespaceParent;
  readonly #closing = new AbortController();
  #closed = false;
  /** Resolves when the connections are closed. */
  #disconnected: Promise<void> = Promise.resolve();

  /**
   * Creates a client from etcdctl's environment variables: `ETCDCTL_ENDPOINTS`, `_CACERT`, `_CERT`, `_KEY`, `_USER`,
   * `_PASSWORD`, `_AUTH_JWT_TOKEN`, `_INSECURE_TRANSPORT`, `_INSECURE_SKIP_TLS_VERIFY`, `_DIAL_TIMEOUT`,
   * `_COMMAND_TIMEOUT`, `_KEEPALIVE_TIME`, `_KEEPALIVE_TIMEOUT`, `_MAX_REQUEST_BYTES`, `_MAX_RECV_BYTES`,
   * `_DISCOVERY_SRV`, `_DISCOVERY_SRV_NAME`, `_INSECURE_DISCOVERY`. Options given here override the variables.
   * @throws {InvalidInputError} if a variable is invalid; the text names it.
   * @example
   * ```ts
   * // ETCDCTL_ENDPOINTS=https://etcd-0:2379 ETCDCTL_CACERT=/etc/etcd/ca.pem
   * const client = EtcdClient.fromEnv({ timeoutMs: 5_000 });
   * ```
   */
  static fromEnv(options: Partial<EtcdClientOptions> = {}, env: Environment = process.env): EtcdClient {
    checkClientOptions(options);
    return new EtcdClient(withEnv(options, env));
  }

  /**
   * Creates a client. Nothing is sent before the first call.
   * @throws {InvalidInputError} for invalid options.
   */
  constructor(options: EtcdClientOptions) {
    const resolved = resolveOptions(options);
    const { transport } = resolved;
    installNodeDebug(allTopics);
    this.#diagnostics = new ClientDiagnostics(resolved.diagnostics);
    setDiagnostics(this, this.#diagnostics);
    this.#status = new StatusFeed(systemClock, this.#diagnostics);
    const parts = makeParts(resolved, {
      diagnostics: this.#diagnostics,
      status: this.#status,
      closing: this.#closing.signal,
      watch: (range, watchOptions) => this.watch(range, watchOptions),
      closed: () => this.#closed,
      onClose: (callback) => this.onClose(callback),
    });
    this.#transport = parts.transport;
    this.kv = parts.kv;
    this.#lease = parts.lease;
    this.lease = parts.lease;
    this.election = parts.election;
    this.cluster = parts.cluster;
    this.maintenance = parts.maintenance;
    this.auth = parts.auth;
    this.#watch = parts.watch;
    this.#locks = parts.locks;
    this.#namespaceParent = parts.namespaceParent;
    const intervalMs = transport.sync?.intervalMs;
    if (intervalMs !== undefined) this.#autoSync = this.#startAutoSync(intervalMs);
    this.#removeFromOpen = addOpenClient(this.#diagnostics);
    if (this.#diagnostics.wants(clientTopic))
      this.#diagnostics.publish(clientTopic, { type: 'opened', endpoints: [...(transport.endpoints ?? [])] });
  }

  /** The name in events, logs and metrics: the option `name`. */
  get name(): string {
    return this.#diagnostics.name;
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The default deadline of a call, in milliseconds: the option `timeoutMs`. */
  get timeoutMs(): number {
    return this.#transport.timeoutMs;
  }

  /**
   * Watches a key or a range of keys; see {@link WatchOptions} and {@link Watcher}.
   * @example
   * ```ts
   * const watcher = client.watch({ prefix: 'jobs/' }, { startRevision: 42n });
   * for await (const { events, nextRevision } of watcher) {
   *   for (const { type, kv } of events) console.log(type, kv.key.toString());
   *   console.log('store this to continue after a restart:', nextRevision);
   * }
   * ```
   */
  watch(range: Bytes | KeyRange, options: WatchOptions = noOptions): Watcher {
    return this.#watch.watch(range, options);
  }

  /**
   * Keeps a copy of a key or a range in memory and yields snapshots and deltas; see {@link Mirror}.
   * @example
   * ```ts
   * for await (const update of client.mirror({ prefix: 'config/' })) {
   *   if (update.type === 'snapshot') console.log(`${update.kvs.size} keys at revision ${update.revision}`);
   *   else console.log('changed at revision', update.revision);
   * }
   * ```
   */
  mirror(range: Bytes | KeyRange, options: MirrorOptions = noOptions): Mirror {
    const { store } = this.#transport;
    return new MirrorImpl(
      {
        kv: this.kv,
        watch: this.#watch,
        store,
        random: Math.random,
        closing: this.#closing.signal,
        diagnostics: this.#diagnostics,
      },
      range,
      options,
    );
  }

  /**
   * Waits for a lock, in the order of the calls of all clients, and acquires it with a lease and a key of its own; see
   * {@link Lock} and {@link LockOptions}. Go's `concurrency.Mutex`, `etcdctl lock` and the server's Lock RPC exclude each
   * other with it. As for them, a lock `jobs` also waits for the holders of locks below it, such as `jobs/nightly`. A
   * second call with the same name waits for the first, also in one process: locks are not re-entrant. When the call
   * rejects, its key and lease are removed in the background.
   * @throws {LockLostError} if the place in the queue is lost: the lease ended, or its key was deleted;
   *   {DeadlineError} after `timeoutMs`; {PermissionDeniedError} and other final errors of etcd; the signal's reason.
   * @example
   * ```ts
   * await using lock = await client.lock('jobs/nightly', { ttlSeconds: 15 });
   * await lock.txn({ success: [op.put('jobs/last-run', new Date().toISOString())] }); // applied only while it is held
   * ```
   */
  lock(name: Bytes, options: LockOptions = noOptions): Promise<Lock> {
    return this.#locks.lock(name, options);
  }

  /**
   * Acquires a lock if its queue is empty; otherwise resolves with undefined, without joining the queue.
   * @throws as {@link EtcdClient.lock}, with the client's `timeoutMs` as the default deadline.
   * @example
   * ```ts
   * const lock = await client.tryLock('jobs/nightly');
   * if (!lock) console.log('another process has it');
   * await lock?.release();
   * ```
   */
  tryLock(name: Bytes, options: TryLockOptions = noOptions): Promise<Lock | undefined> {
    return this.#locks.tryLock(name, options);
  }

  /**
   * Waits for a lock, calls `fn` with it, and releases it when `fn` has ended. `fn` must stop when `lock.signal` aborts.
   * A release that fails is not an error: the lease is not renewed any more, and ends the lock within its TTL.
   * @throws {LockLostError} if the lock was known to be lost when `fn` ended. A key that a client deletes is noticed only
   *   when the watch reports it: write through `lock.txn()` what must not be applied then; what `fn` throws; otherwise as
   *   {@link EtcdClient.lock}.
   * @example
   * ```ts
   * const token = await client.withLock('jobs/nightly', async (lock) => {
   *   await lock.txn({ success: [op.put('jobs/running', 'nightly')] });
   *   return lock.token;
   * });
   * console.log('done, as holder', token);
   * ```
   */
  withLock<T>(name: Bytes, fn: (lock: Lock) => T | Promise<T>, options: LockOptions = noOptions): Promise<T> {
    return this.#locks.withLock(name, fn, options);
  }

  /**
   * Reads who holds a lock and who waits for it.
   * @example
   * ```ts
   * const { holder, waiters } = await client.lockQueue('jobs/nightly');
   * console.log(holder?.key.toString() ?? 'free', `and ${waiters.length} waiting`);
   * ```
   */
  lockQueue(name: Bytes, options: CallOptions = noOptions): Promise<LockQueue> {
    return this.#locks.lockQueue(name, options);
  }

  /**
   * Returns a view of this client in which every key has the prefix; see {@link EtcdNamespace}.
   * @throws {InvalidInputError} for an empty prefix.
   * @example
   * ```ts
   * const mine = client.namespace('my-service/');
   * await mine.kv.put('greeting', 'hello'); // writes my-service/greeting
   * ```
   */
  namespace(prefix: Bytes): EtcdNamespace {
    return new EtcdNamespaceImpl(this.#namespaceParent, prefix);
  }

  /**
   * Yields the client's background events from now on: watch streams lost and resumed, members that become unhealthy
   * and recover, failed syncs; see {@link StatusEvent}. {@link diagnosticsChannels} has more events. The iteration ends when the client closes. At most 1,000 events wait for a slow reader; then the oldest are
   * dropped.
   * @throws (from the iterator) the signal's reason.
   * @example
   * ```ts
   * for await (const event of client.status()) {
   *   if (event.type === 'member-unhealthy') console.warn(`${event.endpoint}: ${event.failure}`);
   * }
   * ```
   */
  status(options: { readonly signal?: AbortSignal | undefined } = noOptions): AsyncStream<StatusEvent> {
    checkSignalOnly(options);
    return this.#status.subscribe(options.signal);
  }

  /**
   * The counters and gauges of this client and of what is built on it: watches, leases, directories, registrations,
   * resolvers. A snapshot of plain data, without a request to etcd. Its names and units are in `docs/observability.md`.
   * @example
   * ```ts
   * const { watch, leases } = client.metrics();
   * console.log(`${watch.watchers} watchers, ${watch.lagMs} ms behind; ${leases.held} leases`);
   * ```
   */
  metrics(): ClientMetrics {
    return this.#diagnostics.metrics();
  }

  /**
   * Reads the member list and uses the advertised client URLs in addition to the configured endpoints. If `sync.allow`
   * permits none of them, or none can be reached, the endpoints in use do not change.
   * @throws {InvalidInputError} with TLS or `auth` unless `sync.allow` or `tls.serverName` is set; otherwise the errors
   *   of a read.
   */
  async sync(options: CallOptions = noOptions): Promise<SyncResult> {
    checkWait(options);
    return this.#transport.sync(options);
  }

  /**
   * Calls `callback` once when the client closes, immediately if it is already closed. The returned function removes
   * the callback.
   */
  onClose(callback: () => void): () => void {
    checkFunction(callback, 'callback');
    if (this.#closed) {
      callback();
      return () => {};
    }
    return this.#onClose.listen(callback);
  }

  /**
   * Ends watches, stops renewing leases (they expire after their TTL) and closes the connections. Pending calls reject
   * with ClosedError at once. Only what would leave a lease behind is completed before the connections close: calls of
   * `lock()` and campaigns that wait leave their queue, and leases that are being granted or revoked are revoked. The
   * promise resolves when that has ended, after 2 s at most. What is held is not released. Idempotent.
   * @throws the error of an `onClose` callback, or an AggregateError of several, after everything was closed.
   */
  close(): Promise<void> {
    if (this.#closed) return this.#disconnected;
    this.#closed = true;
    this.#onClose.publish();
    this.#autoSync?.close();
    this.#closing.abort(new ClosedError('the client'));
    this.#transport.cancelUnsent();
    this.#watch.close();
    this.#lease.close();
    this.#transport.endCalls();
    this.#status.close();
    if (this.#lease.hasCleanUps) this.#disconnected = this.#disconnectAfterCleanUps();
    else this.#disconnect();
    const errors = this.#closeErrors;
    if (errors.length === 0) return this.#disconnected;
    const text = 'callbacks of onClose failed';
    const error = errors.length === 1 ? errors[0] : new AggregateError(errors, text);
    return this.#disconnected.then(() => Promise.reject(error));
  }

  async #disconnectAfterCleanUps(): Promise<void> {
    await resolvesWithin(this.#lease.cleanUpsEnded(), maxCleanUpMs, refClock);
    this.#disconnect();
  }

  #disconnect(): void {
    this.#transport.close();
    this.#removeFromOpen();
    const diagnostics = this.#diagnostics;
    if (diagnostics.wants(clientTopic))
      diagnostics.publish(clientTopic, { type: 'closed', metrics: diagnostics.metrics() });
  }

  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startAutoSync(intervalMs: number): AutoSync {
    return new AutoSync(intervalMs, {
      clock: systemClock,
      random: Math.random,
      sync: () => this.#transport.sync({ unref: true }),
      onFailure: (error) => this.#status.onMember({ type: 'sync-failed', error }),
    });
  }

  /** Hides the internals from loggers and tracers: grpc-js logs channel options, and the client is one of them. */
  toJSON(): object {
    return { name: 'EtcdClient', closed: this.#closed };
  }
}
