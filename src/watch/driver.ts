import { type Clock, EffectLoop, inRootContext, raceAbort } from '../async/index.js';
import type { ClientDiagnostics, MutableMetrics } from '../diagnostics/index.js';
import { ClosedError, type EtcdError, requestError, toEtcdError } from '../errors/index.js';
import { describeAccess, type Revision, type WatchEvent, type WireRange } from '../model/index.js';
import type { WatchCalls } from '../wire/index.js';
import type { BufferUsage } from './buffer-usage.js';
import {
  type StreamStatus,
  type WatchEffect,
  type WatcherKey,
  type WatchInput,
  WatchSession,
} from './core/index.js';
import { StartCheckReads } from './start-check-reads.js';
import { WatchReporter } from './watch-reporter.js';
import { createRequest, type WatchSpec, type WatchStart } from './watch-request.js';
import { WatchStreams } from './watch-streams.js';

/** Receives the events of all watchers. Functions of the watcher, so that it needs no closures. */
export interface WatchSink<W> {
  specOf(watcher: W): WatchSpec;
  /** The watcher is no longer live. `resumed` follows, unless it ends. */
  interrupted(watcher: W): void;
  /** The watcher is live again, from that revision on. */
  resumed(watcher: W, fromRevision: Revision): void;
  /** etcd has acknowledged the watcher for the first time; see the effect `ready`. */
  ready(watcher: W, revision: Revision, nextRevision: Revision): void;
  deliver(watcher: W, events: readonly WatchEvent[]): void;
  progress(watcher: W, revision: Revision): void;
  finish(watcher: W, error: EtcdError): void;
  /** For how long the watcher has not been live, in milliseconds; 0 while it is. */
  downMs(watcher: W): number;
  /** Adds the state of an open watcher to the metrics. */
  addTo(watcher: W, metrics: MutableMetrics['watch']): void;
}

export interface DriverPorts {
  readonly calls: WatchCalls;
  readonly clock: Clock;
  readonly random: () => number;
  /** As in SessionOptions. */
  readonly maxRevisionBytes: number;
  /** Reads the store's revision, linearizably and with that key, for which the user has permission. */
  readonly readRevision: (key: Buffer, signal: AbortSignal) => Promise<Revision>;
  /** Reads the key at that revision, linearizably. */
  readonly readAt: (key: Buffer, revision: Revision, signal: AbortSignal) => Promise<void>;
  readonly requireLeader: boolean;
  readonly onStatus: (status: StreamStatus) => void;
  readonly diagnostics: ClientDiagnostics;
  /** Makes the number of a slot or a watcher of this driver unique within the client. */
  readonly clientWide: (number: number) => number;
}

/** The effects that go to a watcher's sink. */
type SinkEffect = WatchEffect & {
  readonly type: 'ready' | 'interrupted' | 'resumed' | 'caught-up' | 'deliver' | 'progress' | 'finish';
};

/** Performs the effects of a session, and makes no decision about revisions. */
export class WatchDriver<W> {
  readonly #ports: DriverPorts;
  readonly #sink: WatchSink<W>;
  readonly #reporter: WatchReporter<W>;
  readonly #watchers = new Map<WatcherKey, W>();
  readonly #streams: WatchStreams;
  readonly #loop: EffectLoop<WatchInput, WatchEffect>;
  readonly #closing = new AbortController();
  readonly #startChecks: StartCheckReads;
  #nextKey = 1;

