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
import { WatcherLifecycle } from './lifecycle.js';
import type { TimerName, TokenGeneration, WatchEffect, WatcherKey, WatchInput } from './protocol.js';
import { reportDuplicates } from './reports.js';
import type { SlotOutcome } from './slot-outcome.js';
import { StartChecks, startCompactedError } from './start-checks.js';
import type { StreamSlot } from './stream-slot.js';
import type { StreamSlots } from './stream-slots.js';
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
  readonly #context: SessionContext;
  readonly #lifecycle: WatcherLifecycle;
  readonly #slots: StreamSlots;
  readonly #startChecks: StartChecks;
  readonly #maxRevisionBytes: number;

  constructor({ firstWatchId, random, maxRevisionBytes }: SessionOptions) {
    this.#context = new SessionContext(random, firstWatchId);
    this.#lifecycle = new WatcherLifecycle(this.#context);
    this.#slots = this.#lifecycle.slots;
    this.#startChecks = new StartChecks(this.#context);
    this.#maxRevisionBytes = maxRevisionBytes;
  }

  /** Returns what is to be done about the input. */
  handle(input: WatchInput): readonly WatchEffect[] {
    this.#dispatch(input);
    for (const state of this.#slots.advance()) this.#lifecycle.apply(state, 'create-sent');
    return this.#context.takeEffects();
  }

  #dispatch(input: WatchInput): void {
    switch (input.type) {
      case 'watch':
        this.#addWatcher(input);
        return;
      case 'revision':
        this.#onRevision(this.#watcher(input.watcher), input.revision);
        return;
      case 'revision-failed':
        this.#onRevisionFailed(this.#watcher(input.watcher), input.error);
        return;
      case 'unwatch':
        this.#onReader(input.watcher, 'unwatched');
        return;
      case 'buffer-full':
      case 'buffer-drained':
        this.#onReader(input.watcher, input.type);
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
        this.#onStartCompacted(this.#watcher(input.watcher), input.startRevision);
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
        if (input.timer === 'retry') this.#onRetryTimer();
        else this.#onTimer(this.#slots.touch(input.slot), input.timer);
    }
  }

  #watcher(key: WatcherKey): WatcherState | undefined {
    return this.#lifecycle.watchers.get(key);
  }

  // Inputs of a watcher and its reader.

  #addWatcher({ watcher, range, startRevision, knownRevision = 0n }: WatchInput & { type: 'watch' }): void {
    const state = new WatcherState(watcher, range, startRevision);
    state.raiseKnownRevision(knownRevision);
    this.#lifecycle.watchers.set(watcher, state);
    this.#lifecycle.apply(state, state.needsPin ? 'watch-from-now' : 'watch-from-revision');
  }

  #onReader(watcher: WatcherKey, trigger: 'unwatched' | 'buffer-full' | 'buffer-drained'): void {
    const state = this.#watcher(watcher);
    if (state) this.#lifecycle.apply(state, trigger);
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
    this.#lifecycle.apply(state, 'acknowledged');
    this.#startChecks.onAcknowledged(state, headerRevision);
    if (headerRevision > 0n && headerRevision < state.knownRevision) {
      // Either the store was rolled back or this member lags behind: a linearizable read decides.
      this.#beginRollbackCheck(state);
      return;
    }
    state.raiseKnownRevision(headerRevision);
    if (first && headerRevision > 0n) this.#isolateUnsynced(state, headerRevision);
  }

  /** A watcher far behind or ahead of the store would block manual progress for the shared stream. */
  #isolateUnsynced(state: WatcherState, headerRevision: Revision): void {
    if (state.slot?.dedicated || !this.#slots.mayOpenDedicated) return;
    const ahead = state.cursor > headerRevision + 1n;
    if (ahead || isFarBehind(state.cursor, headerRevision)) this.#lifecycle.apply(state, 'isolated');
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
      this.#lifecycle.end(state, oversizedRevisionError(state.cursor, this.#maxRevisionBytes));
    else if (!reply.fragment) this.#onResponseEnd(state, reply.events, advanced);
    return advanced;
  }

  /**
   * Workaround (grpc-proxy of etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/9988): the proxy considers a watch
   * caught up after the first response, adds it to another watch, and drops the rest of its history. So the watcher is
   * created again. Remove when the proxy waits for the last response.
   */
  #onResponseEnd(state: WatcherState, events: readonly WatchEvent[], advanced: boolean): void {
    if (!isFullCatchUpBatch(events)) this.#onCaughtUp(state);
    // A proxy would repeat a response that brought nothing new immediately.
    else if (state.slot?.viaProxy) this.#lifecycle.apply(state, advanced ? 'truncated' : 'failed');
  }

  /** A watcher that has caught up joins the shared slot. */
  #onCaughtUp(state: WatcherState): void {
    if (state.slot?.dedicated) this.#lifecycle.apply(state, 'caught-up');
  }

  #onServerCancel(
    state: WatcherState,
    { compactRevision, reason }: WatchReply & { kind: 'cancelled' | 'refused' },
    generation: TokenGeneration,
  ): void {
    this.#lifecycle.apply(state, 'server-cancelled');
    if (compactRevision > 0n) {
      this.#onCompacted(state, compactRevision);
      return;
    }
    const error = errorFromServer(Code.UNKNOWN, reason || 'the server cancelled the watch without a reason');
    const action = watcherFailureAction(error);
    if (action === 'reauthenticate') this.#onTokenRefused(state, error, generation);
    else if (action === 'resume') this.#lifecycle.apply(state, 'failed');
    else this.#lifecycle.end(state, error);
  }

  #onCompacted(state: WatcherState, compactRevision: Revision): void {
    if (compactRevision <= state.cursor) {
      this.#lifecycle.apply(state, 'failed'); // the server re-read older history; what is needed is still available
    } else if (!state.canRepin(compactRevision)) {
      this.#lifecycle.end(state, historyCompactedError(state.cursor, compactRevision));
    } else if (state.readyRevision !== undefined) {
      // Revisions after readyRevision are promised, and a new pin could be beyond some of them.
      state.pin(state.readyRevision);
      this.#lifecycle.apply(state, 'pin-moved');
    } else {
      state.dropPin();
      this.#lifecycle.retry(state);
    }
  }

  /** A delete at the start may be lost. A watcher to which it was not promised is pinned again; any other one ends. */
  #onStartCompacted(state: WatcherState | undefined, startRevision: Revision): void {
    if (state?.readyRevision === undefined) return;
    if (!state.canRepin(startRevision + 1n)) {
      this.#lifecycle.end(state, startCompactedError(startRevision));
      return;
    }
    state.pin(max(state.readyRevision, state.cursor - 1n));
    this.#lifecycle.apply(state, 'pin-moved');
  }

  // Reads of the store's revision: to pin "from now on", or to check for a rollback.

  #onRevision(state: WatcherState | undefined, revision: Revision): void {
    if (!state) return;
    if (state.phase === 'pinning') {
      state.pin(revision);
      this.#lifecycle.apply(state, 'pinned');
    } else if (state.rollbackFloor !== undefined && revision < state.rollbackFloor) {
      this.#lifecycle.end(state, new RolledBackError(state.rollbackFloor, revision));
    } else if (state.endRollbackCheck()) {
      this.#beginRollbackCheck(state);
    }
  }

  /** Ends all watchers but those that are to be pinned, which know no revision of the old store. */
  #onStoreReplaced(error: EtcdError): void {
    for (const state of [...this.#lifecycle.watchers.values()])
      if (!state.needsPin) this.#lifecycle.end(state, error);
  }

  #beginRollbackCheck(state: WatcherState): void {
    if (state.beginRollbackCheck()) this.#context.emit({ type: 'read-revision', watcher: state.key });
  }

  #onRevisionFailed(state: WatcherState | undefined, error: EtcdError): void {
    if (!state) return;
    const action = streamFailureAction(error);
    if (state.phase !== 'pinning') {
      state.endRollbackCheck();
      this.#lifecycle.apply(state, 'check-failed');
    } else if (action === 'reauthenticate') this.#onTokenRefused(state, error);
    else if (error.verdict === 'final' || action === 'end') this.#lifecycle.end(state, error);
    else this.#lifecycle.apply(state, 'failed');
  }

  // Failures of a stream.

  #onStreamFailed(slot: StreamSlot, { error, created }: SlotOutcome & { kind: 'failed' }): void {
    const watchers = [...slot.watchers];
    for (const state of watchers) this.#lifecycle.apply(state, 'stream-lost');
    slot.pause(error);
    switch (streamFailureAction(error)) {
      case 'end':
        for (const state of watchers) this.#lifecycle.end(state, error);
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
        this.#lifecycle.end(state, error);
        continue;
      }
      state.oversized = true;
      // Without a free slot a watcher stays. One is moved anyway: those on dedicated slots may stay there forever.
      const { mayOpenDedicated } = this.#slots;
      if (alone || (!mayOpenDedicated && forced)) continue;
      forced ||= !mayOpenDedicated;
      this.#lifecycle.apply(state, 'isolated');
    }
  }

  // Timers.

  #onTimer(slot: StreamSlot | undefined, timer: Exclude<TimerName, 'retry'>): void {
    if (!slot) return;
    const reopens = timer === 'reopen' && slot.isReopening;
    const outcome = slot.onTimer(timer);
    if (outcome) this.#apply(slot, outcome);
    if (timer === 'stable') this.#onStable(slot);
    // The next stream would use the current token, as the shared slot does: its watchers join that one.
    if (!reopens || slot.dedicated || slot === this.#slots.shared) return;
    for (const state of [...slot.watchers]) this.#lifecycle.apply(state, 'slot-outdated');
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
      if (state.oversized && state.phase === 'live' && !waitsForFuture)
        this.#lifecycle.apply(state, 'cleared');
      state.oversized = false;
    }
  }

  #onProgressTrusted(slot: StreamSlot | undefined): void {
    slot?.trustProgress();
    // While the range is idle, only progress shows that the watcher on a dedicated slot has caught up.
    if (slot?.dedicated) slot.requestProgress();
  }

  #onRetryTimer(): void {
    for (const state of this.#lifecycle.retryQueue.takeAll()) this.#lifecycle.resume(state);
  }

  // Tokens.

  #onTokenRefused(
    state: WatcherState,
    error: EtcdError,
    generation = state.slot?.generation ?? this.#context.tokenGeneration,
  ): void {
    const { tokens } = this.#lifecycle;
    switch (tokens.onRefused(state, error, generation)) {
      case 'end':
        this.#lifecycle.end(state, error);
        return;
      case 'retry':
        this.#lifecycle.retry(state);
        return;
      case 'wait':
        this.#lifecycle.apply(state, 'token-refused');
        tokens.request(generation, error);
    }
  }

  #onToken(generation: TokenGeneration): void {
    const { tokens } = this.#lifecycle;
    const isNewer = tokens.onToken(generation);
    if (isNewer) this.#slots.replaceShared();
    for (const state of tokens.takeWaiting()) {
      if (isNewer) this.#lifecycle.retry(state);
      else this.#lifecycle.apply(state, 'failed'); // there is no newer token; this one may be accepted later
    }
  }

  #onTokenFailed(error: EtcdError): void {
    const isFinal = error.verdict === 'final' || streamFailureAction(error) !== 'resume';
    for (const state of this.#lifecycle.tokens.takeWaiting()) {
      if (isFinal) this.#lifecycle.end(state, error);
      else this.#lifecycle.apply(state, 'failed');
    }
  }
}
