import { type BackoffOptions, backoffDelay } from '../../async/backoff.js';
import { Code, type EtcdError, errorFromServer } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import { CreateQueue } from './create-queue.js';
import type { WatchReply } from './cursor.js';
import { ProgressRequests } from './progress-requests.js';
import type { SlotKey, TimerName, TokenGeneration, WatchEffect } from './protocol.js';
import type { AssignedSlot, WatcherState } from './watcher-state.js';

/** The decisions that a slot leaves to its session. */
export interface StreamSlotHost {
  readonly random: () => number;
  /** The generation of the token with which the next stream is opened. */
  generation(): TokenGeneration;
  nextWatchId(): bigint;
  emit(effect: WatchEffect): void;
  onAcknowledged(state: WatcherState, headerRevision: Revision): void;
  /** The watcher is on no open stream, for an unknown time. */
  onInterrupted(state: WatcherState): void;
  /** Returns whether the reply advanced the watcher. */
  onReply(state: WatcherState, reply: WatchReply & { kind: 'events' | 'progress' }): boolean;
  /** The server has cancelled or refused the watcher, which is no longer on the slot. `generation` is the slot's. */
  onServerCancel(
    state: WatcherState,
    reply: WatchReply & { kind: 'cancelled' | 'refused' },
    generation: TokenGeneration,
  ): void;
}

/** The pauses between two streams. They are short: a restart takes a moment, and another member may be available. */
export const reopenBackoff: BackoffOptions = { baseMs: 50, maxMs: 5_000 };
/** grpc-js itself has no timeout for a peer that accepts the stream and stays silent. */
const createTimeoutMs = 10_000;
/** A stream that is open for this long without a reply is idle rather than failing. */
const stableAfterMs = 30_000;
/** How often progress is requested: it moves the cursor of an idle watch past revisions that may be compacted. */
const progressIntervalMs = 60_000;

interface Stream {
  readonly creates: CreateQueue;
  /** The watchers whose create is unanswered, by the requested id. */
  readonly creating: Map<bigint, WatcherState>;
  /** The live watchers, by the acknowledged id. */
  readonly byWatchId: Map<bigint, WatcherState>;
  readonly progressRequests: ProgressRequests;
  progressTrusted: boolean;
  losesDeletes: boolean | undefined;
}

/**
 * One gRPC stream and its successors. The slot opens a stream when a watcher waits for one, creates its watchers on it,
 * closes it when a create is not answered in time, and after a loss pauses and opens the next one. Its session decides
 * what the cancellation of a watcher means.
 */
export class StreamSlot {
  readonly key: SlotKey;
  /** The generation of the token with which its last stream was opened. */
  generation: TokenGeneration;
  /** Whether the slot is for one watcher that has not caught up, rather than shared by those that have. */
  readonly dedicated: boolean;
  readonly #host: StreamSlotHost;
  readonly #watchers = new Set<WatcherState>();
  /** The watchers in phase `waiting`, oldest first. */
  readonly #waiting = new Set<WatcherState>();
  #stream: Stream | undefined;
  /** How many streams were lost in a row without a delivery. */
  #failures = 0;
  /** How many streams had a malformed response since the last stable one. Deliveries do not reset it. */
  #malformedStreams = 0;
  #reopening = false;

