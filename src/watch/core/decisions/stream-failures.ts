import type { EtcdError } from '../../../errors/index.js';
import type { SlotOutcome } from '../stream/slot-outcome.js';
import type { StreamSlot } from '../stream/stream-slot.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { streamFailureAction } from './failure-action.js';
import type { TokenRenewal } from './token-renewal.js';

/**
 * How many streams in a row may acknowledge watchers and be lost without a delivery before these ask for fragments. A
 * link that is lost again and again within a large response never delivers it whole, but each fragment that it delivers
 * moves the cursor.
 */
const maxFruitlessStreams = 3;

/** Decides what happens to the watchers of a slot when its stream is lost, is about to be reopened, or is stable. */
export class StreamFailures {
  readonly #lifecycle: WatcherLifecycle;
  readonly #tokens: TokenRenewal;

  constructor(lifecycle: WatcherLifecycle, tokens: TokenRenewal) {
    this.#lifecycle = lifecycle;
    this.#tokens = tokens;
  }

  onFailed(slot: StreamSlot, { error, created }: SlotOutcome & { kind: 'failed' }): void {
    const watchers = [...slot.watchers];
    const acknowledged = created.filter(({ phase }) => phase === 'live');
    for (const state of watchers) this.#lifecycle.apply(state, 'stream-lost');
    slot.pause(error);
    switch (streamFailureAction(error)) {
      case 'end':
        for (const state of watchers) this.#lifecycle.end(state, error);
        return;
      case 'reauthenticate':
        for (const state of watchers) this.#tokens.onRefused(state, error);
        return;
      case 'oversized-response':
        this.#isolate(requestFragments(created), created.length === 1, error);
        return;
      case 'oversized-request':
        this.#isolate(created, created.length === 1, error);
        return;
      case 'resume':
        if (slot.fruitlessStreams >= maxFruitlessStreams)
          for (const state of acknowledged) state.fragments = true;
    }
  }

  /** Moves the watchers of an old shared slot to the present one: the next stream of both would use the same token. */
  onPauseOver(slot: StreamSlot): void {
    if (slot.dedicated || slot === this.#lifecycle.slots.shared) return;
    for (const state of [...slot.watchers]) this.#lifecycle.apply(state, 'slot-outdated');
  }

  /** A stable stream resets the failures of its watchers, as a delivery would: an idle store delivers nothing. */
  onStable(slot: StreamSlot): void {
    for (const state of slot.watchers) if (state.phase === 'live') state.failures = 0;
    if (slot.dedicated) this.#clearOversized(slot);
  }

  /**
   * The error does not name the watcher: each one is moved to a dedicated slot, and ends only if it fails there.
   * `alone`: whether the stream had no other watcher.
   */
  #isolate(suspects: readonly WatcherState[], alone: boolean, error: EtcdError): void {
    let forced = false;
    for (const state of suspects) {
      if (alone && state.oversized) {
        this.#lifecycle.end(state, error);
        continue;
      }
      state.oversized = true;
      // Without a free slot a watcher stays. One is moved anyway: those on dedicated slots may stay there forever.
      const { mayOpenDedicated } = this.#lifecycle.slots;
      if (alone || (!mayOpenDedicated && forced)) continue;
      forced ||= !mayOpenDedicated;
      this.#lifecycle.apply(state, 'isolated');
    }
  }

  /** A watcher that was alone for long enough without an oversized response may join the shared slot again. */
  #clearOversized({ watchers }: StreamSlot): void {
    for (const state of watchers) {
      const waitsForFuture = state.knownRevision > 0n && state.cursor > state.knownRevision + 1n;
      if (state.oversized && state.phase === 'live' && !waitsForFuture)
        this.#lifecycle.apply(state, 'cleared');
      state.oversized = false;
    }
  }
}

/**
 * Has the watchers of a stream with an oversized response ask for fragments, and returns those that remain suspects.
 * They ask for as long as they live: another response may be as large. No watcher asks before, because etcd cuts a
 * response in time that is quadratic in its events.
 *
 * While a watcher of the stream did not ask yet, the response was probably its own. The others become suspects if that
 * happens to them again before anything is delivered, since new watchers may join the stream again and again.
 */
function requestFragments(created: readonly WatcherState[]): readonly WatcherState[] {
  if (created.every(({ fragments }) => fragments)) return created;
  const suspects = created.filter(({ fragments, oversized }) => fragments && oversized);
  for (const state of created) {
    state.oversized = state.fragments;
    state.fragments = true;
  }
  return suspects;
}
