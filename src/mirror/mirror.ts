import {
  backoffDelay,
  CancellableIterator,
  callSafely,
  delay,
  onAbort,
  Pacer,
  processWarning,
  withAnySignal,
} from '../async/index.js';
import {
  ClosedError,
  Code,
  CompactedError,
  EtcdError,
  needsToken,
  RolledBackError,
  StoreReplacedError,
} from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import {
  checkSignalOnly,
  type KeyRange,
  type KeyValue,
  noOptions,
  type Revision,
  toWireRange,
  withJson,
} from '../model/index.js';
import type { WatchClient, Watcher } from '../watch/index.js';
import { checkMirror, type MirrorOptions } from './options.js';
import { OverdueEvents } from './overdue-events.js';
import { listRange, type ReadOptions, readFingerprint } from './reads.js';
import type { Mirror, MirrorStatus, MirrorUpdate, ResyncReason } from './types.js';
import { splitByRevision, View } from './view.js';

export interface MirrorPorts {
  readonly kv: Pick<KvClient, 'range' | 'stream'>;
  /** Which store answers the client: equal numbers mean that it was not replaced. */
  readonly store: { readonly epoch: number };
  readonly watch: Pick<WatchClient, 'watch'>;
  readonly random: () => number;
  /** Aborted when the client closes. */
  readonly closing?: AbortSignal | undefined;
}

/** The first list of all may take so long before its trouble is told; later ones have the client's full time. */
const firstListTimeoutMs = 4_000;
const retryBackoff = { baseMs: 200, maxMs: 5_000 };
/** How long `waitForRevision` waits for events before it asks whether there are any. */
const pollAfterMs = 100;
/** How long a live watch may owe events that a linearizable read has shown: far longer than a stream takes. */
const maxOverdueMs = 5_000;

/**
 * A range kept in memory: a linearizable list at one revision, then a watch from the next one. Where history is lost
 * or no longer the same it lists again and says so with a new snapshot and its reason; an outage of any length it sits
 * out. Whenever the watch is live again it proves, by reading the store as it was, that it is still the one it knows.
 * Iterate it once. It ends by error only for what waiting cannot mend, such as a missing permission.
 */
export class MirrorImpl implements Mirror {
  readonly #ports: MirrorPorts;
  readonly #range: KeyRange;
  readonly #options: MirrorOptions;
  readonly #view: View;
  readonly #resyncPacer: Pacer;
  readonly #waiters = new Set<() => void>();
  readonly #ended = new AbortController();
  #watcher: Watcher | undefined;
  /** Whether the reader has an update and has not asked for the next one: events may wait for it. */
  #readerIsBusy = false;
  #reconnects = 0;
  /** When it was last known to be fresh, while it is not followed. */
  #staleSince = performance.now();

  constructor(ports: MirrorPorts, range: KeyRange, options: MirrorOptions = noOptions) {
    checkMirror(options);
    toWireRange(range); // refused at once, and not by the first list
    this.#ports = ports;
    this.#resyncPacer = new Pacer(retryBackoff, performance, ports.random);
    this.#range = range;
    this.#options = options;
    this.#view = new View(options.retain);
  }

  /** What is known now, by the text of each key: live, changing with each update that is taken. */
  get kvs(): ReadonlyMap<string, KeyValue> {
    return this.#view.kvs;
  }

