import { type Clock, CountedRef } from '../async/index.js';
import type { ClientDiagnostics, MutableMetrics } from '../diagnostics/index.js';
import { ClosedError, Code, errorFromServer } from '../errors/index.js';
import {
  type Bytes,
  boolean,
  callback,
  int64,
  type KeyRange,
  namespaceRange,
  noOptions,
  number,
  oneOf,
  optionsChecker,
  type Revision,
  signal,
  toWireRange,
} from '../model/index.js';
import type { KvCalls, RangeResponse, WatchCalls } from '../wire/index.js';
import type { WatcherLimits } from './buffer-usage.js';
import { BufferedWatcher, type WatcherOptions } from './buffered-watcher.js';
import type { StreamStatus } from './core/index.js';
import { type DriverPorts, WatchDriver } from './driver.js';
import type { WatchFilter } from './watch-request.js';
import type { InternalWatcher } from './watcher.js';

/** Options of `watch()`. */
export interface WatchOptions {
  /**
   * The first revision to deliver. Default: the one after the store's revision at some time between the call and the
   * end of `ready`.
   */
  readonly startRevision?: Revision;
  /**
   * A revision that the store is known to have reached, such as that of the list or checkpoint from which the watch
   * continues. A store below it was wiped or restored: the watch then ends with RolledBackError instead of waiting for
   * that revision. Default: the highest revision that the watch itself has received.
   */
  readonly knownRevision?: Revision;
  /** Whether each event includes the key-value before it. Default false. */
  readonly prevKv?: boolean;
  /** Deliver only one type of event; the server filters the other. Default: both. */
  readonly only?: 'put' | 'delete';
  /** Whether to deliver progress notifications too, as batches without events. Default false. */
  readonly progress?: boolean;
  /** Whether the process may exit while the watch is open. Default false: it keeps the process alive, like a socket. */
  readonly unref?: boolean;
  /** Whether to leave a member that has no leader, which would send no events. Default true. */
  readonly requireLeader?: boolean;
  /** Ends the watch; the iteration rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many events may wait for a slow reader. Default 10,000. Above it, the watch is cancelled on the server, and
   * created again at the first undelivered revision once half of the events are read: etcd's history is the buffer.
   */
  readonly maxBufferedEvents?: number;
  /**
   * The same in bytes of keys and values. Default 16 MiB. A single response of etcd, which may be as large as the
   * client's `maxReceiveBytes`, may exceed both limits.
   */
  readonly maxBufferedBytes?: number;
}

/** Options of this package's own watches. */
export interface InternalWatchOptions extends WatchOptions {
  /** Whether to deliver a batch without events each time the watch becomes live, including the first. Default false. */
  readonly resumptions?: boolean;
  /**
   * Called each time the watch becomes live, or stops being it. Not called when the watch ends. Only with
   * `resumptions`.
   */
  readonly onLiveChange?: (() => void) | undefined;
}

const limit = number({ min: 1 });

const checkWatch = optionsChecker<InternalWatchOptions>({
  startRevision: int64(1n),
  knownRevision: int64(0n),
  prevKv: boolean,
  only: oneOf('put', 'delete'),
  progress: boolean,
  resumptions: boolean,
  onLiveChange: callback,
  unref: boolean,
  requireLeader: boolean,
  signal,
  maxBufferedEvents: limit,
  maxBufferedBytes: limit,
});

const defaultLimits: WatcherLimits = { maxBufferedEvents: 10_000, maxBufferedBytes: 16 * 1024 * 1024 };

/** What the watch client needs from its client. */
export interface WatchPorts {
  readonly watch: WatchCalls;
  readonly kv: Pick<KvCalls, 'range'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** How many bytes one revision may take in memory while its fragments arrive. */
  readonly maxRevisionBytes: number;
  readonly onStatus: (status: StreamStatus) => void;
  readonly diagnostics: ClientDiagnostics;
}

