import type { EtcdError } from '../../errors/index.js';
import { SessionContext } from './context.js';
import { Cancellations } from './decisions/cancellations.js';
import { PinReads } from './decisions/pin-reads.js';
import { Replies } from './decisions/replies.js';
import { RollbackChecks } from './decisions/rollback-checks.js';
import { StartChecks } from './decisions/start-checks.js';
import { StreamFailures } from './decisions/stream-failures.js';
import { TokenRenewal } from './decisions/token-renewal.js';
import type { SlotInput, TimerName, WatchEffect, WatcherInput, WatchInput } from './protocol.js';
import type { SlotOutcome } from './stream/slot-outcome.js';
import type { StreamSlot } from './stream/stream-slot.js';
import { WatcherLifecycle } from './watcher/lifecycle.js';
import { WatcherState } from './watcher/watcher-state.js';

/** The parameters of a session. */
export interface SessionOptions {
  /**
   * The id of the first watch. Ids count up from here and are never reused. High enough not to meet server-chosen ids.
   */
  readonly firstWatchId: bigint;
  /** Returns a number in [0, 1), for jitter. */
  readonly random: () => number;
  /** How many bytes one revision may take in memory while its fragments arrive. */
  readonly maxRevisionBytes: number;
}

/**
 * The state machine of all watchers of a driver: which stream each of them is on, and what happens after each failure.
 * Pure: it takes inputs and returns effects, without clock or socket. The effects must be performed in order.
 *
 * Live watchers share a slot per token generation. A watcher that is far behind, waits for a future revision or was
 * paused gets a dedicated slot, because it would block manual progress for its whole stream. Once it has caught up, it
 * joins the shared slot.
 *
 * The session passes each input to its slot or watcher. The classes in `decisions/` decide the consequences, and the table
 * in `watcher/transitions.ts` the lifecycle of a watcher.
 */
export class WatchSession {
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;
  readonly #tokens: TokenRenewal;
  readonly #pins: PinReads;
  readonly #rollbacks: RollbackChecks;
  readonly #startChecks: StartChecks;
  readonly #replies: Replies;
  readonly #cancellations: Cancellations;
  readonly #failures: StreamFailures;

  constructor({ firstWatchId, random, maxRevisionBytes }: SessionOptions) {
    const context = new SessionContext(random, firstWatchId);
    const lifecycle = new WatcherLifecycle(context);
    this.#context = context;
    this.#lifecycle = lifecycle;
    this.#tokens = new TokenRenewal(context, lifecycle);
    this.#pins = new PinReads(lifecycle, this.#tokens);
    this.#rollbacks = new RollbackChecks(context, lifecycle);
    this.#startChecks = new StartChecks(context);
    this.#replies = new Replies(context, lifecycle, this.#rollbacks, this.#startChecks, maxRevisionBytes);
    this.#cancellations = new Cancellations(lifecycle, this.#tokens);
    this.#failures = new StreamFailures(lifecycle, this.#tokens);
  }

  /** Returns the effects of the input, which the driver must perform in order. */
  handle(input: WatchInput): readonly WatchEffect[] {
    this.#dispatch(input);
    for (const state of this.#lifecycle.slots.advance()) this.#lifecycle.apply(state, 'create-sent');
    return this.#context.takeEffects();
  }

  #dispatch(input: WatchInput): void {
    switch (input.type) {
      case 'watch':
        this.#addWatcher(input);
        return;
      case 'pin-read-due':
        this.#lifecycle.pinWaiters.readScheduled();
        return;
      case 'pin-read':
        this.#pins.onRevision(input.revision);
        return;
      case 'pin-read-failed':
        this.#pins.onFailed(input.error);
        return;
      case 'token':
        this.#tokens.onToken(input.generation);
        return;
      case 'token-failed':
        this.#tokens.onTokenFailed(input.error);
        return;
      case 'store-replaced':
        this.#onStoreReplaced(input.error);
        return;
      case 'timer':
        if (input.timer === 'retry') this.#onRetryTimer();
        else this.#onTimer(this.#lifecycle.slots.touch(input.slot), input.timer);
        return;
      case 'reply':
      case 'stream-lost':
      case 'progress-trusted':
      case 'server-version':
        this.#onSlotInput(this.#lifecycle.slots.touch(input.slot), input);
        return;
      default:
        this.#onWatcherInput(this.#lifecycle.watchers.get(input.watcher), input);
    }
  }

  #addWatcher({ watcher, range, startRevision, knownRevision = 0n }: WatchInput & { type: 'watch' }): void {
    const state = new WatcherState(watcher, range, startRevision);
    state.raiseKnownRevision(knownRevision);
    this.#lifecycle.watchers.set(watcher, state);
    this.#lifecycle.apply(state, state.needsPin ? 'watch-from-now' : 'watch-from-revision');
  }

  #onWatcherInput(state: WatcherState | undefined, input: WatcherInput): void {
    if (!state) return;
    switch (input.type) {
      case 'revision':
        this.#rollbacks.onRevision(state, input.revision);
        return;
      case 'revision-failed':
        this.#rollbacks.onFailed(state);
        return;
      case 'unwatch':
        this.#lifecycle.apply(state, 'unwatched');
        return;
      case 'buffer-full':
      case 'buffer-drained':
        this.#lifecycle.apply(state, input.type);
        return;
      case 'start-compacted':
        this.#cancellations.onStartCompacted(state, input.startRevision);
    }
  }

  #onSlotInput(slot: StreamSlot | undefined, input: SlotInput): void {
    if (!slot) return;
    switch (input.type) {
      case 'reply':
        this.#apply(slot, slot.onReply(input.watchId, input.reply));
        return;
      case 'stream-lost':
        this.#apply(slot, slot.onStreamLost(input.error));
        return;
      case 'progress-trusted':
        slot.trustProgress();
        return;
      case 'server-version':
        this.#startChecks.onServerVersion(slot, input.losesDeletes);
    }
  }

  /** Applies what an input means for the watchers of a slot. */
  #apply(slot: StreamSlot, outcome: SlotOutcome | undefined): void {
    switch (outcome?.kind) {
      case 'events':
        if (this.#replies.onEvents(outcome.state, outcome.reply)) slot.onAdvanced();
        return;
      case 'progress':
        for (const state of outcome.states)
          if (this.#replies.onProgress(state, outcome.reply)) slot.onAdvanced();
        return;
      case 'created':
        this.#replies.onAcknowledged(outcome.state, outcome.headerRevision);
        return;
      case 'cancelled':
        this.#cancellations.onCancelled(outcome);
        return;
      case 'failed':
        this.#failures.onFailed(slot, outcome);
        return;
      case undefined:
    }
  }

  #onTimer(slot: StreamSlot | undefined, timer: Exclude<TimerName, 'retry'>): void {
    if (!slot) return;
    const reopens = timer === 'reopen' && slot.isReopening;
    this.#apply(slot, slot.onTimer(timer));
    if (reopens) this.#failures.onPauseOver(slot);
    if (timer === 'stable') this.#failures.onStable(slot);
  }

  #onRetryTimer(): void {
    for (const state of this.#lifecycle.retryQueue.takeAll()) this.#lifecycle.resume(state);
  }

  /** Ends all watchers except those that are not pinned yet: they depend on no revision of the old store. */
  #onStoreReplaced(error: EtcdError): void {
    for (const state of [...this.#lifecycle.watchers.values()])
      if (!state.needsPin) this.#lifecycle.end(state, error);
  }
}
