import {
  Broadcast,
  backoffDelay,
  CancellableIterator,
  type Clock,
  callSafely,
  delay,
  onAbort,
  Pacer,
  processWarning,
  refClock,
  resolvesWithin,
  withAnySignal,
} from '../async/index.js';
import { type ClientDiagnostics, mirrorTopic } from '../diagnostics/index.js';
import { ClosedError, CompactedError, EtcdError, historyLoss, mayRecover } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import {
  type Bytes,
  checkSignalOnly,
  type KeyRange,
  type KeyValue,
  noOptions,
  ownRange,
  type Revision,
  withJson,
} from '../model/index.js';
import type { InternalWatcher, WatchClient } from '../watch/index.js';
import { ListReport } from './list-report.js';
import {
  checkMirror,
  freshnessOption,
  lastValuesOption,
  type MirrorOptions,
  retainOption,
} from './options.js';
import { OverdueEvents } from './overdue-events.js';
import { listRange, type ReadOptions, readFingerprint } from './reads.js';
import type { Mirror, MirrorStatus, MirrorUpdate, ResyncReason } from './types.js';
import { splitByRevision, View } from './view.js';

/** What a mirror uses of its client. */
export interface MirrorPorts {
  readonly kv: Pick<KvClient, 'range' | 'stream'>;
  /** `epoch` grows each time the client finds that its store was replaced. */
  readonly store: { readonly epoch: number };
  readonly watch: Pick<WatchClient, 'watch'>;
  readonly random: () => number;
  readonly diagnostics: ClientDiagnostics;
  /** The namespace of the client, whose keys the mirror sees without it. */
  readonly prefix?: Buffer;
  /** Default: the machine's, whose timers keep the process alive. */
  readonly clock?: Clock;
  /** Aborted when the client closes. */
  readonly closing?: AbortSignal | undefined;
}

/** The timeout of a first attempt, so that `onFailure` is called early; retries have the client's timeout. */
const firstListTimeoutMs = 4_000;
const retryBackoff = { baseMs: 200, maxMs: 5_000 };
/** How long `waitForRevision` waits for events before it reads the store. */
const pollAfterMs = 100;
/** How long a live watch may lack events that a linearizable read has shown: far longer than their delivery takes. */
const maxOverdueMs = 5_000;

/** The implementation of {@link Mirror}. */
export class MirrorImpl implements Mirror {
  readonly #ports: MirrorPorts;
  readonly #clock: Clock;
  readonly #range: KeyRange;
  readonly #options: MirrorOptions;
  readonly #view: View;
  readonly #resyncPacer: Pacer;
  readonly #changes = new Broadcast<void>();
  /** Aborted when the loop ends. A later loop has another. */
  #ended = new AbortController();
  #isIterated = false;
  #watcher: InternalWatcher | undefined;
  /** Whether the reader has an update and has not called `next()` again: later events may be buffered. */
  #readerIsBusy = false;
  #reconnects = 0;
  /** While there is no watcher: when the mirror stopped being fresh. */
  #staleSince: number;

  constructor(ports: MirrorPorts, range: Bytes | KeyRange, options: MirrorOptions = noOptions) {
    checkMirror(options);
    this.#ports = ports;
    this.#clock = ports.clock ?? refClock;
    this.#staleSince = this.#clock.now();
    this.#resyncPacer = new Pacer(retryBackoff, this.#clock, ports.random);
    this.#range = ownRange(range); // throws here rather than in the first list
    this.#options = options;
    this.#view = new View(retainOption.get(options));
  }

  get kvs(): ReadonlyMap<string, KeyValue> {
    return this.#view.kvs;
  }

