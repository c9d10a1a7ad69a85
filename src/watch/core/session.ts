import { Code, type EtcdError, errorFromServer, RolledBackError } from '../../errors/index.js';
import type { Revision, WatchEvent } from '../../model/index.js';
import {
  historyCompactedError,
  isFarBehind,
  isFullCatchUpBatch,
  oversizedRevisionError,
} from './catch-up.js';
import { SessionContext } from './context.js';
import { max, type WatchReply } from './cursor.js';
import { streamFailureAction, watcherFailureAction } from './failure-action.js';
import type { TimerName, TokenGeneration, WatchEffect, WatcherKey, WatchInput } from './protocol.js';
import { reportDuplicates, reportInterrupted, reportLive } from './reports.js';
import { RetryQueue } from './retry-queue.js';
import type { SlotOutcome } from './slot-outcome.js';
import { StartChecks, startCompactedError } from './start-checks.js';
import type { StreamSlot } from './stream-slot.js';
import { StreamSlots } from './stream-slots.js';
import { TokenRenewal } from './token-renewal.js';
import { WatcherState } from './watcher-state.js';

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
 */
export class WatchSession {
  readonly #watchers = new Map<WatcherKey, WatcherState>();
  readonly #slots: StreamSlots;
  readonly #retryQueue: RetryQueue;
  readonly #tokens: TokenRenewal;
  readonly #startChecks: StartChecks;
  readonly #maxRevisionBytes: number;
  readonly #context: SessionContext;

  constructor({ firstWatchId, random, maxRevisionBytes }: SessionOptions) {
    this.#context = new SessionContext(random, firstWatchId);
    this.#maxRevisionBytes = maxRevisionBytes;
    this.#tokens = new TokenRenewal(this.#context);
    this.#slots = new StreamSlots(this.#context);
    this.#retryQueue = new RetryQueue(this.#context);
    this.#startChecks = new StartChecks(this.#context);
  }

  /** Returns what is to be done about the input. */
  handle(input: WatchInput): readonly WatchEffect[] {
    this.#dispatch(input);
    this.#slots.advance();
    return this.#context.takeEffects();
  }

  #dispatch(input: WatchInput): void {
    switch (input.type) {
      case 'watch':
        this.#addWatcher(input);
        return;
      case 'revision':
        this.#onRevision(input.watcher, input.revision);
        return;
      case 'revision-failed':
        this.#onRevisionFailed(input.watcher, input.error);
        return;
      case 'unwatch':
        this.#removeWatcher(this.#watchers.get(input.watcher));
        return;
      case 'buffer-full':
        this.#onBufferFull(this.#watchers.get(input.watcher));
        return;
      case 'buffer-drained':
        this.#onBufferDrained(this.#watchers.get(input.watcher));
        return;
      case 'reply':
        this.#onReply(this.#slots.touch(input.slot), input.watchId, input.reply);
        return;
      case 'progress-trusted':
        this.#onProgressTrusted(this.#slots.touch(input.slot));
        return;
      case 'server-version':
        this.#startChecks.onServerVersion(this.#slots.touch(input.slot), input.losesDeletes);
        return;
      case 'start-compacted':
        this.#onStartCompacted(this.#watchers.get(input.watcher), input.startRevision);
        return;
      case 'stream-lost':
        this.#onStreamLost(this.#slots.touch(input.slot), input.error);
        return;
      case 'token':
        this.#onToken(input.generation);
        return;
      case 'token-failed':
        this.#onTokenFailed(input.error);
        return;
      case 'store-replaced':
        this.#onStoreReplaced(input.error);
        return;
      case 'timer':
        if (input.timer === 'retry') for (const state of this.#retryQueue.takeAll()) this.#resume(state);
        else this.#onTimer(this.#slots.touch(input.slot), input.timer);
    }
  }

  // Adding, removing and pausing watchers.

