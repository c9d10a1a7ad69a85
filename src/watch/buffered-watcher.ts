import { AsyncQueue, onAbort } from '../async/index.js';
import {
  ClosedError,
  CompactedError,
  type EtcdError,
  RolledBackError,
  StoreReplacedError,
} from '../errors/index.js';
import { type Revision, type WatchEvent, withJson } from '../model/index.js';
import { BufferUsage, type WatcherLimits } from './buffer-usage.js';
import type { WatchDriver, WatchSink } from './driver.js';
import type { WatchSpec } from './watch-request.js';
import type { InternalWatchBatch, InternalWatcher, WatchBatch, WatchEnd } from './watcher.js';

/** The client-side parameters of one watcher. */
export interface WatcherOptions {
  readonly limits: WatcherLimits;
  readonly signal: AbortSignal | undefined;
  /** Whether to deliver progress notifications as batches without events. */
  readonly progress: boolean;
  /** Whether to deliver a batch without events each time the watch becomes live. */
  readonly resumptions: boolean;
  /** The length of the namespace's prefix, which is removed from each key. */
  readonly namespaceLength: number;
  /** Called at the end of the watch, which keeps the process alive until then. */
  readonly release: () => void;
}

interface Buffered extends InternalWatchBatch {
  readonly bytes: number;
}