  constructor(
    { key, generation, dedicated }: Omit<AssignedSlot, 'viaProxy' | 'losesDeletes'>,
    host: StreamSlotHost,
  ) {
    this.key = key;
    this.generation = generation;
    this.dedicated = dedicated;
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** Whether the peer chooses its own ids, as a grpc-proxy always does and etcd never. */
  get viaProxy(): boolean {
    return this.#stream?.creates.echoesIds === false;
  }

  get losesDeletes(): boolean | undefined {
    return this.#stream?.losesDeletes;
  }

  get watchers(): Iterable<WatcherState> {
    return this.#watchers;
  }

  /** How many streams were lost in a row without a delivery. */
  get failures(): number {
    return this.#failures;
  }

  add(state: WatcherState): void {
    state.detach('waiting');
    if (this.#reopening) this.#host.onInterrupted(state);
    state.slot = this;
    this.#watchers.add(state);
    this.#waiting.add(state);
  }

  /** An unanswered create is cancelled when its answer arrives: etcd ignores the cancellation of an unknown id. */
  remove(state: WatcherState): void {
    if (state.phase === 'live' && state.watchId !== undefined && this.#stream) {
      this.#stream.byWatchId.delete(state.watchId);
      this.#host.emit({ type: 'send-cancel', slot: this.key, watchId: state.watchId });
    }
    this.#removeWatcher(state);
  }

  /** Opens the stream, creates waiting watchers on it, or closes it when there are none left. */
  advance(): void {
    if (this.isEmpty) {
      this.#close();
      return;
    }
    if (this.#waiting.size === 0 || this.#reopening) return;
    const stream = this.#stream ?? this.#open();
    for (const state of this.#waiting) {
      if (!stream.creates.canSend) return;
      this.#waiting.delete(state);
      this.#sendCreate(stream, state);
    }
  }

  onReply(watchId: bigint, reply: WatchReply): void {
    if (!this.#stream) return;
    switch (reply.kind) {
      case 'created':
        this.#onCreated(this.#stream, watchId, reply.headerRevision);
        return;
      case 'refused':
        this.#onRefused(this.#stream, reply);
        return;
      case 'cancelled':
        this.#onCancelled(this.#stream, watchId, reply);
        return;
      case 'progress':
        this.#onProgress(this.#stream, watchId, reply);
        return;
      case 'events': {
        // Events may still arrive for a watcher that has left.
        const state = this.#stream.byWatchId.get(watchId);
        if (!state) return;
        const violation = state.protocolViolation(reply);
        if (violation !== undefined) this.#onMalformed(violation);
        else if (this.#host.onReply(state, reply)) this.#failures = 0;
      }
    }
  }

  /** The stream is lost. Its watchers wait for the next one. */
  onStreamLost(error: EtcdError): void {
    if (!this.#stream) return;
    this.#dropStream();
    const delayMs = backoffDelay(reopenBackoff, this.#failures++, this.#host.random);
    this.#reopening = true;
    this.#host.emit({
      type: 'status',
      status: { type: 'disconnected', slot: this.key, attempt: this.#failures, error },
    });
    this.#host.emit({
      type: 'status',
      status: { type: 'reopening', slot: this.key, attempt: this.#failures, delayMs },
    });
    this.#arm('reopen', delayMs);
  }

  onTimer(timer: TimerName): void {
    switch (timer) {
      case 'reopen':
        this.#reopening = false;
        return;
      case 'stable':
        this.#failures = 0;
        this.#malformedStreams = 0;
        return;
      case 'progress':
        this.requestProgress();
        this.#arm('progress', progressIntervalMs);
        return;
      case 'create-timeout':
        if (!this.#stream || this.#stream.creates.size === 0) return;
        this.#host.emit({ type: 'close-stream', slot: this.key, unresponsive: true });
        this.onStreamLost(
          errorFromServer(Code.UNAVAILABLE, `no response to a watch request within ${createTimeoutMs} ms`),
        );
        return;
      case 'retry':
        return;
    }
  }

  trustProgress(): void {
    if (!this.#stream || this.#stream.progressTrusted) return;
    this.#stream.progressTrusted = true;
    this.#arm('progress', Math.floor(progressIntervalMs * (0.5 + this.#host.random() / 2)));
  }

  setLosesDeletes(losesDeletes: boolean): void {
    if (this.#stream) this.#stream.losesDeletes = losesDeletes;
  }

  requestProgress(): void {
    if (!this.#stream?.progressTrusted || this.#stream.byWatchId.size === 0) return;
    this.#stream.progressRequests.onSent(this.#stream.byWatchId.keys());
    this.#host.emit({ type: 'send-progress', slot: this.key });
  }

  #open(): Stream {
    this.#stream = {
      creates: new CreateQueue(),
      creating: new Map(),
      byWatchId: new Map(),
      progressRequests: new ProgressRequests(),
      progressTrusted: false,
      losesDeletes: undefined,
    };
    this.generation = this.#host.generation();
    this.#host.emit({ type: 'open-stream', slot: this.key, generation: this.generation });
    this.#arm('stable', stableAfterMs);
    return this.#stream;
  }

  #sendCreate(stream: Stream, state: WatcherState): void {
    const watchId = this.#host.nextWatchId();
    state.phase = 'creating';
    state.watchId = watchId;
    state.requestedStart = state.cursor;
    stream.creating.set(watchId, state);
    stream.creates.add(watchId);
    this.#host.emit({
      type: 'send-create',
      slot: this.key,
      watcher: state.key,
      watchId,
      startRevision: state.cursor,
    });
    this.#arm('create-timeout', createTimeoutMs);
  }

  #onCreated(stream: Stream, watchId: bigint, headerRevision: Revision): void {
    const state = this.#takeAnswered(stream, stream.creates.takeCreated(watchId));
    if (!state) {
      this.#host.emit({ type: 'send-cancel', slot: this.key, watchId });
      return;
    }
    state.watchId = watchId;
    state.phase = 'live';
    stream.byWatchId.set(watchId, state);
    this.#host.onAcknowledged(state, headerRevision);
  }

  /** Returns the watcher whose create was answered; undefined when it has left. */
  #takeAnswered(stream: Stream, requestedId: bigint | undefined): WatcherState | undefined {
    if (stream.creates.size === 0) this.#disarm('create-timeout');
    if (requestedId === undefined) return undefined;
    const state = stream.creating.get(requestedId);
    stream.creating.delete(requestedId);
    return state;
  }

  #onRefused(stream: Stream, reply: WatchReply & { kind: 'refused' }): void {
    const state = this.#takeAnswered(stream, stream.creates.takeRefused());
    if (!state) return;
    this.#removeWatcher(state);
    this.#host.onServerCancel(state, reply, this.generation);
  }

  #onCancelled(stream: Stream, watchId: bigint, reply: WatchReply & { kind: 'cancelled' }): void {
    const state = stream.byWatchId.get(watchId);
    if (!state) return; // the confirmation of a requested cancellation
    stream.byWatchId.delete(watchId);
    // A grpc-proxy keeps the watch and adds others of the same range to it, which receive nothing more (etcd#10650).
    if (this.viaProxy) this.#host.emit({ type: 'send-cancel', slot: this.key, watchId });
    this.#removeWatcher(state);
    this.#host.onServerCancel(state, reply, this.generation);
  }