  #addWatcher({ watcher, range, startRevision, knownRevision = 0n }: WatchInput & { type: 'watch' }): void {
    const state = new WatcherState(watcher, range, startRevision);
    state.raiseKnownRevision(knownRevision);
    this.#watchers.set(watcher, state);
    if (state.phase === 'pinning') this.#context.emit({ type: 'read-revision', watcher });
    else this.#slots.joinShared(state);
  }

  #removeWatcher(state: WatcherState | undefined): void {
    if (!state) return;
    this.#slots.leave(state);
    this.#watchers.delete(state.key);
    this.#tokens.remove(state);
    this.#retryQueue.remove(state);
  }

  #onBufferFull(state: WatcherState | undefined): void {
    if (!state?.slot) return; // in any phase: the events that filled the buffer may also have moved it to another slot
    this.#slots.leave(state);
    state.detach('paused');
    reportInterrupted(this.#context, state); // on no stream until its reader has caught up
  }

  #onBufferDrained(state: WatcherState | undefined): void {
    if (state?.phase === 'paused' && !this.#slots.joinDedicated(state)) this.#slots.joinShared(state);
  }

  // Outcomes of a slot.

  #onReply(slot: StreamSlot | undefined, watchId: bigint, reply: WatchReply): void {
    const outcome = slot?.onReply(watchId, reply);
    if (slot && outcome) this.#apply(slot, outcome);
  }

  #onStreamLost(slot: StreamSlot | undefined, error: EtcdError): void {
    const outcome = slot?.onStreamLost(error);
    if (slot && outcome) this.#apply(slot, outcome);
  }

  #apply(slot: StreamSlot, outcome: SlotOutcome): void {
    switch (outcome.kind) {
      case 'events':
        if (this.#onEvents(outcome.state, outcome.reply)) slot.onAdvanced();
        return;
      case 'progress':
        for (const state of outcome.states) if (this.#onProgress(state, outcome.reply)) slot.onAdvanced();
        return;
      case 'created':
        this.#onAcknowledged(outcome.state, outcome.headerRevision);
        return;
      case 'cancelled':
        this.#onServerCancel(outcome.state, outcome.reply, outcome.generation);
        return;
      case 'failed':
        this.#onStreamFailed(slot, outcome);
    }
  }

  #onAcknowledged(state: WatcherState, headerRevision: Revision): void {
    const first = state.readyRevision === undefined;
    state.refusedTokens = 0;
    // The member may lag behind the read that pinned the watcher.
    if (first) state.readyRevision = max(headerRevision, state.knownRevision);
    reportLive(this.#context, state, first ? state.readyRevision : undefined);
    this.#startChecks.onAcknowledged(state, headerRevision);
    if (headerRevision > 0n && headerRevision < state.knownRevision) {
      // Either the store was rolled back or this member lags behind: a linearizable read decides.
      this.#beginRollbackCheck(state);
      return;
    }
    state.raiseKnownRevision(headerRevision);
    this.#moveToDedicated(state, headerRevision, first);
  }

  /** A watcher far behind or ahead of the store would block manual progress for the shared stream. */
  #moveToDedicated(state: WatcherState, headerRevision: Revision, first: boolean): void {
    if (!state.slot || state.slot.dedicated || !first || headerRevision === 0n) return;
    const ahead = state.cursor > headerRevision + 1n;
    if (ahead || isFarBehind(state.cursor, headerRevision)) this.#slots.joinDedicated(state);
  }

  /** Returns whether the reply advanced the watcher. */
  #onProgress(state: WatcherState, reply: WatchReply & { kind: 'progress' }): boolean {
    const advanced = state.applyProgress(reply);
    this.#context.emit({ type: 'progress', watcher: state.key, revision: state.cursor - 1n });
    if (state.cursor === reply.headerRevision + 1n) this.#onCaughtUp(state); // else it starts in the future
    return advanced;
  }

  /** Returns whether the reply advanced the watcher. */
  #onEvents(state: WatcherState, reply: WatchReply & { kind: 'events' }): boolean {
    const events = state.applyEvents(reply);
    reportDuplicates(this.#context, state);
    const advanced = events.length > 0;
    if (advanced) {
      state.clearFailures();
      this.#context.emit({ type: 'deliver', watcher: state.key, events });
    }
    if (state.incompleteBytes > this.#maxRevisionBytes)
      this.#finish(state, oversizedRevisionError(state.cursor, this.#maxRevisionBytes));
    else if (!reply.fragment) this.#onResponseEnd(state, reply.events, advanced);
    return advanced;
  }

  #onResponseEnd(state: WatcherState, events: readonly WatchEvent[], advanced: boolean): void {
    if (!isFullCatchUpBatch(events)) this.#onCaughtUp(state);
    else if (state.slot?.viaProxy && advanced) this.#slots.recreate(state);
    else if (state.slot?.viaProxy) this.#scheduleRetry(state); // the proxy would repeat the response immediately
  }

  /** A watcher that has caught up joins the shared slot. */
  #onCaughtUp(state: WatcherState): void {
    if (state.slot?.dedicated) this.#slots.joinShared(state);
  }

  #onServerCancel(
    state: WatcherState,
    { compactRevision, reason }: WatchReply & { kind: 'cancelled' | 'refused' },
    generation: TokenGeneration,
  ): void {
    state.detach('retry-pending');
    reportInterrupted(this.#context, state);
    if (compactRevision > 0n) {
      this.#onCompacted(state, compactRevision);
      return;
    }
    const error = errorFromServer(Code.UNKNOWN, reason || 'the server cancelled the watch without a reason');
    const action = watcherFailureAction(error);
    if (action === 'reauthenticate') this.#onTokenRefused(state, error, generation);
    else if (action === 'resume') this.#scheduleRetry(state);
    else this.#finish(state, error);
  }

  #onCompacted(state: WatcherState, compactRevision: Revision): void {
    if (compactRevision <= state.cursor) {
      this.#scheduleRetry(state); // the server re-read older history; the revision needed here is still available
    } else if (!state.canRepin(compactRevision)) {
      this.#finish(state, historyCompactedError(state.cursor, compactRevision));
    } else if (state.readyRevision !== undefined) {
      // Revisions after readyRevision are promised, and a new pin could be beyond some of them.
      state.pin(state.readyRevision);
      this.#slots.joinShared(state);
    } else {
      state.phase = 'pinning';
      this.#retry(state);
    }
  }

  /** A delete at the start may be lost. A watcher to which it was not promised is pinned again; any other one ends. */
  #onStartCompacted(state: WatcherState | undefined, startRevision: Revision): void {
    if (state?.readyRevision === undefined) return;
    if (!state.canRepin(startRevision + 1n)) {
      this.#finish(state, startCompactedError(startRevision));
      return;
    }
    state.pin(max(state.readyRevision, state.cursor - 1n));
    // In any other phase it will be created at the new pin, or is being created below it, and #lastDelivered filters.
    if (state.phase === 'live') this.#slots.joinShared(state);
  }

  // Reads of the store's revision: to pin "from now on", or to check for a rollback.

  #onRevision(watcher: WatcherKey, revision: Revision): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    if (state.phase === 'pinning') {
      state.pin(revision);
      this.#slots.joinShared(state);
    } else if (state.rollbackFloor !== undefined && revision < state.rollbackFloor) {
      this.#finish(state, new RolledBackError(state.rollbackFloor, revision));
    } else if (state.endRollbackCheck()) {
      this.#beginRollbackCheck(state);
    }
  }

  /** Ends all watchers but those that are being pinned, which know no revision of the old store. */
  #onStoreReplaced(error: EtcdError): void {
    for (const state of [...this.#watchers.values()])
      if (state.phase !== 'pinning') this.#finish(state, error);
  }

  #beginRollbackCheck(state: WatcherState): void {
    if (state.beginRollbackCheck()) this.#context.emit({ type: 'read-revision', watcher: state.key });
  }

  #onRevisionFailed(watcher: WatcherKey, error: EtcdError): void {
    const state = this.#watchers.get(watcher);
    if (!state) return;
    if (state.phase !== 'pinning') {
      state.endRollbackCheck();
      if (state.phase === 'live') this.#scheduleRetry(state); // the next acknowledgement starts another check
    } else if (streamFailureAction(error) === 'reauthenticate') this.#onTokenRefused(state, error);
    else if (error.verdict === 'final' || streamFailureAction(error) === 'end') this.#finish(state, error);
    else this.#scheduleRetry(state);
  }

  // Failures and retries.

  #onStreamFailed(slot: StreamSlot, { error, created }: SlotOutcome & { kind: 'failed' }): void {
    const watchers = [...slot.watchers];
    for (const state of watchers) {
      reportInterrupted(this.#context, state);
      state.detach('waiting');
    }
    slot.pause(error);
    switch (streamFailureAction(error)) {
      case 'end':
        for (const state of watchers) this.#finish(state, error);
        return;
      case 'reauthenticate':
        for (const state of watchers) this.#onTokenRefused(state, error);
        return;
      case 'oversized':
        this.#onOversized(created, error);
        return;
      case 'resume':
    }
  }

  /** The error does not name the watcher: each one is moved to a dedicated slot, and ends only if it fails there. */
  #onOversized(suspects: readonly WatcherState[], error: EtcdError): void {
    const alone = suspects.length === 1;
    let forced = false;
    for (const state of suspects) {
      if (alone && state.oversized) {
        this.#finish(state, error);
        continue;
      }
      state.oversized = true;
      // Without a free slot a watcher stays. One is moved anyway: those on dedicated slots may stay there forever.
      if (!alone && !this.#slots.joinDedicated(state) && !forced)
        forced = this.#slots.joinDedicated(state, true);
    }
  }

  #onTimer(slot: StreamSlot | undefined, timer: Exclude<TimerName, 'retry'>): void {
    if (!slot) return;
    const outcome = slot.onTimer(timer);
    if (outcome) this.#apply(slot, outcome);
    if (timer === 'stable') this.#onStable(slot);
    // The next stream would use the current token, as the shared slot does: its watchers join that one.
    if (timer !== 'reopen' || slot.dedicated || this.#slots.isShared(slot)) return;
    for (const state of [...slot.watchers]) this.#slots.joinShared(state);
  }

  /** A stable stream resets the failures of its watchers, as a delivery would: an idle store delivers nothing. */
  #onStable(slot: StreamSlot): void {
    for (const state of slot.watchers) if (state.phase === 'live') state.failures = 0;
    if (slot.dedicated) this.#clearOversized(slot);
  }

  /** A watcher that was alone for long enough without an oversized response may join the shared slot again. */
  #clearOversized({ watchers }: StreamSlot): void {
    for (const state of watchers) {
      const waitsForFuture = state.knownRevision > 0n && state.cursor > state.knownRevision + 1n;
      if (state.oversized && state.phase === 'live' && !waitsForFuture) this.#slots.joinShared(state);
      state.oversized = false;
    }
  }

  #onProgressTrusted(slot: StreamSlot | undefined): void {
    slot?.trustProgress();
    // While the range is idle, only progress shows that the watcher on a dedicated slot has caught up.
    if (slot?.dedicated) slot.requestProgress();
  }

  // Tokens.

  #onTokenRefused(
    state: WatcherState,
    error: EtcdError,
    generation = state.slot?.generation ?? this.#context.tokenGeneration,
  ): void {
    this.#slots.leave(state);
    const action = this.#tokens.onRefused(state, error, generation);
    if (action === 'end') {
      this.#finish(state, error);
      return;
    }
    state.detach(state.phase === 'pinning' ? 'pinning' : 'retry-pending');
    if (action === 'retry') this.#retry(state);
  }

  #onToken(generation: TokenGeneration): void {
    const isNewer = this.#tokens.onToken(generation);
    if (isNewer) this.#slots.replaceShared();
    for (const state of this.#tokens.takeWaiting()) {
      if (isNewer) this.#retry(state);
      else this.#scheduleRetry(state); // there is no newer token; this one may be accepted later
    }
  }

  #onTokenFailed(error: EtcdError): void {
    const isFinal = error.verdict === 'final' || streamFailureAction(error) !== 'resume';
    for (const state of this.#tokens.takeWaiting()) {
      if (isFinal) this.#finish(state, error);
      else this.#scheduleRetry(state);
    }
  }

  // Retries and ends.

  /** Tries the watcher again after a pause, because of a failure that affects only this watcher. */
  #scheduleRetry(state: WatcherState): void {
    const pinning = state.phase === 'pinning';
    this.#slots.leave(state);
    state.detach(pinning ? 'pinning' : 'retry-pending');
    reportInterrupted(this.#context, state);
    this.#retryQueue.scheduleRetry(state);
  }

  /** Tries again immediately after a first failure, and after a pause when another one follows without an advance. */
  #retry(state: WatcherState): void {
    if (state.failures > 0) this.#scheduleRetry(state);
    else this.#resume(state);
    state.failures ||= 1;
  }

  #resume(state: WatcherState): void {
    if (state.phase === 'pinning') this.#context.emit({ type: 'read-revision', watcher: state.key });
    else this.#slots.joinShared(state);
  }

  #finish(state: WatcherState, error: EtcdError): void {
    this.#removeWatcher(state);
    this.#context.emit({ type: 'finish', watcher: state.key, error });
  }
}
