import { Code, type EtcdError, errorFromServer } from '../../../errors/index.js';
import type { SessionContext } from '../context.js';
import type { WatchReply } from '../cursor.js';
import type { SlotKey, TimerName, TokenGeneration } from '../protocol.js';
import type { AssignedSlot, WatcherState } from '../watcher/watcher-state.js';
import { ReopenBackoff } from './reopen-backoff.js';
import type { SlotOutcome } from './slot-outcome.js';
import { createTimeoutMs, StreamState } from './stream-state.js';

const none: readonly WatcherState[] = [];

/**
 * One gRPC stream and its successors. The slot opens a stream when a watcher waits for one, creates its watchers on it,
 * closes it when a create is not answered in time, and after a loss pauses and opens the next one. Consequences for its
 * watchers are returned as an outcome, which the session applies.
 */
export class StreamSlot implements AssignedSlot {
  readonly key: SlotKey;
  /** The generation of the token with which its last stream was opened. */
  generation: TokenGeneration;
  /** Whether the slot is for one watcher that has not caught up, rather than shared by those that have. */
  readonly dedicated: boolean;
  readonly #context: SessionContext;
  readonly #watchers = new Set<WatcherState>();
  /** The watchers to create on the stream, oldest first. */
  readonly #waiting = new Set<WatcherState>();
  /** Takes them from #waiting. A new iterator for each create would skip the places of all that were taken before. */
  #nextWaiting = this.#waiting.values();
  readonly #backoff = new ReopenBackoff();
  #stream: StreamState | undefined;
  #reopening = false;

  constructor(key: SlotKey, dedicated: boolean, context: SessionContext) {
    this.key = key;
    this.generation = context.tokenGeneration;
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

  /** How many of its streams were lost in a row without a delivery. */
  get fruitlessStreams(): number {
    return this.#backoff.failures;
  }

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

  remove(state: WatcherState): void {
    this.#stream?.remove(state);
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
    while (stream.canCreate) {
      const { value: state, done } = this.#nextWaiting.next();
      if (done) {
        this.#nextWaiting = this.#waiting.values();
        break;
      }
      this.#waiting.delete(state);
      stream.create(state);
      created.push(state);
    }
    return created;
  }

  /** Returns the consequence of the reply for the slot's watchers; undefined when it concerns none of them. */
  onReply(watchId: bigint, reply: WatchReply): SlotOutcome | undefined {
    const stream = this.#stream;
    if (!stream) return undefined;
    stream.onReply();
    switch (reply.kind) {
      case 'events':
        return this.#onEvents(stream, watchId, reply);
      case 'progress':
        if (reply.headerRevision === 0n) return undefined; // never sent by etcd, but by some proxies
        return { kind: 'progress', states: stream.coveredBy(watchId), reply };
      case 'created': {
        const state = stream.takeCreated(watchId);
        return state && { kind: 'created', state, headerRevision: reply.headerRevision };
      }
      case 'refused':
        return this.#onCancelled(stream.takeRefused(), reply);
      case 'cancelled':
        return this.#onCancelled(stream.takeCancelled(watchId), reply);
    }
  }

  onStreamLost(error: EtcdError): SlotOutcome | undefined {
    return this.#stream && this.#fail(this.#stream, error);
  }

  onTimer(timer: Exclude<TimerName, 'retry'>): SlotOutcome | undefined {
    switch (timer) {
      case 'reopen':
        this.#reopening = false;
        return undefined;
      case 'stable':
        this.#backoff.onStable();
        return undefined;
      case 'progress':
        this.#stream?.requestProgressRegularly();
        return undefined;
      case 'create-timeout':
        return this.#onCreateTimeout(this.#stream);
    }
  }

  /** Called when a watcher has advanced, which shows that the stream works. */
  onAdvanced(): void {
    this.#backoff.onAdvanced();
  }

  /** Pauses after a loss, before the next stream is opened. */
  pause(error: EtcdError): void {
    const { key: slot } = this;
    const { attempt, delayMs } = this.#backoff.onLost(this.#context.random);
    this.#reopening = true;
    this.#context.emit({ type: 'status', status: { type: 'disconnected', slot, attempt, delayMs, error } });
    this.#context.emit({ type: 'status', status: { type: 'reopening', slot, attempt, delayMs } });
    this.#context.armTimer('reopen', slot, delayMs);
  }

  /** Called once it is known that the stream's member answers progress requests reliably. */
  trustProgress(): void {
    this.#stream?.trustProgress();
    // While the range is idle, only progress shows that the watcher on a dedicated slot has caught up.
    if (this.dedicated) this.#stream?.requestProgress();
  }

  setLosesDeletes(losesDeletes: boolean): void {
    if (this.#stream) this.#stream.losesDeletes = losesDeletes;
  }

  #open(): StreamState {
    this.generation = this.#context.tokenGeneration;
    this.#stream = new StreamState(this.key, this.#context);
    return this.#stream;
  }

  #onEvents(
    stream: StreamState,
    watchId: bigint,
    reply: WatchReply & { kind: 'events' },
  ): SlotOutcome | undefined {
    const state = stream.live(watchId);
    if (!state) return undefined; // events may still arrive for a watcher that has left
    const violation = state.protocolViolation(reply);
    return violation === undefined ? { kind: 'events', state, reply } : this.#onMalformed(stream, violation);
  }

  #onCancelled(
    state: WatcherState | undefined,
    reply: WatchReply & { kind: 'cancelled' | 'refused' },
  ): SlotOutcome | undefined {
    if (!state) return undefined;
    this.remove(state);
    return { kind: 'cancelled', state, reply, generation: this.generation };
  }

  #onCreateTimeout(stream: StreamState | undefined): SlotOutcome | undefined {
    if (!stream?.hasPendingCreates) return undefined;
    stream.close(true);
    const text = `no response to a watch request within ${createTimeoutMs} ms`;
    return this.#fail(stream, errorFromServer(Code.UNAVAILABLE, text));
  }

  #onMalformed(stream: StreamState, violation: string): SlotOutcome {
    stream.close(false);
    this.#backoff.onMalformed();
    const text = `the answer to Watch is not of etcd's protocol: ${violation}`;
    return this.#fail(stream, errorFromServer(Code.INTERNAL, text));
  }

  /** The watchers wait for the next stream, which the slot opens after `pause`. */
  #fail(stream: StreamState, error: EtcdError): SlotOutcome {
    const created = [...this.#watchers].filter((state) => !this.#waiting.has(state));
    this.#stream = undefined;
    stream.disarmTimers();
    for (const state of this.#watchers) {
      state.lostSlot = this.key;
      state.watchId = undefined;
      this.#waiting.add(state);
    }
    return { kind: 'failed', error, created };
  }

  #close(): void {
    if (this.#stream) {
      this.#stream.close(false);
      this.#stream.disarmTimers();
      this.#stream = undefined;
    }
    if (this.#reopening) {
      this.#reopening = false;
      this.#context.disarmTimer('reopen', this.key);
    }
  }
}
