import { Lane, type LaneHost } from './lane.js';
import type { Generation, LaneKey } from './protocol.js';
import type { WatcherState } from './watcher-state.js';

/** Streams that watchers who catch up may have of their own at a time; more of them would share after all. */
const maxOwnLanes = 16;

/**
 * All lanes of a session, and who is on which. One is shared by all who are level with the store, and replaced by
 * another for each generation of credentials; the others are for one watcher each.
 */
export class Lanes {
  readonly #host: LaneHost;
  readonly #lanes = new Map<LaneKey, Lane>();
  /** Those that an input touched, to be advanced at its end. */
  readonly #touched = new Set<Lane>();
  #nextKey = 1;
  #shared: Lane;

  constructor(host: LaneHost) {
    this.#host = host;
    this.#shared = this.#open(false);
  }

  /** The lane, to be advanced at the end of this input. */
  touch(key: LaneKey): Lane | undefined {
    const lane = this.#lanes.get(key);
    if (lane) this.#touched.add(lane);
    return lane;
  }

  isShared(lane: Lane): boolean {
    return lane === this.#shared;
  }

  /** To where everybody is. */
  joinShared(state: WatcherState): void {
    this.#join(this.#shared, state);
  }

  /** To a lane of its own; false when there are as many as there may be, unless it must. */
  joinOwn(state: WatcherState, must = false): boolean {
    if (this.#lanes.size > maxOwnLanes && !must) return false;
    this.#join(this.#open(true), state);
    return true;
  }

  /**
   * Asks anew, on the same lane, for what a catch-up has not brought yet. A grpc-proxy takes a watch for level with the
   * store after the first response, joins it to one that is, and drops the rest.
   */
  renew(state: WatcherState): void {
    const lane = state.lane && this.#lanes.get(state.lane.key);
    if (lane) this.#join(lane, state);
  }

  leave(state: WatcherState): void {
    if (state.lane) this.touch(state.lane.key)?.remove(state);
  }

  /** The old lane keeps its watchers, which etcd goes on serving, until the last of them leaves. */
  renewShared(): void {
    this.#touched.add(this.#shared);
    this.#shared = this.#open(false);
  }

  /** Lets every lane that was touched act on what changed. */
  advance(): void {
    for (const lane of this.#touched) {
      lane.advance();
      if (lane.empty && lane !== this.#shared) this.#lanes.delete(lane.key);
    }
    this.#touched.clear();
  }

  #join(lane: Lane, state: WatcherState): void {
    this.leave(state);
    lane.add(state);
    this.#touched.add(lane);
  }

  #open(own: boolean): Lane {
    const generation: Generation = this.#host.generation();
    const lane = new Lane({ key: this.#nextKey++, generation, own }, this.#host);
    this.#lanes.set(lane.key, lane);
    return lane;
  }
}
