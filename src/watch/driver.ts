import { type Clock, raceAbort, sharedAbort } from '../async/index.js';
import { ClosedError, EtcdError } from '../errors/index.js';
import type { Revision, WatchEvent, WireRange } from '../model/index.js';
import type { Duplex, WatchCalls, WatchRequest } from '../wire/index.js';
import {
  type TimerName,
  type WatchEffect,
  type WatcherKey,
  type WatchInput,
  WatchSession,
} from './core/index.js';
import { toReply } from './replies.js';

/** What one watcher asks of the server. */
export interface WatchSpec {
  readonly range: WireRange;
  readonly startRevision: Revision | undefined;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

/** Where one watcher's news goes. */
export interface WatchSink {
  ready(revision: Revision, nextRevision: Revision): void;
  deliver(events: readonly WatchEvent[]): void;
  progress(revision: Revision): void;
  finish(error: EtcdError): void;
}

export interface DriverPorts {
  readonly calls: WatchCalls;
  readonly clock: Clock;
  readonly random: () => number;
  /** The store's revision by a linearizable read inside the range, so that the watch's own permission suffices. */
  readonly pin: (range: WireRange, signal: AbortSignal) => Promise<Revision>;
  readonly requireLeader: boolean;
}

/** Performs what the session decides: owns the stream and the timers, knows nothing of revisions. */
export class WatchDriver {
  readonly #ports: DriverPorts;
  readonly #session: WatchSession;
  readonly #watchers = new Map<WatcherKey, { readonly spec: WatchSpec; readonly sink: WatchSink }>();
  readonly #timers = new Map<TimerName, () => void>();
  readonly #closing = sharedAbort();
  readonly #inputs: WatchInput[] = [];
  #running = false;
  #stream: Duplex<WatchRequest> | undefined;
  #nextKey = 1;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    // 2^40 and up: far from the ids a server or proxy gives by itself, which count from 0.
    const firstWatchId = 2n ** 40n + BigInt(Math.floor(ports.random() * 2 ** 40));
    this.#session = new WatchSession({ firstWatchId, random: ports.random });
  }

  start(spec: WatchSpec, sink: WatchSink): WatcherKey {
    const watcher = this.#nextKey++;
    this.#watchers.set(watcher, { spec, sink });
    this.#input({ type: 'watch', watcher, startRevision: spec.startRevision });
    return watcher;
  }

  stop(watcher: WatcherKey): void {
    if (this.#watchers.delete(watcher)) this.#input({ type: 'unwatch', watcher });
  }

  full(watcher: WatcherKey): void {
    this.#input({ type: 'full', watcher });
  }

  drained(watcher: WatcherKey): void {
    this.#input({ type: 'drained', watcher });
  }

  /** Ends every watcher with ClosedError and the stream with them. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    const watchers = [...this.#watchers];
    for (const [watcher, { sink }] of watchers) {
      this.stop(watcher);
      sink.finish(new ClosedError('the client'));
    }
    this.#closing.abort(new ClosedError('the client'));
  }

  /** One input at a time: an effect may cause the next input, which waits until the effects before it are done. */
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
      case 'pin':
        this.#pin(effect.watcher);
        return;
      case 'open-stream':
        this.#stream = this.#open();
        return;
      case 'close-stream':
        if (effect.owing) this.#stream?.abandon();
        else this.#stream?.cancel();
        this.#stream = undefined;
        return;
      case 'send-create':
        this.#sendCreate(effect.watcher, effect.watchId, effect.startRevision);
        return;
      case 'send-cancel':
        this.#stream?.send({ requestUnion: { $case: 'cancelRequest', value: { watchId: effect.watchId } } });
        return;
      case 'arm-timer':
        this.#arm(effect.timer, effect.delayMs);
        return;
      case 'disarm-timer':
        this.#disarm(effect.timer);
        return;
      default:
        this.#tell(effect);
    }
  }

  #tell(
    effect: WatchEffect & {
      readonly watcher: WatcherKey;
      readonly type: 'ready' | 'deliver' | 'progress' | 'finish';
    },
  ): void {
    const sink = this.#watchers.get(effect.watcher)?.sink;
    if (!sink) return;
    switch (effect.type) {
      case 'ready':
        sink.ready(effect.revision, effect.nextRevision);
        return;
      case 'deliver':
        sink.deliver(effect.events);
        return;
      case 'progress':
        sink.progress(effect.revision);
        return;
      case 'finish':
        this.#watchers.delete(effect.watcher);
        sink.finish(effect.error);
    }
  }

  #pin(watcher: WatcherKey): void {
    const spec = this.#watchers.get(watcher)?.spec;
    if (!spec) return;
    const { signal } = this.#closing;
    raceAbort(this.#ports.pin(spec.range, signal), signal).then(
      (revision) => this.#input({ type: 'pinned', watcher, revision }),
      (error) => {
        if (error instanceof EtcdError && !signal.aborted)
          this.#input({ type: 'pin-failed', watcher, error });
      },
    );
  }

  #open(): Duplex<WatchRequest> {
    return this.#ports.calls.watch(
      { requireLeader: this.#ports.requireLeader },
      {
        message: (response) =>
          this.#input({ type: 'reply', watchId: response.watchId, reply: toReply(response) }),
        end: (error) => {
          this.#stream = undefined;
          this.#input({ type: 'stream-lost', error });
        },
      },
    );
  }

  #sendCreate(watcher: WatcherKey, watchId: bigint, startRevision: Revision): void {
    const spec = this.#watchers.get(watcher)?.spec;
    if (!spec) return;
    const filters: (0 | 1)[] = [];
    if (spec.noPut) filters.push(0);
    if (spec.noDelete) filters.push(1);
    this.#stream?.send({
      requestUnion: {
        $case: 'createRequest',
        value: {
          ...spec.range,
          startRevision,
          watchId,
          prevKv: spec.prevKv,
          filters,
          fragment: true, // a response may be larger than any sane receive limit
          progressNotify: true, // keeps a quiet watch resumable past compaction
        },
      },
    });
  }

  #arm(timer: TimerName, delayMs: number): void {
    this.#disarm(timer);
    const cancel = this.#ports.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      this.#input({ type: 'timer', timer });
    });
    this.#timers.set(timer, cancel);
  }

  #disarm(timer: TimerName): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }
}