  status(): MirrorStatus {
    const since = this.#watcher?.liveChangedAt ?? this.#staleSince;
    const fresh = this.#watcher?.live ?? false;
    const { revision } = this.#view;
    const forMs = this.#clock.now() - since;
    return withJson({ fresh, forMs, revision, reconnects: this.#reconnects });
  }

  async waitForRevision(
    revision: Revision,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): Promise<Revision> {
    checkSignalOnly(options);
    return this.#withMirrorSignal(options.signal, (signal) => this.#waitUntil(revision, signal));
  }

  async verify(options: { readonly signal?: AbortSignal | undefined } = noOptions): Promise<boolean> {
    checkSignalOnly(options);
    return this.#withMirrorSignal(options.signal, async (signal) => {
      const viewRevision = this.#view.revision;
      const end = await readFingerprint(this.#ports.kv, this.#range, 0n, { signal });
      if (end.revision < viewRevision) return false;
      if (this.#view.matches(end.count, end.newest)) this.#view.advance(end.revision);
      await this.#waitUntil(end.revision, signal); // an incomplete view waits for its events
      return true;
    });
  }

  /**
   * Runs `work` with a signal that aborts with the given one, with the end of the mirror, or when the client closes.
   */
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
      if (overdue.overdueMs(watcher, this.#view.revision, this.#clock.now()) > maxOverdueMs)
        void watcher?.close();
    }
    return this.#view.revision;
  }

  [Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined> {
    return new CancellableIterator((cancelled) => this.#iterate(cancelled));
  }

  async *#iterate(cancelled: AbortSignal): AsyncGenerator<MirrorUpdate, undefined> {
    this.#begin();
    const { counters } = this.#ports.diagnostics;
    counters.activeMirrors++;
    const stop = new AbortController();
    const ends = [cancelled, this.#options.signal];
    const releases = ends.map((end) => onAbort(end, (reason) => stop.abort(reason)));
    try {
      yield* this.#updates(stop.signal);
    } catch (error) {
      if (!cancelled.aborted) this.#ended.abort(error);
      throw error;
    } finally {
      for (const release of releases) release();
      this.#ended.abort(new ClosedError('the mirror'));
      this.#isIterated = false;
      counters.activeMirrors--;
    }
  }

  #begin(): void {
    if (this.#isIterated)
      throw new TypeError('a mirror can be iterated by one loop at a time; call mirror() again');
    this.#isIterated = true;
    this.#readerIsBusy = false;
    if (this.#ended.signal.aborted) this.#ended = new AbortController();
  }

  async *#updates(signal: AbortSignal): AsyncGenerator<MirrorUpdate, never> {
    let reason: ResyncReason = 'initial';
    for (;;) {
      const { epoch } = this.#ports.store;
      const { kvs, revision } = await this.#list(reason, signal);
      this.#view.replace(kvs, revision);
      this.#changes.publish();
      yield withJson({ type: 'snapshot', reason, revision, kvs: new Map(this.#view.kvs) });
      try {
        // The store was replaced before there was a watcher for that to end.
        const isReplaced = this.#ports.store.epoch !== epoch;
        reason = isReplaced ? 'rolled-back' : yield* this.#follow(revision, signal);
      } catch (error) {
        reason = resyncReason(error);
      }
      // A successful list does not reset the pauses: only a watch that lasts does.
      await this.#pause(this.#resyncPacer.nextDelayMs(), signal);
    }
  }

  /** Applies the watch's events until the view must be replaced. Returns the reason. */
  async *#follow(revision: Revision, signal: AbortSignal): AsyncGenerator<MirrorUpdate, ResyncReason> {
    const onLiveChange = freshnessOption.get(this.#options);
    const watcher = this.#ports.watch.watch(this.#range, {
      startRevision: revision + 1n,
      knownRevision: revision,
      signal,
      progress: true,
      resumptions: true,
      onLiveChange,
    });
    this.#watcher = watcher;
    let started = false;
    try {
      for await (const { events: received, nextRevision, resumed } of watcher) {
        if (resumed) {
          if (started) this.#reconnects++;
          started = true;
          const broken = await this.#verifyContinuity(nextRevision - 1n, signal);
          if (broken) return broken;
        }
        const events = this.#view.newEvents(received);
        if (events.length === 0) {
          this.#view.advance(nextRevision - 1n);
          this.#changes.publish();
          continue;
        }
        for (const part of this.#options.eachRevision ? splitByRevision(events) : [events]) {
          const isLast = part[part.length - 1] === events[events.length - 1];
          const to = isLast ? nextRevision - 1n : (part[0]?.kv.modRevision ?? 0n);
          const changes = this.#view.apply(part, to);
          if (!changes) return 'gap';
          this.#changes.publish();
          this.#readerIsBusy = true;
          if (this.#view.lastValues.size > 0) lastValuesOption.get(this.#options)?.(this.#view.lastValues);
          yield withJson({ type: 'delta', revision: this.#view.revision, ...changes });
          this.#readerIsBusy = false;
        }
      }
      return 'gap'; // #waitUntil() closed the watcher: events that the store has did not arrive
    } finally {
      // A watcher that the server refused, for example for a missing permission, was live until then.
      if (watcher.live) this.#staleSince = this.#clock.now();
      else if (watcher.liveChangedAt !== undefined) this.#staleSince = watcher.liveChangedAt;
      this.#watcher = undefined;
      onLiveChange?.();
    }
  }

  /**
   * Whether the store at the last received revision equals the view. A watch cannot detect this: a wiped store may have
   * reached that revision again. Returns the reason for a resync, if one is needed.
   */
  async #verifyContinuity(received: Revision, signal: AbortSignal): Promise<ResyncReason | undefined> {
    // A read may have raised the view above what was received.
    const revision = received > this.#view.revision ? received : this.#view.revision;
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
   * Raises the view's revision to the store's when nothing in the range has changed since. Returns `unknown` when the
   * read failed.
   */
  async #checkComplete(signal: AbortSignal): Promise<'complete' | 'incomplete' | 'unknown'> {
    try {
      const end = await readFingerprint(this.#ports.kv, this.#range, 0n, { signal });
      if (!this.#view.matches(end.count, end.newest)) return 'incomplete';
      this.#view.advance(end.revision);
      return 'complete';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EtcdError && mayRecover(error)) return 'unknown';
      throw error;
    }
  }

  async #list(
    cause: ResyncReason,
    signal: AbortSignal,
  ): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: Revision }> {
    const { diagnostics, prefix } = this.#ports;
    const report = diagnostics.wants(mirrorTopic) ? new ListReport(this.#clock.now()) : undefined;
    const { pageSize } = this.#options;
    const retain = retainOption.get(this.#options);
    const list = (options: ReadOptions) =>
      listRange(
        this.#ports.kv,
        this.#range,
        pageSize ? { ...options, pageSize } : options,
        report ? report.measure(retain) : retain,
      );
    // A compaction between two pages is transient: the next list reads at a newer revision.
    const listed = await this.#retryRead(signal, list, (error) => error instanceof CompactedError);
    if (cause !== 'initial') diagnostics.counters.resyncs[cause]++;
    const { revision, kvs } = listed;
    report?.publish(diagnostics, this.#range, prefix, {
      cause,
      keys: kvs.length,
      revision,
      now: this.#clock.now(),
    });
    return listed;
  }

  /** Repeats the read until it succeeds or fails with an error that a retry cannot fix. */
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
        if (!mayRecover(error) && !isTransient(error)) throw error;
        if (onFailure) callSafely(() => onFailure(error), processWarning('onFailure of a mirror'));
        await this.#pause(backoffDelay(retryBackoff, attempt, this.#ports.random), signal);
      }
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return this.#withMirrorSignal(signal, (open) => delay(ms, open, { clock: this.#clock }));
  }

  /** Waits for the next change of the view, for `ms` milliseconds at most. */
  async #waitForChange(ms: number, signal: AbortSignal): Promise<void> {
    const releases: (() => void)[] = [];
    const changed = new Promise<void>((resolve, reject) => {
      releases.push(this.#changes.listen(resolve), onAbort(signal, reject));
    });
    try {
      await resolvesWithin(changed, ms, this.#clock); // an abort ends the timer, too
    } finally {
      for (const release of releases) release();
    }
  }
}

/** The reason to list again after this error. @throws the error itself when it is not a reason to list again. */
function resyncReason(error: unknown): ResyncReason {
  const reason = historyLoss(error);
  if (reason === undefined) throw error;
  return reason;
}
