import { type BackoffOptions, backoffDelay } from '../../async/backoff.js';
import { Code, type EtcdError, errorFromServer } from '../../errors/index.js';
import type { SessionContext } from './context.js';
import type { WatchReply } from './cursor.js';
import { OpenStream } from './open-stream.js';
import type { SlotKey, TimerName, TokenGeneration } from './protocol.js';
import type { SlotOutcome } from './slot-outcome.js';
import type { AssignedSlot, WatcherState } from './watcher-state.js';

/** The pauses between two streams. They are short: a restart takes a moment, and another member may be available. */
export const reopenBackoff: BackoffOptions = { baseMs: 50, maxMs: 5_000 };
/** grpc-js itself has no timeout for a peer that accepts the stream and stays silent. */
const createTimeoutMs = 10_000;
/** A stream that is open for this long without a reply is idle rather than failing. */
const stableAfterMs = 30_000;
/** How often progress is requested: it moves the cursor of an idle watch past revisions that may be compacted. */
const progressIntervalMs = 60_000;

const none: readonly WatcherState[] = [];

/**
 * One gRPC stream and its successors. The slot opens a stream when a watcher waits for one, creates its watchers on it,
 * closes it when a create is not answered in time, and after a loss pauses and opens the next one. What happens to its
 * watchers it returns as an outcome, which the session applies.
 */
export class StreamSlot {
  readonly key: SlotKey;
  /** The generation of the token with which its last stream was opened. */
  generation: TokenGeneration;
  /** Whether the slot is for one watcher that has not caught up, rather than shared by those that have. */
  readonly dedicated: boolean;
  readonly #context: SessionContext;
  readonly #watchers = new Set<WatcherState>();
  /** The watchers to create on the stream, oldest first. */
  readonly #waiting = new Set<WatcherState>();
  #stream: OpenStream | undefined;
  /** How many streams were lost in a row without a delivery. */
  #failures = 0;
  /** How many streams had a malformed response since the last stable one. Deliveries do not reset it. */
  #malformedStreams = 0;
  #reopening = false;

