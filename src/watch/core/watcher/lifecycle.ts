import type { InterruptionCause } from '../../../diagnostics/topics/watch.js';
import type { EtcdError } from '../../../errors/index.js';
import type { SessionContext } from '../context.js';
import type { WatcherKey } from '../protocol.js';
import type { StreamSlot } from '../stream/stream-slot.js';
import { StreamSlots } from '../stream/stream-slots.js';
import { PinWaiters } from './pin-waiters.js';
import { reportInterrupted, reportLive } from './reports.js';
import { TokenWaiters } from './token-waiters.js';
import { type LifecycleEffect, type Trigger, transition } from './transitions.js';
import { WatcherRetries } from './watcher-retries.js';
import type { WatcherState } from './watcher-state.js';

/** The watchers of a session, each on a slot or in a queue. Performs the effects of the table of transitions, in order. */
export class WatcherLifecycle {
  readonly watchers = new Map<WatcherKey, WatcherState>();
  readonly slots: StreamSlots;
  readonly retryQueue: WatcherRetries;
  readonly tokenWaiters = new TokenWaiters();
  readonly pinWaiters: PinWaiters;
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
    this.slots = new StreamSlots(context);
    this.retryQueue = new WatcherRetries(context);
    this.pinWaiters = new PinWaiters(context);
  }

  /** Applies a trigger to the watcher: changes its state and performs the effects of the transition. */
  apply(state: WatcherState, trigger: Exclude<Trigger, 'ended-by-error'>): void {
    this.#apply(state, trigger, undefined);
  }

  /** Ends the watcher with that error. */
  end(state: WatcherState, error: EtcdError): void {
    this.#apply(state, 'ended-by-error', error);
  }

  /** Tries again immediately after a first failure, and after a pause when another one follows without an advance. */
  retry(state: WatcherState): void {
    if (state.failures > 0) this.apply(state, 'failed');
    else this.resume(state);
    state.failures ||= 1;
  }

  /** Tries the watcher again now. */
  resume(state: WatcherState): void {
    this.apply(state, state.needsPin ? 'retry-pin' : 'retry');
  }

  #apply(state: WatcherState, trigger: Trigger, error: EtcdError | undefined): void {
    const next = transition(state.phase, trigger);
    if (!next) return;
    state.enter(next.to);
    for (const effect of next.effects) this.#perform(effect, state, trigger, error);
  }

  #perform(
    effect: LifecycleEffect,
    state: WatcherState,
    trigger: Trigger,
    error: EtcdError | undefined,
  ): void {
    switch (effect) {
      case 'await-pin':
        this.pinWaiters.add(state);
        return;
      case 'leave-slot':
        this.slots.leave(state);
        return;
      case 'move-to-shared':
        this.#move(state, this.slots.shared);
        return;
      case 'move-to-dedicated':
        this.#move(state, this.slots.openDedicated());
        return;
      case 'move-to-dedicated-or-shared':
        this.#move(state, this.slots.mayOpenDedicated ? this.slots.openDedicated() : this.slots.shared);
        return;
      case 'create-again':
        this.#move(state, state.slot && this.slots.touch(state.slot.key));
        return;
      case 'schedule-retry':
        this.retryQueue.scheduleRetry(state);
        return;
      case 'await-token':
        this.tokenWaiters.add(state);
        return;
      case 'report-live':
        reportLive(this.#context, state);
        return;
      case 'report-interrupted':
        reportInterrupted(this.#context, state, causeOf(trigger));
        return;
      case 'forget':
        this.#forget(state);
        return;
      case 'report-end':
        if (error) this.#context.emit({ type: 'finish', watcher: state.key, error });
    }
  }

  #move(state: WatcherState, slot: StreamSlot | undefined): void {
    if (!slot) return;
    this.slots.join(slot, state);
    if (slot.isReopening) reportInterrupted(this.#context, state, 'stream-lost');
  }

  #forget(state: WatcherState): void {
    this.watchers.delete(state.key);
    this.tokenWaiters.remove(state);
    this.retryQueue.remove(state);
  }
}

/** Why a live watcher is interrupted. After a failure that affects it alone, the session cancels it, as the server may. */
function causeOf(trigger: Trigger): InterruptionCause {
  return trigger === 'stream-lost' || trigger === 'buffer-full' ? trigger : 'cancelled';
}
