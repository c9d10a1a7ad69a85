import { type Clock, raceAbort } from '../async/index.js';
import { ClosedError, type EtcdError, requestError, toEtcdError } from '../errors/index.js';
import { describeAccess, type Revision, type WatchEvent } from '../model/index.js';
import type { Duplex, Member, WatchCalls, WatchRequest } from '../wire/index.js';
import {
  type SlotKey,
  type StreamStatus,
  type TimerName,
  type WatchEffect,
  type WatcherKey,
  type WatchInput,
  WatchSession,
} from './core/index.js';
import { toReply } from './replies.js';
import { hasReliableProgress, losesDeletes } from './server-version.js';
import { StartCheckReads } from './start-check-reads.js';
import { createRequest, type WatchSpec } from './watch-request.js';

/** Receives what happens to one watcher. */
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
  /** Reads the store's revision, linearizably and within the watcher's range, for which the user has permission. */
  readonly readRevision: (spec: WatchSpec, signal: AbortSignal) => Promise<Revision>;
  /** Reads one key of the range at that revision, linearizably. */
  readonly readAt: (spec: WatchSpec, revision: Revision, signal: AbortSignal) => Promise<void>;
  readonly requireLeader: boolean;
  readonly onStatus: (status: StreamStatus) => void;
}

interface OpenStream {
  readonly duplex: Duplex<WatchRequest>;
  /** The create timeout that starts when the stream has a member. */
  createTimeoutMs: number | undefined;
  opened: boolean;
}

interface WatcherEntry {
  readonly spec: WatchSpec;
  readonly sink: WatchSink;
}

/** The effects that go to a watcher's sink. */
type SinkEffect = WatchEffect & {
  readonly type: 'ready' | 'interrupted' | 'resumed' | 'deliver' | 'progress' | 'finish';
};