  constructor(
    { key, generation, dedicated }: Omit<AssignedSlot, 'viaProxy' | 'losesDeletes'>,
    context: SessionContext,
  ) {
    this.key = key;
    this.generation = generation;
    this.dedicated = dedicated;
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** Whether the slot pauses before it opens its next stream. */
  get isReopening(): boolean {
    return this.#reopening;
  }

  /** Whether the peer is a grpc-proxy. */
  get viaProxy(): boolean {
    return this.#stream?.viaProxy === true;
  }

  get losesDeletes(): boolean | undefined {
    return this.#stream?.losesDeletes;
  }

  get watchers(): Iterable<WatcherState> {
    return this.#watchers;
  }

  add(state: WatcherState): void {
    state.slot = this;
    this.#watchers.add(state);
    this.#waiting.add(state);
  }

  /** An unanswered create is cancelled when its answer arrives: etcd ignores the cancellation of an unknown id. */
  remove(state: WatcherState): void {
    const watchId = this.#stream?.remove(state);
    if (watchId !== undefined) this.#context.emit({ type: 'send-cancel', slot: this.key, watchId });
    state.slot = undefined;
    state.watchId = undefined;
    this.#watchers.delete(state);
    this.#waiting.delete(state);
  }

  /**
   * Opens the stream and creates waiting watchers on it, or closes it when there are none left. Returns those whose
   * create was sent.
   */
  advance(): readonly WatcherState[] {
    if (this.isEmpty) this.#close();
    if (this.#waiting.size === 0 || this.#reopening) return none;
    const stream = this.#stream ?? this.#open();
    const created: WatcherState[] = [];
    for (const state of this.#waiting) {
      if (!stream.canCreate) break;
      this.#waiting.delete(state);
      this.#sendCreate(stream, state);
      created.push(state);
    }
    return created;
  }

  /** Returns what the reply means for the slot's watchers; undefined when it is for none of them. */
  onReply(watchId: bigint, reply: WatchReply): SlotOutcome | undefined {
    const stream = this.#stream;
    if (!stream) return undefined;
    switch (reply.kind) {
      case 'events':
        return this.#onEvents(stream, watchId, reply);
      case 'progress':
        if (reply.headerRevision === 0n) return undefined; // never sent by etcd, but by some proxies
        return { kind: 'progress', states: stream.coveredBy(watchId), reply };
      case 'created':
        return this.#onCreated(stream, watchId, reply);
      case 'refused':
        return this.#onRefused(stream, reply);
      case 'cancelled':
        return this.#onCancelled(stream, watchId, reply);
    }
  }

  onStreamLost(error: EtcdError): SlotOutcome | undefined {
    return this.#stream && this.#fail(error);
  }

  onTimer(timer: Exclude<TimerName, 'retry'>): SlotOutcome | undefined {
    switch (timer) {
      case 'reopen':
        this.#reopening = false;
        return undefined;
      case 'stable':
        this.#failures = 0;
        this.#malformedStreams = 0;
        return undefined;
      case 'progress':
        this.requestProgress();
        this.#context.armTimer('progress', this.key, progressIntervalMs);
        return undefined;
      case 'create-timeout':
        return this.#onCreateTimeout();
    }
  }

  /** A watcher has advanced: the stream works. */
  onAdvanced(): void {
    this.#failures = 0;
  }

  /** Pauses after a loss, before the next stream is opened. */
  pause(error: EtcdError): void {
    const delayMs = backoffDelay(reopenBackoff, this.#failures++, this.#context.random);
    const { key: slot } = this;
    const attempt = this.#failures;
    this.#reopening = true;
    this.#context.emit({ type: 'status', status: { type: 'disconnected', slot, attempt, error } });
    this.#context.emit({ type: 'status', status: { type: 'reopening', slot, attempt, delayMs } });
    this.#context.armTimer('reopen', slot, delayMs);
  }

  trustProgress(): void {
    if (!this.#stream || this.#stream.progressTrusted) return;
    this.#stream.progressTrusted = true;
    const delayMs = Math.floor(progressIntervalMs * (0.5 + this.#context.random() / 2));
    this.#context.armTimer('progress', this.key, delayMs);
  }

  setLosesDeletes(losesDeletes: boolean): void {
    if (this.#stream) this.#stream.losesDeletes = losesDeletes;
  }

  requestProgress(): void {
    if (!this.#stream?.progressTrusted || !this.#stream.hasLive) return;
    this.#stream.onProgressRequest();
    this.#context.emit({ type: 'send-progress', slot: this.key });
  }

  #open(): OpenStream {
    this.#stream = new OpenStream();
    this.generation = this.#context.tokenGeneration;
    this.#context.emit({ type: 'open-stream', slot: this.key, generation: this.generation });
    this.#context.armTimer('stable', this.key, stableAfterMs);
    return this.#stream;
  }

  #sendCreate(stream: OpenStream, state: WatcherState): void {
    const { key: watcher, cursor: startRevision } = state;
    const watchId = this.#context.newWatchId();
    stream.addCreate(state, watchId);
    state.requestedStart = startRevision;
    this.#context.emit({ type: 'send-create', slot: this.key, watcher, watchId, startRevision });
    this.#context.armTimer('create-timeout', this.key, createTimeoutMs);
  }

  #onEvents(
    stream: OpenStream,
    watchId: bigint,
    reply: WatchReply & { kind: 'events' },
  ): SlotOutcome | undefined {
    const state = stream.live(watchId);
    if (!state) return undefined; // events may still arrive for a watcher that has left
    const violation = state.protocolViolation(reply);
    return violation === undefined ? { kind: 'events', state, reply } : this.#onMalformed(violation);
  }

  #onCreated(
    stream: OpenStream,
    watchId: bigint,
    { headerRevision }: WatchReply & { kind: 'created' },
  ): SlotOutcome | undefined {
    const state = stream.takeCreated(watchId);
    this.#onCreateAnswered(stream);
    if (state) return { kind: 'created', state, headerRevision };
    this.#context.emit({ type: 'send-cancel', slot: this.key, watchId });
    return undefined;
  }

  #onRefused(stream: OpenStream, reply: WatchReply & { kind: 'refused' }): SlotOutcome | undefined {
    const state = stream.takeRefused();
    this.#onCreateAnswered(stream);
    return state && this.#cancelled(state, reply);
  }

  #onCancelled(
    stream: OpenStream,
    watchId: bigint,
    reply: WatchReply & { kind: 'cancelled' },
  ): SlotOutcome | undefined {
    const state = stream.live(watchId);
    if (!state) return undefined; // the confirmation of a requested cancellation
    stream.remove(state);
    // Workaround (grpc-proxy of etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/10650): the proxy keeps the watch
    // and adds others of the same range to it, which receive nothing more. Remove when it drops a cancelled watch.
    if (stream.viaProxy) this.#context.emit({ type: 'send-cancel', slot: this.key, watchId });
    return this.#cancelled(state, reply);
  }

  #cancelled(state: WatcherState, reply: WatchReply & { kind: 'cancelled' | 'refused' }): SlotOutcome {
    this.remove(state);
    return { kind: 'cancelled', state, reply, generation: this.generation };
  }

  #onCreateAnswered(stream: OpenStream): void {
    if (!stream.hasPendingCreates) this.#context.disarmTimer('create-timeout', this.key);
  }

  #onCreateTimeout(): SlotOutcome | undefined {
    if (!this.#stream?.hasPendingCreates) return undefined;
    this.#context.emit({ type: 'close-stream', slot: this.key, unresponsive: true });
    const text = `no response to a watch request within ${createTimeoutMs} ms`;
    return this.#fail(errorFromServer(Code.UNAVAILABLE, text));
  }

  #onMalformed(violation: string): SlotOutcome {
    this.#context.emit({ type: 'close-stream', slot: this.key, unresponsive: false });
    this.#failures = Math.max(this.#failures, this.#malformedStreams++);
    const text = `the answer to Watch is not of etcd's protocol: ${violation}`;
    return this.#fail(errorFromServer(Code.INTERNAL, text));
  }

  /** The watchers wait for the next stream, which the slot opens after `pause`. */
  #fail(error: EtcdError): SlotOutcome {
    const created = [...this.#watchers].filter((state) => !this.#waiting.has(state));
    this.#dropStream();
    for (const state of this.#watchers) {
      state.lostSlot = this.key;
      state.watchId = undefined;
      this.#waiting.add(state);
    }
    return { kind: 'failed', error, created };
  }

  #close(): void {
    if (this.#stream) {
      this.#context.emit({ type: 'close-stream', slot: this.key, unresponsive: false });
      this.#dropStream();
    }
    if (this.#reopening) {
      this.#reopening = false;
      this.#context.disarmTimer('reopen', this.key);
    }
  }

  #dropStream(): void {
    this.#stream = undefined;
    for (const timer of ['create-timeout', 'stable', 'progress'] as const)
      this.#context.disarmTimer(timer, this.key);
  }
}
