import type { SessionContext } from './context.js';
import type { SlotKey } from './protocol.js';
import { StreamSlot } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/** How many dedicated streams a session has at most. Further watchers use the shared stream. */
const maxDedicatedSlots = 16;

/**
 * All slots of a session. One is shared by the watchers that have caught up, and replaced for each new token. The
 * dedicated slots have one watcher each.
 */
export class StreamSlots {
  readonly #context: SessionContext;
  readonly #slots = new Map<SlotKey, StreamSlot>();
  /** The slots to advance at the end of the current input. */
  readonly #touched = new Set<StreamSlot>();
  #nextKey = 1;
  #shared: StreamSlot;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#shared = this.#open(false);
  }

  /** Returns the slot, and advances it at the end of the current input. */
  touch(key: SlotKey): StreamSlot | undefined {
    const slot = this.#slots.get(key);
    if (slot) this.#touched.add(slot);
    return slot;
  }

  isShared(slot: StreamSlot): boolean {
    return slot === this.#shared;
  }

  /** Moves the watcher to the shared slot. */
  joinShared(state: WatcherState): void {
    this.#join(this.#shared, state);
  }

  /** Moves the watcher to a new dedicated slot. Returns false when there are too many, unless `force`. */
  joinDedicated(state: WatcherState, force = false): boolean {
    if (this.#slots.size > maxDedicatedSlots && !force) return false;
    this.#join(this.#open(true), state);
    return true;
  }

  /**
   * Creates the watcher again on its slot, to get the rest of its catch-up.
   *
   * Workaround (grpc-proxy of etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/9988): the proxy considers a
   * watch caught up after the first response, adds it to another watch, and drops the rest of its history. Remove when
   * it waits for the last response.
   */
  recreate(state: WatcherState): void {
    const slot = state.slot && this.#slots.get(state.slot.key);
    if (slot) this.#join(slot, state);
  }

  leave(state: WatcherState): void {
    if (state.slot) this.touch(state.slot.key)?.remove(state);
  }

  /**
   * Opens a new shared slot. The old one keeps its watchers, which etcd continues to serve, until the last one leaves.
   */
  replaceShared(): void {
    this.#touched.add(this.#shared);
    this.#shared = this.#open(false);
  }

  /** Advances every touched slot. */
  advance(): void {
    for (const slot of this.#touched) {
      slot.advance();
      if (slot.isEmpty && slot !== this.#shared) this.#slots.delete(slot.key);
    }
    this.#touched.clear();
  }

  #join(slot: StreamSlot, state: WatcherState): void {
    this.leave(state);
    slot.add(state);
    this.#touched.add(slot);
  }

  #open(dedicated: boolean): StreamSlot {
    const { tokenGeneration: generation } = this.#context;
    const slot = new StreamSlot({ key: this.#nextKey++, generation, dedicated }, this.#context);
    this.#slots.set(slot.key, slot);
    return slot;
  }
}