/** Performs the effects of a session. It owns the streams and the timers, and makes no decision about revisions. */
export class WatchDriver {
  readonly #ports: DriverPorts;
  readonly #session: WatchSession;
  readonly #watchers = new Map<WatcherKey, WatcherEntry>();
  readonly #streams = new Map<SlotKey, OpenStream>();
  readonly #timers = new Map<string, () => void>();
  readonly #closing = new AbortController();
  readonly #startChecks: StartCheckReads;
  readonly #inputs: WatchInput[] = [];
  #running = false;
  #nextKey = 1;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    // From 2^40 on, far from the ids that a server or proxy assigns, which count from 0.
    const firstWatchId = 2n ** 40n + BigInt(Math.floor(ports.random() * 2 ** 40));
    const { random, maxRevisionBytes } = ports;
    this.#session = new WatchSession({ firstWatchId, random, maxRevisionBytes });
    this.#startChecks = new StartCheckReads(
      {
        ...ports,
        compacted: (watcher, startRevision) =>
          this.#input({ type: 'start-compacted', watcher, startRevision }),
      },
      this.#closing.signal,
    );
    if (ports.calls.tokenGeneration > 0)
      this.#input({ type: 'token', generation: ports.calls.tokenGeneration });
    ports.calls.onToken((generation) => this.#input({ type: 'token', generation }));
    ports.calls.onStoreReplaced((error) => this.#input({ type: 'store-replaced', error }));
  }

  start(spec: WatchSpec, sink: WatchSink): WatcherKey {
    const watcher = this.#nextKey++;
    this.#watchers.set(watcher, { spec, sink });
    this.#input({
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
    this.#input({ type: 'unwatch', watcher });
  }

  bufferFull(watcher: WatcherKey): void {
    this.#input({ type: 'buffer-full', watcher });
  }

  bufferDrained(watcher: WatcherKey): void {
    this.#input({ type: 'buffer-drained', watcher });
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

  /** Handles one input at a time: an input that an effect causes waits until all effects before it are performed. */
  #input(input: WatchInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        for (const effect of this.#session.handle(next)) this.#perform(effect);
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(effect: WatchEffect): void {
    switch (effect.type) {
      case 'read-revision':
        this.#readRevision(effect.watcher);
        return;
      case 'check-start': {
        const spec = this.#watchers.get(effect.watcher)?.spec;
        if (spec) this.#startChecks.add(effect.watcher, spec, effect.startRevision);
        return;
      }
      case 'refresh-token':
        this.#refreshToken(effect.generation, effect.error);
        return;
      case 'open-stream':
        this.#streams.set(effect.slot, this.#open(effect.slot));
        return;
      case 'close-stream':
        if (effect.unresponsive) this.#streams.get(effect.slot)?.duplex.cancelUnresponsive();
        else this.#streams.get(effect.slot)?.duplex.cancel();
        this.#streams.delete(effect.slot);
        return;
      case 'send-create':
        this.#sendCreate(effect);
        return;
      case 'send-cancel':
        this.#streams
          .get(effect.slot)
          ?.duplex.send({ requestUnion: { $case: 'cancelRequest', value: { watchId: effect.watchId } } });
        return;
      case 'send-progress':
        this.#streams
          .get(effect.slot)
          ?.duplex.send({ requestUnion: { $case: 'progressRequest', value: {} } });
        return;
      case 'arm-timer':
        this.#armTimer(effect);
        return;
      case 'disarm-timer':
        this.#disarmTimer(effect);
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
    const { signal } = this.#closing;
    raceAbort(this.#ports.readRevision(spec, signal), signal).then(
      (revision) => this.#input({ type: 'revision', watcher, revision }),
      (error) => {
        if (!signal.aborted) this.#input({ type: 'revision-failed', watcher, error: toEtcdError(error) });
      },
    );
  }

  /** A new token reaches all drivers through `onToken`. */
  #refreshToken(generation: number, cause: EtcdError): void {
    this.#ports.calls.refreshToken(generation, cause).then(
      () => this.#input({ type: 'token', generation: this.#ports.calls.tokenGeneration }),
      (error) => this.#input({ type: 'token-failed', error: toEtcdError(error) }),
    );
  }

  #open(slot: SlotKey): OpenStream {
    // The slot may have another stream by the time the last callbacks of this one run.
    const isCurrent = () => this.#streams.get(slot) === stream;
    const duplex = this.#ports.calls.watch(
      { requireLeader: this.#ports.requireLeader },
      {
        opened: (member) => this.#opened(slot, stream, member),
        message: (response) => {
          if (!isCurrent()) return;
          this.#input({ type: 'reply', slot, watchId: response.watchId, reply: toReply(response) });
        },
        end: (error) => {
          if (!isCurrent()) return;
          this.#streams.delete(slot);
          this.#input({ type: 'stream-lost', slot, error });
        },
      },
    );
    const stream: OpenStream = { duplex, createTimeoutMs: undefined, opened: false };
    return stream;
  }

  #opened(slot: SlotKey, stream: OpenStream, member: Member): void {
    stream.opened = true;
    if (stream.createTimeoutMs !== undefined) this.#arm('create-timeout', slot, stream.createTimeoutMs);
    this.#ports.calls.versionOf(member).then(
      (version) => {
        if (this.#streams.get(slot) !== stream) return;
        if (hasReliableProgress(version)) this.#input({ type: 'progress-trusted', slot });
        this.#input({ type: 'server-version', slot, losesDeletes: losesDeletes(version) });
      },
      () => {}, // progress of an unknown version is not trusted
    );
  }

  #sendCreate({
    slot,
    watcher,
    watchId,
    startRevision,
  }: WatchEffect & { readonly type: 'send-create' }): void {
    const spec = this.#watchers.get(watcher)?.spec;
    if (spec) this.#streams.get(slot)?.duplex.send(createRequest(spec, watchId, startRevision));
  }

  /** Without a member there is no create timeout: the pool keeps connecting, and a new stream would not be faster. */
  #armTimer({ timer, slot, delayMs }: WatchEffect & { readonly type: 'arm-timer' }): void {
    const stream = this.#streams.get(slot);
    if (timer === 'create-timeout' && stream && !stream.opened) stream.createTimeoutMs = delayMs;
    else this.#arm(timer, slot, delayMs);
  }

  #arm(timer: TimerName, slot: SlotKey, delayMs: number): void {
    const name = `${timer} ${slot}`;
    this.#disarm(name);
    const cancel = this.#ports.clock.setTimer(delayMs, () => {
      this.#timers.delete(name);
      this.#input({ type: 'timer', timer, slot });
    });
    this.#timers.set(name, cancel);
  }

  #disarmTimer({ timer, slot }: WatchEffect & { readonly type: 'disarm-timer' }): void {
    const stream = this.#streams.get(slot);
    if (timer === 'create-timeout' && stream) stream.createTimeoutMs = undefined;
    this.#disarm(`${timer} ${slot}`);
  }

  #disarm(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