/** A bounded buffer between the driver and the iteration of one watch. */
export class BufferedWatcher implements InternalWatcher {
  readonly ready: Promise<Revision>;
  readonly closed: Promise<WatchEnd>;
  readonly #options: WatcherOptions;
  readonly #driver: WatchDriver;
  readonly #key: number;
  readonly #queue = new AsyncQueue<Buffered>((batch) => this.#onTake(batch));
  readonly #releaseSignal: () => void;
  readonly #settle: {
    ready(revision: Revision): void;
    notReady(error: unknown): void;
    closed(end: WatchEnd): void;
  };
  #ended = false;
  #iterating = false;
  readonly #usage: BufferUsage;
  #live = false;
  #liveChangedAt: number | undefined;
  #nextRevision: Revision | undefined;
  /** The highest `nextRevision` of any batch: an event below an earlier progress does not move the checkpoint back. */
  #maxNextRevision: Revision = 0n;
  /** The checkpoint of the batch that the reader is processing. */
  #pendingCheckpoint: Revision | undefined;
  /** The revision of progress that arrived with an empty buffer: consumed once the reader requests the next batch. */
  #idleRevision: Revision | undefined;
  /** The progress batch at the end of the buffer, if there is one. Newer progress replaces its revision. */
  #lastProgress: { nextRevision: Revision } | undefined;

  constructor(driver: WatchDriver, spec: WatchSpec, options: WatcherOptions) {
    const ready = deferred<Revision>();
    const closed = deferred<WatchEnd>();
    this.ready = ready.promise;
    this.ready.catch(() => {}); // the iteration reports the error as well
    this.closed = closed.promise;
    this.#settle = { ready: ready.resolve, notReady: ready.reject, closed: closed.resolve };
    this.#driver = driver;
    this.#options = options;
    this.#usage = new BufferUsage(options.limits);
    this.#nextRevision = spec.startRevision;
    this.#key = driver.start(spec, this.#sink());
    this.#releaseSignal = onAbort(options.signal, (reason) => this.#onAbort(reason));
    if (this.#ended) this.#releaseSignal();
  }

  get nextRevision(): Revision | undefined {
    return this.#nextRevision;
  }

  get live(): boolean {
    return this.#live;
  }

  get liveChangedAt(): number | undefined {
    return this.#liveChangedAt;
  }

  close(): Promise<void> {
    this.#end({ reason: 'closed' }, new ClosedError('the watch'));
    this.#queue.discard();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<InternalWatchBatch, undefined> {
    if (this.#iterating) throw new TypeError('a watcher can be iterated once; call watch() again');
    this.#iterating = true;
    return {
      next: () => this.#next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  #sink(): WatchSink {
    return {
      ready: (revision, nextRevision) => {
        this.#setLive(true);
        this.#nextRevision ??= nextRevision;
        this.#settle.ready(revision);
        this.#putResumption(nextRevision);
      },
      deliver: (events) => this.#deliver(events),
      interrupted: () => this.#setLive(false),
      resumed: (fromRevision) => {
        this.#setLive(true);
        this.#putResumption(fromRevision);
      },
      progress: (revision) => this.#progress(revision + 1n),
      finish: (error) => {
        this.#end({ reason: endReason(error), error }, error);
        this.#queue.end(error);
      },
    };
  }

  #next(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#setCheckpoint(this.#pendingCheckpoint);
    this.#pendingCheckpoint = undefined;
    if (this.#queue.size === 0) this.#setCheckpoint(this.#idleRevision);
    return this.#queue.take();
  }

  #setLive(live: boolean): void {
    if (live === this.#live) return;
    this.#live = live;
    this.#liveChangedAt = performance.now();
  }

  #setCheckpoint(nextRevision: Revision | undefined): void {
    if (nextRevision !== undefined) this.#nextRevision = nextRevision;
  }

  #raiseNextRevision(revision: Revision): Revision {
    if (revision > this.#maxNextRevision) this.#maxNextRevision = revision;
    return this.#maxNextRevision;
  }

  #progress(revision: Revision): void {
    if (this.#ended) return;
    const nextRevision = this.#raiseNextRevision(revision);
    if (this.#options.progress) {
      if (this.#lastProgress) {
        this.#lastProgress.nextRevision = nextRevision;
        return;
      }
      const batch = withJson({ events: [], nextRevision, bytes: 0 });
      this.#lastProgress = batch;
      this.#queue.put(batch);
    } else if (this.#queue.size === 0) {
      this.#idleRevision = nextRevision;
      if (this.#queue.hasWaiter) this.#setCheckpoint(nextRevision);
    }
  }

  #putResumption(revision: Revision): void {
    if (this.#ended || !this.#options.resumptions) return;
    this.#lastProgress = undefined;
    this.#queue.put(
      withJson({ events: [], nextRevision: this.#raiseNextRevision(revision), bytes: 0, resumed: true }),
    );
  }

  #deliver(events: readonly WatchEvent[]): void {
    const last = events[events.length - 1];
    if (this.#ended || !last) return;
    if (this.#options.namespaceLength > 0) stripNamespace(events, this.#options.namespaceLength);
    let bytes = 0;
    for (const { kv, prevKv } of events) {
      bytes += kv.key.length + kv.value.length + (prevKv ? prevKv.value.length : 0);
    }
    this.#idleRevision = undefined;
    this.#lastProgress = undefined;
    this.#queue.put(
      withJson({ events, nextRevision: this.#raiseNextRevision(last.kv.modRevision + 1n), bytes }),
    );
    // Called after put(), in which a waiting reader has already taken the batch.
    if (this.#usage.add(events.length, bytes)) this.#driver.bufferFull(this.#key);
  }

  #onTake({ events, nextRevision, bytes }: Buffered): void {
    if (this.#queue.size === 0) this.#lastProgress = undefined;
    this.#pendingCheckpoint = nextRevision;
    if (this.#usage.remove(events.length, bytes)) this.#driver.bufferDrained(this.#key);
  }

  #onAbort(reason: unknown): void {
    this.#end({ reason: 'aborted' }, reason);
    this.#queue.discard(reason);
  }

  #end(end: Omit<WatchEnd, 'nextRevision'>, cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setLive(false);
    this.#releaseSignal?.();
    this.#options.release();
    this.#driver.stop(this.#key);
    this.#settle.notReady(cause);
    this.#settle.closed(withJson({ ...end, nextRevision: this.#nextRevision }));
  }
}

/** Removes the prefix from the keys in place: each event was decoded for this watcher only. */
function stripNamespace(events: readonly WatchEvent[], length: number): void {
  for (const { kv, prevKv } of events) {
    strip(kv, length);
    if (prevKv) strip(prevKv, length);
  }
}

function strip(kv: { key: Buffer }, length: number): void {
  kv.key = kv.key.subarray(length);
}

function endReason(error: EtcdError): WatchEnd['reason'] {
  if (error instanceof CompactedError) return 'compacted';
  if (error instanceof RolledBackError || error instanceof StoreReplacedError) return 'rolled-back';
  return error instanceof ClosedError ? 'closed' : 'failed';
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
