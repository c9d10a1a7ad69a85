import { type Clock, EffectLoop, raceAbort } from '../async/index.js';
import { ClosedError, type EtcdError, requestError, toEtcdError } from '../errors/index.js';
import { describeAccess, type Revision, type WatchEvent } from '../model/index.js';
import type { WatchCalls } from '../wire/index.js';
import {
  type StreamStatus,
  type WatchEffect,
  type WatcherKey,
  type WatchInput,
  WatchSession,
} from './core/index.js';
import { StartCheckReads } from './start-check-reads.js';
import { createRequest, type WatchSpec } from './watch-request.js';
import { WatchStreams } from './watch-streams.js';

/** Receives the events of one watcher. */
export interface WatchSink {
  /** The watcher is no longer live. `resumed` follows, unless it ends. */
  interrupted(): void;
  /** The watcher is live again, from that revision on. */
  resumed(fromRevision: Revision): void;
  /** etcd has acknowledged the watcher for the first time; see the effect `ready`. */
  ready(revision: Revision, nextRevision: Revision): void;
  deliver(events: readonly WatchEvent[]): void;
  progress(revision: Revision): void;
  finish(error: EtcdError): void;
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
}

interface WatcherEntry {
  readonly spec: WatchSpec;
  readonly sink: WatchSink;
}

/** The effects that go to a watcher's sink. */
type SinkEffect = WatchEffect & {
  readonly type: 'ready' | 'interrupted' | 'resumed' | 'deliver' | 'progress' | 'finish';
};

/** Performs the effects of a session, and makes no decision about revisions. */
export class WatchDriver {
  readonly #ports: DriverPorts;
  readonly #watchers = new Map<WatcherKey, WatcherEntry>();
  readonly #streams: WatchStreams;
  readonly #loop: EffectLoop<WatchInput, WatchEffect>;
  readonly #closing = new AbortController();
  readonly #startChecks: StartCheckReads;
  #nextKey = 1;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    // From 2^40 on, far from the ids that a server or proxy assigns, which count from 0.
    const firstWatchId = 2n ** 40n + BigInt(Math.floor(ports.random() * 2 ** 40));
    const { random, maxRevisionBytes } = ports;
    const session = new WatchSession({ firstWatchId, random, maxRevisionBytes });
    this.#loop = new EffectLoop(
      (input) => session.handle(input),
      (effect) => this.#perform(effect),
    );
    this.#streams = new WatchStreams(ports, (input) => this.#loop.dispatch(input));
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

  start(spec: WatchSpec, sink: WatchSink): WatcherKey {
    const watcher = this.#nextKey++;
    this.#watchers.set(watcher, { spec, sink });
    this.#loop.dispatch({
      type: 'watch',
      watcher,
      range: spec.range,
      startRevision: spec.startRevision,
      knownRevision: spec.knownRevision,
    });
    return watcher;
  }

  stop(watcher: WatcherKey): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#startChecks.remove(watcher);
    this.#loop.dispatch({ type: 'unwatch', watcher });
  }

  bufferFull(watcher: WatcherKey): void {
    this.#loop.dispatch({ type: 'buffer-full', watcher });
  }

  bufferDrained(watcher: WatcherKey): void {
    this.#loop.dispatch({ type: 'buffer-drained', watcher });
  }

  /** Ends all watchers with ClosedError, and their streams. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    for (const [watcher, { sink }] of [...this.#watchers]) {
      this.stop(watcher);
      sink.finish(new ClosedError('the client'));
    }
    this.#closing.abort(new ClosedError('the client'));
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
      case 'arm-timer':
      case 'disarm-timer':
        this.#streams.perform(effect);
        return;
      case 'status':
        this.#ports.onStatus(effect.status);
        return;
      default:
        this.#notify(effect);
    }
  }

  #notify(effect: SinkEffect): void {
    const driven = this.#watchers.get(effect.watcher);
    if (!driven) return;
    const { sink, spec } = driven;
    switch (effect.type) {
      case 'ready':
        sink.ready(effect.revision, effect.nextRevision);
        return;
      case 'interrupted':
        sink.interrupted();
        return;
      case 'resumed':
        sink.resumed(effect.fromRevision);
        return;
      case 'deliver':
        sink.deliver(effect.events);
        return;
      case 'progress':
        sink.progress(effect.revision);
        return;
      case 'finish':
        this.#watchers.delete(effect.watcher);
        this.#startChecks.remove(effect.watcher);
        sink.finish(this.#withRequest(effect.error, spec));
    }
  }

  #withRequest(error: EtcdError, { range }: WatchSpec): EtcdError {
    const touched = describeAccess([{ range, access: 'read' }]);
    return requestError(error, { method: 'Watch', ...touched, ...this.#ports.calls.user });
  }

  #readRevision(watcher: WatcherKey): void {
    const spec = this.#watchers.get(watcher)?.spec;
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
    const spec = this.#watchers.get(watcher)?.spec;
    if (spec) this.#startChecks.add(watcher, spec.range.key, startRevision);
  }

  #sendCreate({
    slot,
    watcher,
    watchId,
    startRevision,
    fragments,
  }: WatchEffect & { readonly type: 'send-create' }): void {
    const spec = this.#watchers.get(watcher)?.spec;
    if (spec) this.#streams.send(slot, createRequest(spec, { watchId, startRevision, fragments }));
  }
}
