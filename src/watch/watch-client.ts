import type { Clock } from '../async/index.js';
import { ClosedError, Code, errorFromServer } from '../errors/index.js';
import {
  type Bytes,
  boolean,
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
import type { StreamStatus } from './core/index.js';
import { WatchDriver } from './driver.js';
import type { WatchSpec } from './watch-request.js';
import { BufferedWatcher, type Watcher, type WatcherLimits } from './watcher.js';

export interface WatchOptions {
  /** The first revision to tell of. Default: from now on, exactly from the store's revision at the time of the call. */
  readonly startRevision?: Revision;
  /**
   * A revision that the store is known to have had, such as that of the list or the checkpoint the watch goes on from:
   * should the store turn out to be below it, it was wiped or restored, and the watch ends with RolledBackError instead
   * of waiting for the old revision to come again. Default: what the watch itself has seen.
   */
  readonly knownRevision?: Revision;
  /** Tell what each key was before the event. Default false. */
  readonly prevKv?: boolean;
  /** Leave out one kind of event, on the server. Default: tell both. */
  readonly only?: 'put' | 'delete';
  /** Also hand over progress notifications, as batches without events. Default false. */
  readonly progress?: boolean;
  /** Also hand over a batch without events each time the watch becomes live, the first included. Default false. */
  readonly resumptions?: boolean;
  /** Let the process end although the watch waits. Default false: it keeps the process alive, as an open socket does. */
  readonly unref?: boolean;
  /** Leave a member that sees no leader instead of waiting there in silence. Default true. */
  readonly requireLeader?: boolean;
  /** Ends the watch; the iteration rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Events that may wait for a slow reader. Default 10,000. Beyond it the watch is cancelled on the server and taken
   * up again where it was left when half of them are read: etcd's history is the buffer.
   */
  readonly maxBufferedEvents?: number;
  /** Bytes that may wait, alike. Default 16 MiB. A single revision may be larger than either. */
  readonly maxBufferedBytes?: number;
}

const limit = number({ min: 1 });

const checkWatch = optionsChecker<WatchOptions>({
  startRevision: int64(1n),
  knownRevision: int64(0n),
  prevKv: boolean,
  only: oneOf('put', 'delete'),
  progress: boolean,
  resumptions: boolean,
  unref: boolean,
  requireLeader: boolean,
  signal,
  maxBufferedEvents: limit,
  maxBufferedBytes: limit,
});

const defaultLimits: WatcherLimits = { maxBufferedEvents: 10_000, maxBufferedBytes: 16 * 1024 * 1024 };

export interface WatchPorts {
  readonly watch: WatchCalls;
  readonly kv: Pick<KvCalls, 'range'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** The most that a single revision may take in memory while it is received in pieces. */
  readonly maxRevisionBytes: number;
  readonly onStatus: (status: StreamStatus) => void;
}

/** etcd's Watch service: watchers that outlive streams, members and restarts, each on exactly the right revision. */
export class WatchClient {
  readonly #ports: WatchPorts;
  readonly #drivers = new Map<boolean, WatchDriver>();
  #closed = false;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /**
   * Watches a key or a range of keys. Returns at once; the watch lasts through lost connections and restarts, and
   * its iteration throws, after everything received was handed over:
   * {CompactedError} when history that it still needed is gone, {RolledBackError} or {StoreReplacedError} when the store
   * was wiped, restored or exchanged for another, {PermissionDeniedError}, {ClosedError} after the client's close(), or
   * the signal's own reason.
   * @throws {InvalidInputError} for a negative start revision (servers of 3.4 take it for something else), an empty
   *   range, or a limit below 1.
   * @param namespace The prefix within which the range is meant, and which keys come without.
   */
  watch(range: Bytes | KeyRange, options: WatchOptions = noOptions, namespace?: Buffer): Watcher {
    checkWatch(options);
    if (this.#closed) throw new ClosedError('the client');
    const { startRevision, only } = options;
    const spec = {
      range: namespace ? namespaceRange(namespace, toWireRange(range)) : toWireRange(range),
      startRevision,
      knownRevision: options.knownRevision,
      prevKv: options.prevKv ?? false,
      noPut: only === 'delete',
      noDelete: only === 'put',
    };
    return new BufferedWatcher(this.#driver(options.requireLeader ?? true), spec, {
      limits: limitsOf(options),
      signal: options.signal,
      progress: options.progress ?? false,
      resumptions: options.resumptions ?? false,
      namespaceLength: namespace?.length ?? 0,
      release: options.unref ? () => {} : this.#ports.watch.keepProcessAlive(),
    });
  }

  /** Ends every watch. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const driver of this.#drivers.values()) driver.close();
  }

  #driver(requireLeader: boolean): WatchDriver {
    const existing = this.#drivers.get(requireLeader);
    if (existing) return existing;
    const { watch: calls, clock, random, maxRevisionBytes } = this.#ports;
    const driver = new WatchDriver({
      calls,
      clock,
      random,
      maxRevisionBytes,
      requireLeader,
      readRevision: (spec, signal) => this.#readRevision(spec, signal),
      readAt: async (spec, revision, signal) => {
        await this.#readOneKey(spec, revision, signal);
      },
      // Each driver counts its slots from 1; whoever listens knows nothing of drivers.
      onStatus: (status) =>
        this.#ports.onStatus({ ...status, slot: 2 * status.slot - (requireLeader ? 1 : 0) }),
    });
    this.#drivers.set(requireLeader, driver);
    return driver;
  }

  async #readRevision(spec: WatchSpec, signal: AbortSignal): Promise<Revision> {
    const answer = await this.#readOneKey(spec, 0n, signal);
    const revision = answer.header?.revision ?? 0n;
    // Not known is not "the beginning": the whole history would come.
    if (revision === 0n) throw errorFromServer(Code.INTERNAL, 'the answer lacks the revision of the store');
    return revision;
  }

  /**
   * One key, counted only: the cost does not depend on the range, and the watch's own permission suffices. Not the
   * read but the watch itself keeps the process alive, if it is to.
   */
  #readOneKey(
    { range: { key } }: WatchSpec,
    revision: Revision,
    signal: AbortSignal,
  ): Promise<RangeResponse> {
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

function limitsOf(options: WatchOptions): WatcherLimits {
  return {
    maxBufferedEvents: options.maxBufferedEvents ?? defaultLimits.maxBufferedEvents,
    maxBufferedBytes: options.maxBufferedBytes ?? defaultLimits.maxBufferedBytes,
  };
}