/** etcd's Watch service: watchers that outlive streams, members and restarts, each on exactly the right revision. */
export class WatchClient {
  readonly #ports: WatchPorts;
  readonly #drivers = new Map<boolean, WatchDriver<BufferedWatcher>>();
  readonly #processRef: CountedRef;
  /** Of the watches without options about delivery, which are nearly all. */
  readonly #defaultOptions: WatcherOptions;
  #closed = false;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
    this.#processRef = new CountedRef(() => ports.watch.keepProcessAlive());
    this.#defaultOptions = this.#makeOptions(noOptions, 0);
    ports.diagnostics.addSource(this);
  }

  /**
   * Watches a key or a range of keys. Returns immediately. The watch survives lost connections and restarts of etcd.
   * Its iteration first delivers everything that was received, and then throws {CompactedError} when history that it
   * still needs is compacted, {RolledBackError} or {StoreReplacedError} when the store was wiped, restored or replaced,
   * {PermissionDeniedError}, {ClosedError} after the client's `close()`, or the signal's reason.
   * @param namespace The prefix that is added to the range and removed from keys.
   * @throws {InvalidInputError} for a start revision below 1 (etcd 3.4 interprets negative ones differently), an empty
   *   range, or a limit below 1.
   */
  watch(
    range: Bytes | KeyRange,
    options: InternalWatchOptions = noOptions,
    namespace?: Buffer,
  ): InternalWatcher {
    checkWatch(options);
    if (this.#closed) throw new ClosedError('the client');
    const wireRange = toWireRange(range);
    const spec = {
      range: namespace ? namespaceRange(namespace, wireRange) : wireRange,
      filter: filterOf(options),
    };
    const watcherOptions = this.#watcherOptions(options, namespace?.length ?? 0);
    const driver = this.#driver(options.requireLeader ?? true);
    if (!options.unref) this.#processRef.add();
    return new BufferedWatcher(driver, spec, options, watcherOptions, options.signal);
  }

  /** Adds the state of the watchers and their streams to the metrics. */
  addTo(metrics: MutableMetrics): void {
    for (const driver of this.#drivers.values()) driver.addTo(metrics);
  }

  /** Ends every watch. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const driver of this.#drivers.values()) driver.close();
  }

  #watcherOptions(options: InternalWatchOptions, namespaceLength: number): WatcherOptions {
    const { maxBufferedEvents, maxBufferedBytes, progress, resumptions, onLiveChange, unref } = options;
    const isDefault =
      maxBufferedEvents === undefined &&
      maxBufferedBytes === undefined &&
      !progress &&
      !resumptions &&
      !onLiveChange &&
      !unref &&
      namespaceLength === 0;
    return isDefault ? this.#defaultOptions : this.#makeOptions(options, namespaceLength);
  }

  #makeOptions(options: InternalWatchOptions, namespaceLength: number): WatcherOptions {
    return {
      limits: limitsOf(options),
      progress: options.progress ?? false,
      resumptions: options.resumptions ?? false,
      onLiveChange: options.onLiveChange,
      namespaceLength,
      release: options.unref ? () => {} : () => this.#processRef.remove(),
    };
  }

  #driver(requireLeader: boolean): WatchDriver<BufferedWatcher> {
    const existing = this.#drivers.get(requireLeader);
    if (existing) return existing;
    const { watch: calls, clock, random, maxRevisionBytes, diagnostics } = this.#ports;
    // Each driver numbers its slots and watchers from 1.
    const clientWide = (number: number) => 2 * number - (requireLeader ? 1 : 0);
    const driverPorts: DriverPorts = {
      calls,
      clock,
      random,
      maxRevisionBytes,
      requireLeader,
      readRevision: (key, signal) => this.#readRevision(key, signal),
      readAt: async (key, revision, signal) => {
        await this.#readOneKey(key, revision, signal);
      },
      onStatus: (status) => this.#ports.onStatus({ ...status, slot: clientWide(status.slot) }),
      diagnostics,
      clientWide,
    };
    const driver = new WatchDriver(driverPorts, BufferedWatcher.sink);
    this.#drivers.set(requireLeader, driver);
    return driver;
  }

  async #readRevision(key: Buffer, signal: AbortSignal): Promise<Revision> {
    const answer = await this.#readOneKey(key, 0n, signal);
    const revision = answer.header?.revision ?? 0n;
    // Revision 0 would mean "from the beginning": the watch would deliver the whole history.
    if (revision === 0n) throw errorFromServer(Code.INTERNAL, "the response lacks the store's revision");
    return revision;
  }

  /**
   * Counts one key of the range, so that the cost does not depend on the range and the watch's permission suffices. The
   * read does not keep the process alive; the watch does, unless it has `unref`.
   */
  #readOneKey(key: Buffer, revision: Revision, signal: AbortSignal): Promise<RangeResponse> {
    return this.#ports.kv.range(
      {
        key,
        rangeEnd: Buffer.alloc(0),
        limit: 1n,
        revision,
        sortOrder: 0,
        sortTarget: 0,
        serializable: false,
        keysOnly: true,
        countOnly: true,
        minModRevision: 0n,
        maxModRevision: 0n,
        minCreateRevision: 0n,
        maxCreateRevision: 0n,
      },
      { signal, unref: true },
    );
  }
}

const everything: WatchFilter = { prevKv: false, noPut: false, noDelete: false };

function filterOf({ prevKv = false, only }: WatchOptions): WatchFilter {
  return prevKv || only ? { prevKv, noPut: only === 'delete', noDelete: only === 'put' } : everything;
}

function limitsOf(options: WatchOptions): WatcherLimits {
  if (options.maxBufferedEvents === undefined && options.maxBufferedBytes === undefined) return defaultLimits;
  return {
    maxBufferedEvents: options.maxBufferedEvents ?? defaultLimits.maxBufferedEvents,
    maxBufferedBytes: options.maxBufferedBytes ?? defaultLimits.maxBufferedBytes,
  };
}
