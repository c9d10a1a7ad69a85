import { AsyncQueue, handled, onAbort, type Pending, pending, secondLoopError } from '../async/index.js';
import type { MutableMetrics } from '../diagnostics/index.js';
import {
  ClosedError,
  CompactedError,
  type EtcdError,
  RolledBackError,
  StoreReplacedError,
} from '../errors/index.js';
import { type Revision, type WatchEvent, type WireRange, withJson } from '../model/index.js';
import { BufferUsage, type WatcherLimits } from './buffer-usage.js';
import type { WatchDriver, WatchSink } from './driver.js';
import { stripNamespace } from './strip-namespace.js';
import type { WatchFilter, WatchSpec, WatchStart } from './watch-request.js';
import type { InternalWatchBatch, InternalWatcher, WatchBatch, WatchEnd } from './watcher.js';

/** The client-side parameters of watchers. Those with the same parameters share one object. */
export interface WatcherOptions {
  readonly limits: WatcherLimits;
  /** Whether to deliver progress notifications as batches without events. */
  readonly progress: boolean;
  /** Whether to deliver a batch without events each time the watch becomes live. */
  readonly resumptions: boolean;
  /** Called each time the watch becomes live, or stops being it. */
  readonly onLiveChange?: (() => void) | undefined;
  /** The length of the namespace's prefix, which is removed from each key. */
  readonly namespaceLength: number;
  /** Called at the end of the watch, which keeps the process alive until then. */
  readonly release: () => void;
}

interface Buffered extends InternalWatchBatch {
  readonly bytes: number;
}

interface Ended {
  readonly end: WatchEnd;
  /** The reason with which `ready` rejects. */
  readonly cause: unknown;
}

/**
 * A bounded buffer between the driver and the iteration of one watch. A process may have ten thousand of them, most of
 * which receive nothing: promises, the queue and its usage are made when they are needed.
 */
