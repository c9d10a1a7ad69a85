import { CreateQueue } from './create-queue.js';
import { ProgressRequests } from './progress-requests.js';
import type { WatcherState } from './watcher-state.js';

/** The watchers of one stream by their ids, and the requests that it has not answered. */
export class OpenStream {
  /** Whether its member answers progress requests reliably. */
  progressTrusted = false;
  /** Whether its member may lose a delete at the compacted revision; undefined until its version is known. */
  losesDeletes: boolean | undefined;
  readonly #creates = new CreateQueue();
  /** The watchers whose create is unanswered, by the requested id. */
  readonly #creating = new Map<bigint, WatcherState>();
  /** The live watchers, by the acknowledged id. */
  readonly #live = new Map<bigint, WatcherState>();
  readonly #progressRequests = new ProgressRequests();

  get canCreate(): boolean {
    return this.#creates.canSend;
  }

  get hasPendingCreates(): boolean {
    return this.#creates.size > 0;
  }

  /** Whether the peer chooses its own ids, as a grpc-proxy always does and etcd never. */
  get viaProxy(): boolean {
    return this.#creates.echoesIds === false;
  }

  get hasLive(): boolean {
    return this.#live.size > 0;
  }

  live(watchId: bigint): WatcherState | undefined {
    return this.#live.get(watchId);
  }

  /** The watcher's create was sent. */
  addCreate(state: WatcherState, watchId: bigint): void {
    state.watchId = watchId;
    this.#creating.set(watchId, state);
    this.#creates.add(watchId);
  }

  /** Returns the watcher that the server has acknowledged, which is live now; undefined when it has left. */
  takeCreated(watchId: bigint): WatcherState | undefined {
    const state = this.#takeAnswered(this.#creates.takeCreated(watchId));
    if (!state) return undefined;
    state.watchId = watchId;
    this.#live.set(watchId, state);
    return state;
  }

  /** Returns the watcher that the server has refused; undefined when it has left. */
  takeRefused(): WatcherState | undefined {
    return this.#takeAnswered(this.#creates.takeRefused());
  }

  /** Removes the watcher, which the server may still serve. Returns its id when it is live. */
  remove({ watchId }: WatcherState): bigint | undefined {
    if (watchId === undefined) return undefined;
    this.#creating.delete(watchId);
    return this.#live.delete(watchId) ? watchId : undefined;
  }

  /** A progress request is sent. */
  onProgressRequest(): void {
    this.#progressRequests.onSent(this.#live.keys());
  }

  /** Returns the watchers that the progress is about. With id -1 it answers a request; see ProgressRequests. */
  coveredBy(watchId: bigint): readonly WatcherState[] {
    const covered: WatcherState[] = [];
    for (const id of watchId === -1n ? this.#progressRequests.takeCovered() : [watchId]) {
      const state = this.#live.get(id);
      if (state && !state.midResponse) covered.push(state);
    }
    return covered;
  }

  #takeAnswered(requestedId: bigint | undefined): WatcherState | undefined {
    if (requestedId === undefined) return undefined;
    const state = this.#creating.get(requestedId);
    this.#creating.delete(requestedId);
    return state;
  }
}
