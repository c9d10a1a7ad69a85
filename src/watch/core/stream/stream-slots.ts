import type { SessionContext } from '../context.js';
import type { SlotKey } from '../protocol.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { StreamSlot } from './stream-slot.js';

/** How many dedicated streams a session has at most. Further watchers use the shared stream. */
const maxDedicatedSlots = 16;

const none: readonly WatcherState[] = [];

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

  get shared(): StreamSlot {
    return this.#shared;
  }

  /** Whether another dedicated slot may be opened. */
  get mayOpenDedicated(): boolean {
    return this.#slots.size <= maxDedicatedSlots;
  }

  openDedicated(): StreamSlot {
    return this.#open(true);
  }

  /** Moves the watcher to that slot. If it is there already, it is created again. */
  join(slot: StreamSlot, state: WatcherState): void {
    this.leave(state);
    slot.add(state);
    this.#touched.add(slot);
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

  /** Advances every touched slot. Returns the watchers whose create was sent. */
  advance(): readonly WatcherState[] {
    let created: readonly WatcherState[] = none;
    for (const slot of this.#touched) {
      const ofSlot = slot.advance();
      if (ofSlot.length > 0) created = created.length > 0 ? [...created, ...ofSlot] : ofSlot;
      if (slot.isEmpty && slot !== this.#shared) this.#slots.delete(slot.key);
    }
    this.#touched.clear();
    return created;
  }

  #open(dedicated: boolean): StreamSlot {
    const slot = new StreamSlot(this.#nextKey++, dedicated, this.#context);
    this.#slots.set(slot.key, slot);
    return slot;
  }
}