export class BufferedWatcher implements InternalWatcher {
  /** What the driver calls. The methods are private, because users of a watcher must not see them. */
  static readonly sink: WatchSink<BufferedWatcher> = {
    specOf: (watcher) => ({ range: watcher.#range, filter: watcher.#filter }),
    ready: (watcher, revision, nextRevision) => watcher.#onReady(revision, nextRevision),
    deliver: (watcher, events) => watcher.#deliver(events),
    interrupted: (watcher) => watcher.#setLive(false),
    resumed: (watcher, fromRevision) => watcher.#onResumed(fromRevision),
    progress: (watcher, revision) => watcher.#progress(revision + 1n),
    finish: (watcher, error) => watcher.#finish(error),
    downMs: (watcher) => (watcher.#live ? 0 : performance.now() - watcher.#livenessSince),
    addTo: (watcher, metrics) => watcher.#addTo(metrics),
  };

  /** The iteration of a watcher. */
  static readonly #Iteration = class implements AsyncIterator<InternalWatchBatch, undefined> {
    readonly #watcher: BufferedWatcher;

    constructor(watcher: BufferedWatcher) {
      this.#watcher = watcher;
    }

    next(): Promise<IteratorResult<InternalWatchBatch, undefined>> {
      return this.#watcher.#next();
    }

    async return(): Promise<IteratorResult<InternalWatchBatch, undefined>> {
      await this.#watcher.close();
      return { done: true, value: undefined };
    }
  };

  readonly #range: WireRange;
  readonly #filter: WatchFilter;
  readonly #options: WatcherOptions;
  readonly #driver: WatchDriver<BufferedWatcher>;
  readonly #key: number;
  #ready: Pending<Revision> | undefined;
  #readyRevision: Revision | undefined;
  #closed: Pending<WatchEnd> | undefined;
  #ended: Ended | undefined;
  #queue: AsyncQueue<Buffered> | undefined;
  #usage: BufferUsage | undefined;
  #releaseSignal: (() => void) | undefined;
  #iterating = false;
  #live = false;
  /** When it became live, or ceased to be; before it was live for the first time, when it was made. */
  #livenessSince = performance.now();
  #nextRevision: Revision | undefined;
  /** The highest `nextRevision` of any batch: an event below an earlier progress does not move the checkpoint back. */
  #maxNextRevision: Revision = 0n;
  /** The checkpoint of the batch that the reader is processing. */
  #pendingCheckpoint: Revision | undefined;
  /** The revision of progress that arrived with an empty buffer: consumed once the reader requests the next batch. */
  #idleRevision: Revision | undefined;
  /** The progress batch at the end of the buffer, if there is one. Newer progress replaces its revision. */
  #lastProgress: { nextRevision: Revision } | undefined;

  constructor(
    driver: WatchDriver<BufferedWatcher>,
    spec: WatchSpec,
    start: WatchStart,
    options: WatcherOptions,
    signal: AbortSignal | undefined,
  ) {
    this.#driver = driver;
    this.#range = spec.range;
    this.#filter = spec.filter;
    this.#options = options;
    this.#nextRevision = start.startRevision;
    this.#key = driver.start(this, spec.range, start);
    if (!signal) return;
    this.#releaseSignal = onAbort(signal, (reason) => this.#onAbort(reason));
    if (this.#ended) this.#releaseSignal();
  }

  get ready(): Promise<Revision> {
    if (this.#readyRevision !== undefined) return Promise.resolve(this.#readyRevision);
    if (this.#ended) return handled(Promise.reject(this.#ended.cause));
    if (!this.#ready) {
      this.#ready = pending();
      void handled(this.#ready.promise);
    }
    return this.#ready.promise;
  }

  get closed(): Promise<WatchEnd> {
    if (this.#ended) return Promise.resolve(this.#ended.end);
    this.#closed ??= pending();
    return this.#closed.promise;
  }

  get nextRevision(): Revision | undefined {
    return this.#nextRevision;
  }

  get live(): boolean {
    return this.#live;
  }

  get liveChangedAt(): number | undefined {
    return this.#wasLive ? this.#livenessSince : undefined;
  }

  close(): Promise<void> {
    this.#end({ reason: 'closed' }, new ClosedError('the watch'));
    this.#useQueue().discard();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<InternalWatchBatch, undefined> {
    if (this.#iterating) throw secondLoopError('a watcher', 'watch');
    this.#iterating = true;
    return new BufferedWatcher.#Iteration(this);
  }

  get #isEmpty(): boolean {
    return this.#queue === undefined || this.#queue.size === 0;
  }

  #useQueue(): AsyncQueue<Buffered> {
    this.#queue ??= new AsyncQueue<Buffered>();
    return this.#queue;
  }

  #next(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#setCheckpoint(this.#pendingCheckpoint);
    this.#pendingCheckpoint = undefined;
    if (this.#isEmpty) this.#setCheckpoint(this.#idleRevision);
    const queue = this.#useQueue();
    const batch = queue.takeNow();
    if (!batch) return queue.take();
    this.#onTake(batch);
    return Promise.resolve({ done: false, value: batch });
  }

  /** A reader that waits takes the batch immediately. */
  #put(batch: Buffered): void {
    const queue = this.#useQueue();
    if (queue.hasWaiter) this.#onTake(batch);
    queue.put(batch);
  }

  #setLive(live: boolean): void {
    if (live === this.#live) return;
    this.#live = live;
    this.#livenessSince = performance.now();
    this.#options.onLiveChange?.();
  }

  /** Whether it is, or was, live. */
  get #wasLive(): boolean {
    return this.#readyRevision !== undefined;
  }

  #addTo(metrics: MutableMetrics['watch']): void {
    metrics.watchers++;
    if (this.#live) metrics.live++;
    else metrics.lagMs = Math.max(metrics.lagMs, performance.now() - this.#livenessSince);
    if (!this.#usage) return;
    metrics.bufferedEvents += this.#usage.events;
    metrics.bufferedBytes += this.#usage.bytes;
    if (this.#usage.isPaused) metrics.paused++;
  }

  #setCheckpoint(nextRevision: Revision | undefined): void {
    if (nextRevision !== undefined) this.#nextRevision = nextRevision;
  }

  #raiseNextRevision(revision: Revision): Revision {
    if (revision > this.#maxNextRevision) this.#maxNextRevision = revision;
    return this.#maxNextRevision;
  }

  #onReady(revision: Revision, nextRevision: Revision): void {
    this.#readyRevision = revision;
    this.#setLive(true);
    this.#nextRevision ??= nextRevision;
    this.#ready?.resolve(revision);
    this.#ready = undefined;
    this.#putResumption(nextRevision);
  }

  #onResumed(fromRevision: Revision): void {
    this.#setLive(true);
    this.#putResumption(fromRevision);
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
      this.#put(batch);
    } else if (this.#isEmpty) {
      this.#idleRevision = nextRevision;
      if (this.#queue?.hasWaiter) this.#setCheckpoint(nextRevision);
    }
  }

  #putResumption(revision: Revision): void {
    if (this.#ended || !this.#options.resumptions) return;
    this.#lastProgress = undefined;
    this.#put(
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
    this.#usage ??= new BufferUsage(this.#options.limits);
    this.#put(withJson({ events, nextRevision: this.#raiseNextRevision(last.kv.modRevision + 1n), bytes }));
    // Called after #put(), in which a waiting reader has already taken the batch.
    if (this.#usage.add(events.length, bytes)) this.#driver.bufferFull(this.#key, this.#usage);
  }

  #onTake({ events, nextRevision, bytes }: Buffered): void {
    if (this.#isEmpty) this.#lastProgress = undefined;
    this.#pendingCheckpoint = nextRevision;
    if (this.#usage?.remove(events.length, bytes)) this.#driver.bufferDrained(this.#key);
  }

  #onAbort(reason: unknown): void {
    this.#end({ reason: 'aborted' }, reason);
    this.#useQueue().discard(reason);
  }

  #finish(error: EtcdError): void {
    this.#end({ reason: endReason(error), error }, error);
    this.#useQueue().end(error);
  }

  #end(end: Omit<WatchEnd, 'nextRevision'>, cause: unknown): void {
    if (this.#ended) return;
    this.#ended = { end: withJson({ ...end, nextRevision: this.#nextRevision }), cause };
    this.#setLive(false);
    this.#releaseSignal?.();
    this.#options.release();
    this.#driver.stop(this.#key);
    this.#ready?.reject(cause);
    this.#closed?.resolve(this.#ended.end);
  }
}

function endReason(error: EtcdError): WatchEnd['reason'] {
  if (error instanceof CompactedError) return 'compacted';
  if (error instanceof RolledBackError || error instanceof StoreReplacedError) return 'rolled-back';
  return error instanceof ClosedError ? 'closed' : 'failed';
}