  status(): MirrorStatus {
    const since = this.#watcher?.liveChangedAt ?? this.#staleSince;
    const fresh = this.#watcher?.live ?? false;
    const { revision } = this.#view;
    const forMs = performance.now() - since;
    return withJson({ fresh, forMs, revision, reconnects: this.#reconnects });
  }

  /**
   * Resolves once the view shows everything up to the revision, for instance that of a write just made: with the
   * revision it has then. Somebody has to iterate the mirror meanwhile. On a range where nothing happens it asks the
   * store, now and then, whether there is anything to wait for. An outage of any length it sits out.
   * @throws the signal's own reason; as a read that fails for good; what ended the mirror, or {ClosedError} when its
   *   reader left.
   */
  async waitForRevision(
    revision: Revision,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): Promise<Revision> {
    checkSignalOnly(options);
    return this.#withMirrorSignal(options.signal, (signal) => this.#waitUntil(revision, signal));
  }

  /**
   * Proves by a linearizable read that the view is complete: resolves with true once it shows everything that the store
   * had when it was read, so that a key that is missing in it is gone. With false where the store is behind what the view
   * showed already, and so was replaced.
   * @throws as the read, and as {@link waitForRevision}.
   */
  async verify(options: { readonly signal?: AbortSignal | undefined } = noOptions): Promise<boolean> {
    checkSignalOnly(options);
    return this.#withMirrorSignal(options.signal, async (signal) => {
      const shown = this.#view.revision;
      const end = await readFingerprint(this.#ports.kv, this.#range, 0n, { signal });
      if (end.revision < shown) return false;
      if (this.#view.matches(end.count, end.newest)) this.#view.advance(end.revision);
      await this.#waitUntil(end.revision, signal); // else its events are on their way
      return true;
    });
  }

  /** Ends with the signal, with the mirror, and with the client, which ends no mirror that is not iterated. */
  #withMirrorSignal<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const ends = [signal, this.#ports.closing].filter((end) => end !== undefined);
    const wait = ends.reduce<typeof work>((inner, end) => (outer) => withAnySignal(outer, end, inner), work);
    return wait(this.#ended.signal);
  }

  async #waitUntil(revision: Revision, signal: AbortSignal): Promise<Revision> {
    const overdue = new OverdueEvents();
    for (let failures = 0; this.#view.revision < revision; ) {
      const pauseMs = failures === 0 ? 0 : backoffDelay(retryBackoff, failures - 1, this.#ports.random);
      await this.#waitForChange(pollAfterMs + pauseMs, signal);
      if (this.#view.revision >= revision || this.#view.revision === 0n) continue;
      const found = await this.#checkComplete(signal);
      failures = found === 'unknown' ? failures + 1 : 0;
      const watcher = found === 'incomplete' && !this.#readerIsBusy ? this.#watcher : undefined;
      if (overdue.overdueMs(watcher, this.#view.revision, performance.now()) > maxOverdueMs)
        void watcher?.close();
    }
    return this.#view.revision;
  }

  [Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined> {
    return new CancellableIterator((leaving) => this.#iterate(leaving));
  }

  async *#iterate(leaving: AbortSignal): AsyncGenerator<MirrorUpdate, undefined> {
    const stop = new AbortController();
    const ends = [leaving, this.#options.signal];
    const releases = ends.map((end) => onAbort(end, (reason) => stop.abort(reason)));
    try {
      yield* this.#updates(stop.signal);
    } catch (error) {
      if (!leaving.aborted) this.#ended.abort(error);
      throw error;
    } finally {
      for (const release of releases) release();
      this.#ended.abort(new ClosedError('the mirror'));
    }
  }

  async *#updates(signal: AbortSignal): AsyncGenerator<MirrorUpdate, never> {
    let reason: ResyncReason = 'initial';
    for (;;) {
      const { epoch } = this.#ports.store;
      const { kvs, revision } = await this.#list(signal);
      this.#view.replace(kvs, revision);
      this.#notifyWaiters();
      yield withJson({ type: 'snapshot', reason, revision, kvs: new Map(this.#view.kvs) });
      try {
        // Replaced before there was a watch for that to end.
        const isReplaced = this.#ports.store.epoch !== epoch;
        reason = isReplaced ? 'rolled-back' : yield* this.#follow(revision, signal);
      } catch (error) {
        reason = resyncReason(error);
      }
      // A list that succeeds proves nothing about the watch: only one that lasted does.
      await this.#pause(this.#resyncPacer.nextDelayMs(), signal);
    }
  }

  /** Until the view has to be replaced; returns why. */
  async *#follow(revision: Revision, signal: AbortSignal): AsyncGenerator<MirrorUpdate, ResyncReason> {
    const watcher = this.#ports.watch.watch(this.#range, {
      startRevision: revision + 1n,
      knownRevision: revision,
      signal,
      progress: true,
      resumptions: true,
    });
    this.#watcher = watcher;
    let taken = false;
    try {
      for await (const { events, nextRevision, resumed } of watcher) {
        if (resumed) {
          if (taken) this.#reconnects++;
          taken = true;
          const broken = await this.#verifyContinuity(nextRevision - 1n, signal);
          if (broken) return broken;
        }
        if (events.length === 0) {
          this.#view.advance(nextRevision - 1n);
          this.#notifyWaiters();
          continue;
        }
        for (const part of this.#options.eachRevision ? splitByRevision(events) : [events]) {
          const isLast = part[part.length - 1] === events[events.length - 1];
          const to = isLast ? nextRevision - 1n : (part[0]?.kv.modRevision ?? 0n);
          const changes = this.#view.apply(part, to);
          if (!changes) return 'gap';
          this.#notifyWaiters();
          this.#readerIsBusy = true;
          yield withJson({ type: 'delta', revision: this.#view.revision, ...changes });
          this.#readerIsBusy = false;
        }
      }
      return 'gap'; // closed here, since events that the store has did not come
    } finally {
      this.#readerIsBusy = false;
      // One that was refused, for want of a permission, was live to the end.
      if (watcher.live) this.#staleSince = performance.now();
      else if (watcher.liveChangedAt !== undefined) this.#staleSince = watcher.liveChangedAt;
      this.#watcher = undefined;
    }
  }

  /**
   * Whether the store, read as it was at the last revision taken, is the one in memory. A wiped store that has passed
   * that revision again looks like any other to a watch.
   */
  async #verifyContinuity(revision: Revision, signal: AbortSignal): Promise<ResyncReason | undefined> {
    try {
      const { count, newest } = await this.#retryRead(signal, (options) =>
        readFingerprint(this.#ports.kv, this.#range, revision, options),
      );
      return this.#view.matches(count, newest) ? undefined : 'rolled-back';
    } catch (error) {
      return resyncReason(error);
    }
  }

  /**
   * Moves the view's revision up to the store's if nothing in the range has changed since. `unknown`: the store could
   * not be asked.
   */
  async #checkComplete(signal: AbortSignal): Promise<'complete' | 'incomplete' | 'unknown'> {
    try {
      const end = await readFingerprint(this.#ports.kv, this.#range, 0n, { signal });
      if (!this.#view.matches(end.count, end.newest)) return 'incomplete';
      this.#view.advance(end.revision);
      return 'complete';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EtcdError && isRetryable(error)) return 'unknown';
      throw error;
    }
  }

  #list(signal: AbortSignal): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: Revision }> {
    const { pageSize, retain } = this.#options;
    const list = (options: ReadOptions) =>
      listRange(this.#ports.kv, this.#range, pageSize ? { ...options, pageSize } : options, retain);
    // Compacted between two pages: the next list begins at a newer revision.
    return this.#retryRead(signal, list, (error) => error instanceof CompactedError);
  }

  /** Reads until it succeeds, or fails in a way that waiting cannot mend. */
  async #retryRead<T>(
    signal: AbortSignal,
    read: (options: ReadOptions) => Promise<T>,
    isTransient: (error: EtcdError) => boolean = () => false,
  ): Promise<T> {
    const { onFailure } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await read(attempt === 0 ? { signal, timeoutMs: firstListTimeoutMs } : { signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EtcdError)) throw error;
        if (!isRetryable(error) && !isTransient(error)) throw error;
        if (onFailure) callSafely(() => onFailure(error), processWarning('onFailure of a mirror'));
        await this.#pause(backoffDelay(retryBackoff, attempt, this.#ports.random), signal);
      }
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return this.#withMirrorSignal(signal, (open) => delay(ms, open));
  }

  #waitForChange(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cleanUp = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
      };
      const done = () => {
        release();
        cleanUp();
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiters.add(done);
      const release = onAbort(signal, (reason) => {
        cleanUp();
        reject(reason);
      });
    });
  }

  #notifyWaiters(): void {
    for (const waiter of this.#waiters) waiter();
  }
}

/** What ended the watch, or failed its proof, as the reason for a new list; anything else is thrown on. */
function resyncReason(error: unknown): ResyncReason {
  if (error instanceof CompactedError) return 'compacted';
  if (error instanceof RolledBackError || error instanceof StoreReplacedError) return 'rolled-back';
  if (error instanceof EtcdError && error.reason === 'FutureRev') return 'rolled-back';
  throw error;
}

/** Whatever waiting may mend; bad credentials stay bad. */
function isRetryable(error: EtcdError): boolean {
  if (error.code === Code.OUT_OF_RANGE) return false;
  return error.verdict !== 'final' && !needsToken(error);
}
