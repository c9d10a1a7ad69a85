import {
  CompactedError,
  PermissionDeniedError,
  RolledBackError,
  UnauthenticatedError,
} from '#src/errors/index.js';
import type { SlotKey, WatchEffect, WatcherKey, WatchInput } from '#src/watch/core/index.js';
import type { Violation } from '../run-schedule.js';
import { isCorrupt } from './corrupt-reply.js';
import { type RuleContext, SlotRules } from './slot-rules.js';
import type { Spec, Store } from './store.js';
import { WatcherModel } from './watcher-model.js';

type Finish = WatchEffect & { readonly type: 'finish' };
type Reply = WatchInput & { readonly type: 'reply' };

/** Compares the session's inputs and effects with the store's history. */
export class Oracle implements RuleContext {
  readonly models = new Map<WatcherKey, WatcherModel>();
  readonly slots: SlotRules;
  violation: Violation | undefined;
  /** How often each subject of the schedules occurred, so that a vacuous run is visible. */
  readonly counts = {
    batches: 0,
    resumed: 0,
    compacted: 0,
    rolledBack: 0,
    undetectable: 0,
    refreshed: 0,
    bookmarks: 0,
    lost: 0,
  };
  readonly #store: Store;
  readonly #now: () => number;
  #input: WatchInput | undefined;
  /** The watcher whose create the current input answers. */
  #acknowledged: WatcherModel | undefined;
  /** The watcher that the current input sent a corrupt reply to. */
  #corruptedWatcher: WatcherModel | undefined;
  /** The watchers whose stream the current input lost. */
  readonly #disconnected = new Set<WatcherModel>();
  /** A read that pins watchers is pending. */
  #isPinRead = false;
  /** Some member loses a delete at the compacted revision. */
  losesDeletes = false;
  /** The client has invalid credentials. */
  badCredentials = false;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.slots = new SlotRules(this, now);
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text: `at ${this.#now()} ms: ${text}` };
  }

  get active(): WatcherModel[] {
    return [...this.models.values()].filter(({ over }) => !over);
  }

  watch(key: WatcherKey, spec: Spec, start: number | undefined): void {
    const model = new WatcherModel(key, spec, start, this.#store);
    model.mayLose = this.losesDeletes;
    this.models.set(key, model);
  }

  /** A server failed to send a delete. */
  onDeleteLost(spec: Spec, revision: number): void {
    for (const model of this.active) if (model.spec === spec) model.lostDelete = revision;
    this.counts.lost++;
  }

  opened(slot: SlotKey, tokenGeneration: number | undefined): void {
    this.slots.opened(slot, tokenGeneration);
  }

  /** The revision that the session has seen when it requests the store's revision. */
  seenBy(key: WatcherKey): number {
    return this.models.get(key)?.seen ?? 0;
  }

  /** Processes the read of a rollback check when it is executed. */
  read(key: WatcherKey, asked: number, revision: number): void {
    const model = this.models.get(key);
    if (!model || model.over) return;
    // A wiped store that already exceeds what was seen cannot be distinguished.
    if (model.rolledBack && revision >= asked) this.#markUndetectable(model);
  }

  /** A read is sent, which may pin the watchers that have no pin now. */
  pinRead(): { readonly pinsAgain: boolean; onExecuted(revision: number): void } {
    const models = this.active.filter(({ needsPin }) => needsPin);
    for (const model of models) model.phase = 'pinning';
    return {
      pinsAgain: models.some(({ wasPinned }) => wasPinned),
      onExecuted: (revision) => {
        for (const model of models) model.onPinRead(revision);
      },
    };
  }

  input(input: WatchInput): void {
    this.#input = input;
    this.#acknowledged = undefined;
    this.#corruptedWatcher = undefined;
    this.#disconnected.clear();
    if (input.type === 'stream-lost') this.#onLoss(input.slot);
    if (input.type === 'stream-lost' && /larger than max/.test(input.error.message))
      this.#onOversized(input.slot);
    this.slots.input(input);
    if (input.type === 'pin-read' || input.type === 'pin-read-failed') this.#isPinRead = false;
    if (input.type === 'unwatch') this.#onUnwatch(input.watcher);
    else if (input.type === 'buffer-full') this.#phase(input.watcher, 'paused');
    else if (input.type === 'buffer-drained') this.#phase(input.watcher, 'waiting');
    else if (input.type === 'reply') this.#reply(input);
    else if (input.type === 'stream-lost') this.#detach(input.slot, true);
  }

  checkEffect(effect: WatchEffect): void {
    this.slots.checkEffect(effect);
    if (!('watcher' in effect)) {
      if (effect.type === 'status' && effect.status.type === 'resumed') this.counts.resumed++;
      if (effect.type === 'refresh-token') this.counts.refreshed++;
      if (effect.type === 'close-stream') this.#onLoss(effect.slot);
      if (effect.type === 'close-stream')
        this.#detach(effect.slot, effect.unresponsive || this.#corruptedWatcher !== undefined);
      return;
    }
    const model = this.models.get(effect.watcher);
    if (!model || model.over) {
      this.violate(
        'nothing after the end',
        `watcher ${effect.watcher} has ended, but receives ${effect.type}`,
      );
      return;
    }
    const wrong = this.#check(model, effect);
    if (wrong) this.violate(wrong[0], `watcher ${model.key}: ${wrong[1]}`);
  }

  afterInput(input: WatchInput, effects: readonly WatchEffect[]): void {
    this.slots.afterInput(input, effects);
    if (this.#acknowledged) this.checkLive(this.#acknowledged);
    if (this.#corruptedWatcher && !effects.some(({ type }) => type === 'close-stream'))
      this.violate(
        'corrupt',
        `watcher ${this.#corruptedWatcher.key} stays on a stream that sent it a corrupt reply`,
      );
    for (const model of this.models.values()) {
      const { key, live, phase, detached } = model;
      if (live && detached) this.violate('live', `watcher ${key} is ${phase}, but counts as live`);
      const cut = this.#disconnected.has(model) && !model.over;
      if (live && cut) this.violate('live', `watcher ${key} lost its stream, but counts as live`);
    }
  }

  checkLive({ key, live, over }: WatcherModel): void {
    if (!live && !over) this.violate('live', `watcher ${key} is acknowledged, but does not count as live`);
  }

  watchersOn(slot: SlotKey): WatcherModel[] {
    return this.active.filter((model) => model.slot === slot && model.attached);
  }

  #check(
    model: WatcherModel,
    effect: WatchEffect & { readonly watcher: WatcherKey },
  ): readonly [string, string] | undefined {
    switch (effect.type) {
      case 'ready':
        return model.onReady(Number(effect.revision), Number(effect.nextRevision));
      case 'interrupted':
      case 'resumed':
        return model.onLiveChange(effect.type === 'resumed');
      case 'caught-up':
        return model.onCaughtUp(Number(effect.revision));
      case 'deliver':
        this.counts.batches++;
        if (this.#corruptedWatcher) return ['corrupt', 'received a corrupt event'];
        if (model.phase === 'paused') return ['bounded', 'received events while its buffer is full'];
        return model.onDeliver(effect.events);
      case 'progress': {
        this.counts.bookmarks++;
        const reply = this.#input?.type === 'reply' ? this.#input.reply : undefined;
        if (reply?.kind === 'progress') model.advanceSeen(Number(reply.headerRevision));
        return model.onProgress(Number(effect.revision));
      }
      case 'send-create':
        return (
          model.checkFragments(effect.fragments) ??
          model.onCreate(effect.slot, Number(effect.startRevision), this.#now())
        );
      case 'finish':
        return this.#finish(model, effect);
      case 'read-pin': {
        const isPending = this.#isPinRead;
        this.#isPinRead = true;
        return isPending ? ['one read', 'its read is sent while another one is pending'] : undefined;
      }
      default:
        return undefined;
    }
  }

  #finish(model: WatcherModel, { error }: Finish): readonly [string, string] | undefined {
    model.phase = 'over';
    if (error instanceof RolledBackError) {
      this.counts.rolledBack++;
      return model.rolledBack
        ? undefined
        : ['no end without a cause', `${error.message}, but there was no rollback`];
    }
    if (error instanceof CompactedError) {
      this.counts.compacted++;
      return model.onCompacted(Number(error.compactRevision));
    }
    if (error instanceof PermissionDeniedError && model.spec.forbidden) return undefined;
    if (error instanceof UnauthenticatedError && (this.badCredentials || model.refused.size >= 3))
      return undefined;
    if (/larger than max/.test(error.message) && model.oversized >= 2 && model.oversizedAlone)
      return undefined;
    return ['no end without a cause', `${error.name}: ${error.message}`];
  }

  #onUnwatch(key: WatcherKey): void {
    const model = this.models.get(key);
    if (model) model.phase = 'over';
  }

  #phase(key: WatcherKey, phase: WatcherModel['phase']): void {
    const model = this.models.get(key);
    if (!model || model.over) return;
    if (phase === 'waiting') model.drained = true;
    model.phase = phase;
  }

  #onLoss(slot: SlotKey): void {
    if (this.slots.lossesOf(slot) < 2) return;
    for (const model of this.watchersOn(slot)) model.mayNeedFragments = true;
  }

  #onOversized(slot: SlotKey): void {
    const watchers = this.watchersOn(slot).filter((model) => this.slots.hasOnStream(slot, model));
    for (const model of watchers) model.onOversized(watchers.length === 1);
  }

  /** The watchers of a closed stream wait for another one. */
  #detach(slot: SlotKey, isLost: boolean): void {
    for (const model of this.watchersOn(slot)) {
      model.phase = 'waiting';
      if (isLost) this.#disconnected.add(model);
    }
  }

  #reply({ slot, watchId, reply }: Reply): void {
    const key = this.slots.watcherOf(slot, watchId, reply.kind);
    const model = key === undefined ? undefined : this.models.get(key);
    if (!model || model.over) return;
    switch (reply.kind) {
      case 'created':
        this.#acknowledged = model;
        if (model.onAcknowledge(Number(reply.headerRevision))) this.#markUndetectable(model);
        return;
      case 'events':
        if (isCorrupt(reply)) {
          this.#corruptedWatcher = model;
          return;
        }
        model.onReceive(Number(reply.events.at(-1)?.kv.modRevision ?? 0n), reply.fragment);
        return;
      case 'cancelled':
      case 'refused': {
        const forToken = /auth token/.test(reply.reason);
        if (forToken) model.refused.add(this.slots.tokenOf(slot));
        model.phase = forToken ? 'token-wait' : 'retrying';
        model.onCancelled(Number(reply.compactRevision));
      }
    }
  }

  #markUndetectable(model: WatcherModel): void {
    if (model.undetectable) return;
    model.undetectable = true;
    this.counts.undetectable++;
  }
}