  constructor(ports: DriverPorts, sink: WatchSink<W>) {
    this.#ports = ports;
    this.#sink = sink;
    this.#reporter = new WatchReporter(ports.diagnostics, {
      clientWide: ports.clientWide,
      rangeOf: (watcher) => sink.specOf(watcher).range,
      downMs: (watcher) => sink.downMs(watcher),
    });
    // From 2^40 on, far from the ids that a server or proxy assigns, which count from 0.
    const firstWatchId = 2n ** 40n + BigInt(Math.floor(ports.random() * 2 ** 40));
    const { random, maxRevisionBytes } = ports;
    const session = new WatchSession({ firstWatchId, random, maxRevisionBytes });
    this.#loop = new EffectLoop(
      (input) => session.handle(input),
      (effect) => this.#perform(effect),
    );
    this.#streams = new WatchStreams(ports, this.#reporter, (input) => this.#loop.dispatch(input));
    this.#startChecks = new StartCheckReads(
      {
        ...ports,
        compacted: (watcher, startRevision) =>
          this.#loop.dispatch({ type: 'start-compacted', watcher, startRevision }),
      },
      this.#closing.signal,
    );
    if (ports.calls.tokenGeneration > 0)
      this.#loop.dispatch({ type: 'token', generation: ports.calls.tokenGeneration });
    ports.calls.onToken((generation) => this.#loop.dispatch({ type: 'token', generation }));
    ports.calls.onStoreReplaced((error) => this.#loop.dispatch({ type: 'store-replaced', error }));
  }

  /** The watcher must know its spec already. Its events go to the sink from now on. */
  start(watcher: W, range: WireRange, { startRevision, knownRevision }: WatchStart): WatcherKey {
    const key = this.#nextKey++;
    this.#watchers.set(key, watcher);
    this.#dispatch({ type: 'watch', watcher: key, range, startRevision, knownRevision });
    return key;
  }

  stop(watcher: WatcherKey): void {
    const stopped = this.#watchers.get(watcher);
    if (stopped === undefined) return;
    this.#watchers.delete(watcher);
    this.#reporter.ended(stopped, watcher, undefined);
    this.#startChecks.remove(watcher);
    this.#dispatch({ type: 'unwatch', watcher });
  }

  bufferFull(key: WatcherKey, usage: BufferUsage): void {
    const watcher = this.#watchers.get(key);
    if (watcher !== undefined) this.#reporter.paused(watcher, key, usage);
    this.#dispatch({ type: 'buffer-full', watcher: key });
  }

  bufferDrained(watcher: WatcherKey): void {
    this.#dispatch({ type: 'buffer-drained', watcher });
  }

  /** Adds the state of the watchers and streams to the metrics. */
  addTo({ watch }: MutableMetrics): void {
    for (const watcher of this.#watchers.values()) this.#sink.addTo(watcher, watch);
    watch.streams += this.#streams.openCount;
  }

  /** Ends all watchers with ClosedError, and their streams. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    for (const [key, watcher] of [...this.#watchers]) {
      this.stop(key);
      this.#sink.finish(watcher, new ClosedError('the client'));
    }
    this.#closing.abort(new ClosedError('the client'));
  }

  /** Handles what a caller asked for, outside its context: the watchers share streams, and the read of the revision. */
  #dispatch(input: WatchInput): void {
    inRootContext(() => this.#loop.dispatch(input));
  }

  #perform(effect: WatchEffect): void {
    switch (effect.type) {
      case 'schedule-pin-read':
        queueMicrotask(() => this.#loop.dispatch({ type: 'pin-read-due' }));
        return;
      case 'read-pin':
        this.#readPin(effect.range.key);
        return;
      case 'read-revision':
        this.#readRevision(effect.watcher);
        return;
      case 'check-start':
        this.#checkStart(effect.watcher, effect.startRevision);
        return;
      case 'refresh-token':
        this.#refreshToken(effect.generation, effect.error);
        return;
      case 'send-create':
        this.#sendCreate(effect);
        return;
      case 'open-stream':
      case 'close-stream':
      case 'send-cancel':
      case 'send-progress':
      case 'send-probe':
      case 'arm-timer':
      case 'disarm-timer':
        this.#streams.perform(effect);
        return;
      case 'status':
        this.#reporter.onStatus(effect.status);
        this.#ports.onStatus(effect.status);
        return;
      default:
        this.#notify(effect);
    }
  }

  #notify(effect: SinkEffect): void {
    const watcher = this.#watchers.get(effect.watcher);
    if (!watcher) return;
    const sink = this.#sink;
    switch (effect.type) {
      case 'ready':
        this.#reporter.opened(watcher, effect);
        sink.ready(watcher, effect.revision, effect.nextRevision);
        return;
      case 'interrupted':
        sink.interrupted(watcher);
        return;
      case 'resumed':
        this.#reporter.resumed(watcher, effect);
        sink.resumed(watcher, effect.fromRevision);
        return;
      case 'caught-up':
        this.#reporter.caughtUp(watcher, effect);
        return;
      case 'deliver':
        sink.deliver(watcher, effect.events);
        return;
      case 'progress':
        sink.progress(watcher, effect.revision);
        return;
      case 'finish':
        this.#watchers.delete(effect.watcher);
        this.#startChecks.remove(effect.watcher);
        this.#finish(watcher, effect);
    }
  }

  #finish(watcher: W, { watcher: key, error: cause }: WatchEffect & { readonly type: 'finish' }): void {
    const error = this.#withRequest(cause, this.#sink.specOf(watcher));
    this.#reporter.ended(watcher, key, error);
    this.#sink.finish(watcher, error);
  }

  #specOf(key: WatcherKey): WatchSpec | undefined {
    const watcher = this.#watchers.get(key);
    return watcher && this.#sink.specOf(watcher);
  }

  #withRequest(error: EtcdError, { range }: WatchSpec): EtcdError {
    const touched = describeAccess([{ range, access: 'read' }]);
    return requestError(error, { method: 'Watch', ...touched, ...this.#ports.calls.user });
  }

  #readRevision(watcher: WatcherKey): void {
    const spec = this.#specOf(watcher);
    if (!spec) return;
    this.#read(
      spec.range.key,
      (revision) => ({ type: 'revision', watcher, revision }),
      (error) => ({ type: 'revision-failed', watcher, error }),
    );
  }

  #readPin(key: Buffer): void {
    this.#read(
      key,
      (revision) => ({ type: 'pin-read', revision }),
      (error) => ({ type: 'pin-read-failed', error }),
    );
  }

  #read(
    key: Buffer,
    answered: (revision: Revision) => WatchInput,
    failed: (error: EtcdError) => WatchInput,
  ): void {
    const { signal } = this.#closing;
    raceAbort(this.#ports.readRevision(key, signal), signal).then(
      (revision) => this.#loop.dispatch(answered(revision)),
      (error) => {
        if (!signal.aborted) this.#loop.dispatch(failed(toEtcdError(error)));
      },
    );
  }

  /** A new token reaches all drivers through `onToken`. */
  #refreshToken(generation: number, cause: EtcdError): void {
    this.#ports.calls.refreshToken(generation, cause).then(
      () => this.#loop.dispatch({ type: 'token', generation: this.#ports.calls.tokenGeneration }),
      (error) => this.#loop.dispatch({ type: 'token-failed', error: toEtcdError(error) }),
    );
  }

  #checkStart(watcher: WatcherKey, startRevision: Revision): void {
    const spec = this.#specOf(watcher);
    if (spec) this.#startChecks.add(watcher, spec.range.key, startRevision);
  }

  #sendCreate({
    slot,
    watcher,
    watchId,
    startRevision,
    fragments,
  }: WatchEffect & { readonly type: 'send-create' }): void {
    const spec = this.#specOf(watcher);
    if (spec) this.#streams.send(slot, createRequest(spec, { watchId, startRevision, fragments }));
  }
}
