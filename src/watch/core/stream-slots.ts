import type { SlotKey, TokenGeneration } from './protocol.js';
import { StreamSlot, type StreamSlotHost } from './stream-slot.js';
import type { WatcherState } from './watcher-state.js';

/** Streams that watchers who catch up may have of their own at a time; more of them would share after all. */
const maxDedicatedSlots = 16;

/**
 * All slots of a session, and who is on which. One is shared by all who are level with the store, and replaced by
 * another for each generation of credentials; the others are for one watcher each.
 */
export class StreamSlots {
  readonly #host: StreamSlotHost;
  readonly #slots = new Map<SlotKey, StreamSlot>();
  /** Those that an input touched, to be advanced at its end. */
  readonly #touched = new Set<StreamSlot>();
  #nextKey = 1;
  #shared: StreamSlot;

  constructor(host: StreamSlotHost) {
    this.#host = host;
    this.#shared = this.#open(false);
  }

  /** The slot, to be advanced at the end of this input. */
  touch(key: SlotKey): StreamSlot | undefined {
    const slot = this.#slots.get(key);
    if (slot) this.#touched.add(slot);
    return slot;
  }

  isShared(slot: StreamSlot): boolean {
    return slot === this.#shared;
  }

  /** To where everybody is. */
  joinShared(state: WatcherState): void {
    this.#join(this.#shared, state);
  }

  /** To a slot of its own; false when there are as many as there may be, unless it must. */
  joinDedicated(state: WatcherState, force = false): boolean {
    if (this.#slots.size > maxDedicatedSlots && !force) return false;
    this.#join(this.#open(true), state);
    return true;
  }

  /**
   * Asks anew, on the same slot, for what a catch-up has not brought yet. A grpc-proxy takes a watch for level with the
   * store after the first response, joins it to one that is, and drops the rest.
   */
  recreate(state: WatcherState): void {
    const slot = state.slot && this.#slots.get(state.slot.key);
    if (slot) this.#join(slot, state);
  }

  leave(state: WatcherState): void {
    if (state.slot) this.touch(state.slot.key)?.remove(state);
  }

  /** The old slot keeps its watchers, which etcd goes on serving, until the last of them leaves. */
  replaceShared(): void {
    this.#touched.add(this.#shared);
    this.#shared = this.#open(false);
  }

  /** Lets every slot that was touched act on what changed. */
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
    const generation: TokenGeneration = this.#host.generation();
    const slot = new StreamSlot({ key: this.#nextKey++, generation, dedicated: dedicated }, this.#host);
    this.#slots.set(slot.key, slot);
    return slot;
  }
}