  /** Progress with id -1 answers a request, and covers all watchers that were live when the request was written. */
  #onProgress(stream: Stream, watchId: bigint, reply: WatchReply & { kind: 'progress' }): void {
    if (reply.headerRevision === 0n) return; // never sent by etcd, but by some proxies
    const ids = watchId === -1n ? stream.progressRequests.takeCovered() : [watchId];
    for (const id of ids) {
      const state = stream.byWatchId.get(id);
      if (!state || state.midResponse) continue;
      if (this.#host.onReply(state, reply)) this.#failures = 0;
    }
  }

  #onMalformed(violation: string): void {
    this.#host.emit({ type: 'close-stream', slot: this.key, unresponsive: false });
    this.#failures = Math.max(this.#failures, this.#malformedStreams++);
    this.onStreamLost(
      errorFromServer(Code.INTERNAL, `the answer to Watch is not of etcd's protocol: ${violation}`),
    );
  }

  #close(): void {
    if (this.#stream) {
      this.#host.emit({ type: 'close-stream', slot: this.key, unresponsive: false });
      this.#dropStream();
    }
    if (this.#reopening) {
      this.#reopening = false;
      this.#disarm('reopen');
    }
  }

  #dropStream(): void {
    this.#stream = undefined;
    for (const timer of ['create-timeout', 'stable', 'progress'] as const) this.#disarm(timer);
    for (const state of this.#watchers) {
      state.lostSlot = this.key;
      this.#host.onInterrupted(state);
      state.detach('waiting');
      this.#waiting.add(state);
    }
  }

  #removeWatcher(state: WatcherState): void {
    if (state.watchId !== undefined) this.#stream?.creating.delete(state.watchId);
    state.slot = undefined;
    state.watchId = undefined;
    this.#watchers.delete(state);
    this.#waiting.delete(state);
  }

  #arm(timer: TimerName, delayMs: number): void {
    this.#host.emit({ type: 'arm-timer', timer, slot: this.key, delayMs });
  }

  #disarm(timer: TimerName): void {
    this.#host.emit({ type: 'disarm-timer', timer, slot: this.key });
  }
}
