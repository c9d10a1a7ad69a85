import type { SessionContext } from '../context.js';
import type { SlotKey, TimerName } from '../protocol.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { CreateQueue } from './create-queue.js';
import { ProgressRequests } from './progress-requests.js';

/** grpc-js itself has no timeout for a peer that accepts the stream and stays silent. */
export const createTimeoutMs = 10_000;
/** A stream that is open for this long without a reply is idle rather than failing. */
const stableAfterMs = 30_000;
/** How often progress is requested: it moves the cursor of an idle watch past revisions that may be compacted. */
const progressIntervalMs = 60_000;

/** One gRPC stream: its watchers by their ids, the requests on it, and the assignment of each answer to its watcher. */
export class StreamState {
  /** Whether its member may lose a delete at the compacted revision; undefined until its version is known. */
  losesDeletes: boolean | undefined;
  readonly #slot: SlotKey;
  readonly #context: SessionContext;
  readonly #creates = new CreateQueue();
  /** The watchers whose create is unanswered, by the requested id. */
  readonly #creating = new Map<bigint, WatcherState>();
  /** The live watchers, by the acknowledged id. */
  readonly #live = new Map<bigint, WatcherState>();
  readonly #progressRequests = new ProgressRequests();
  #progressTrusted = false;
  /** Whether nothing at all has arrived since the last regular progress request. */
  #silent = false;

  constructor(slot: SlotKey, context: SessionContext) {
    this.#slot = slot;
    this.#context = context;
    context.emit({ type: 'open-stream', slot, generation: context.tokenGeneration });
    this.#arm('stable', stableAfterMs);
  }

  /** Whether the peer chooses its own ids, as a grpc-proxy always does and etcd never. */
  get viaProxy(): boolean {
    return this.#creates.echoesIds === false;
  }

  get canCreate(): boolean {
    return this.#creates.canSend;
  }

  get hasPendingCreates(): boolean {
    return this.#creates.size > 0;
  }

  /** Creates the watcher at its cursor. */
  create(state: WatcherState): void {
    const { key: watcher, cursor: startRevision, fragments } = state;
    const watchId = this.#context.newWatchId();
    state.watchId = watchId;
    state.requestedStart = startRevision;
    this.#creating.set(watchId, state);
    this.#creates.add(watchId);
    const slot = this.#slot;
    this.#context.emit({ type: 'send-create', slot, watcher, watchId, startRevision, fragments });
    this.#arm('create-timeout', createTimeoutMs);
  }

  /** Returns the watcher that the server has acknowledged. A watcher that has left is cancelled on the server. */
  takeCreated(watchId: bigint): WatcherState | undefined {
    const state = this.#takeAnswered(this.#creates.takeCreated(watchId));
    if (!state) {
      this.#sendCancel(watchId);
      return undefined;
    }
    state.watchId = watchId;
    this.#live.set(watchId, state);
    return state;
  }

  /** Returns the watcher that the server has refused; undefined when it has left. */
  takeRefused(): WatcherState | undefined {
    return this.#takeAnswered(this.#creates.takeRefused());
  }

  /** Returns the watcher that the server has cancelled; undefined when that was requested. */
  takeCancelled(watchId: bigint): WatcherState | undefined {
    const state = this.#live.get(watchId);
    if (!state) return undefined;
    this.#live.delete(watchId);
    // Workaround (grpc-proxy of etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/10650): the proxy keeps the watch
    // and adds others of the same range to it, which receive nothing more. Remove when it drops a cancelled watch.
    if (this.viaProxy) this.#sendCancel(watchId);
    return state;
  }

  /** An unanswered create is cancelled when its answer arrives: etcd ignores the cancellation of an unknown id. */
  remove({ watchId }: WatcherState): void {
    if (watchId === undefined) return;
    this.#creating.delete(watchId);
    if (this.#live.delete(watchId)) this.#sendCancel(watchId);
  }

  live(watchId: bigint): WatcherState | undefined {
    return this.#live.get(watchId);
  }

  /** Returns the live watchers that a progress response covers. One with id -1 answers a request; see ProgressRequests. */
  coveredBy(watchId: bigint): readonly WatcherState[] {
    const covered: WatcherState[] = [];
    for (const id of watchId === -1n ? this.#progressRequests.takeCovered() : [watchId]) {
      const state = this.#live.get(id);
      if (state && !state.midResponse) covered.push(state);
    }
    return covered;
  }

  /** Called once it is known that the stream's member answers progress requests reliably. */
  trustProgress(): void {
    if (this.#progressTrusted) return;
    this.#progressTrusted = true;
    this.#arm('progress', Math.floor(progressIntervalMs * (0.5 + this.#context.random() / 2)));
  }

  requestProgress(): void {
    if (!this.#progressTrusted || this.#live.size === 0) return;
    this.#progressRequests.onSent(this.#live.keys());
    this.#context.emit({ type: 'send-progress', slot: this.#slot });
  }

  /** Requests progress now and, after the interval, again. A stream on which nothing arrives meanwhile is probed. */
  requestProgressRegularly(): void {
    this.requestProgress();
    if (this.#live.size > 0) {
      if (this.#silent) this.#probe();
      this.#silent = true;
    }
    this.#arm('progress', progressIntervalMs);
  }

  /** Called for each reply, whichever watcher it is for. */
  onReply(): void {
    this.#silent = false;
  }

  /** @param unresponsive Whether the stream's member has not answered. */
  close(unresponsive: boolean): void {
    this.#context.emit({ type: 'close-stream', slot: this.#slot, unresponsive });
  }

  /** Called when the stream is closed or lost. */
  disarmTimers(): void {
    for (const timer of ['create-timeout', 'stable', 'progress'] as const) this.#disarm(timer);
  }

  /**
   * Sends a create that etcd refuses in any state. A progress request may have no answer although the stream works: etcd
   * gives none while a watcher catches up, or starts at a revision that the store does not have yet, as every watch from
   * now on does until the next write. A stream that is open and dead, as after a message whose length is wrong or in a
   * proxy that lost its end, does not answer the probe either, and the create timeout ends it. A grpc-proxy is not probed.
   */
  #probe(): void {
    if (this.viaProxy) return;
    const watchId = this.#context.newWatchId();
    this.#creates.add(watchId);
    this.#context.emit({ type: 'send-probe', slot: this.#slot, watchId });
    this.#arm('create-timeout', createTimeoutMs);
  }

  #takeAnswered(requestedId: bigint | undefined): WatcherState | undefined {
    if (!this.hasPendingCreates) this.#disarm('create-timeout');
    if (requestedId === undefined) return undefined;
    const state = this.#creating.get(requestedId);
    this.#creating.delete(requestedId);
    return state;
  }

  #sendCancel(watchId: bigint): void {
    this.#context.emit({ type: 'send-cancel', slot: this.#slot, watchId });
  }

  #arm(timer: TimerName, delayMs: number): void {
    this.#context.armTimer(timer, this.#slot, delayMs);
  }

  #disarm(timer: TimerName): void {
    this.#context.disarmTimer(timer, this.#slot);
  }
}
