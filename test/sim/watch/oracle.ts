import {
  CompactedError,
  PermissionDeniedError,
  RolledBackError,
  UnauthenticatedError,
} from '#src/errors/index.js';
import type { LaneKey, WatchEffect, WatcherKey, WatchInput } from '#src/watch/core/index.js';
import type { Violation } from '../play.js';
import { type Calm, LaneRules } from './lane-rules.js';
import { isLie } from './lies.js';
import type { Spec, Store } from './store.js';
import { Watched } from './watched.js';

type Finish = WatchEffect & { readonly type: 'finish' };
type Reply = WatchInput & { readonly type: 'reply' };

/** Watches what goes into the session and what comes out, and compares it with the store's history. */
export class Oracle implements Calm {
  readonly watched = new Map<WatcherKey, Watched>();
  readonly lanes: LaneRules;
  violation: Violation | undefined;
  /** How often each thing was seen that a schedule is about, so that an idle one shows. */
  readonly counts = {
    batches: 0,
    resumed: 0,
    compacted: 0,
    rolledBack: 0,
    blind: 0,
    refreshed: 0,
    bookmarks: 0,
    lost: 0,
  };
  readonly #store: Store;
  readonly #now: () => number;
  #input: WatchInput | undefined;
  /** Whose create was answered just now. */
  #acknowledged: Watched | undefined;
  /** Who was told just now what no etcd says. */
  #liedTo: Watched | undefined;
  /** Whose stream was lost just now. */
  readonly #cut = new Set<Watched>();
  /** There is a member that loses a delete at the compacted revision. */
  losesDeletes = false;
  /** Credentials that are no good were met. */
  badCredentials = false;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.lanes = new LaneRules(this, now);
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text: `at ${this.#now()} ms: ${text}` };
  }

  get present(): Watched[] {
    return [...this.watched.values()].filter(({ over }) => !over);
  }

  watch(key: WatcherKey, spec: Spec, start: number | undefined): void {
    const watched = new Watched(key, spec, start, this.#store);
    watched.mayLose = this.losesDeletes;
    this.watched.set(key, watched);
  }

  /** A server did not send a delete that it should have sent. */
  lost(spec: Spec, revision: number): void {
    for (const watched of this.present) if (watched.spec === spec) watched.lost = revision;
    this.counts.lost++;
  }

  opened(lane: LaneKey, tokenGeneration: number | undefined): void {
    this.lanes.opened(lane, tokenGeneration);
  }

  /** What the session can know of the store when it asks how far that is. */
  asked(key: WatcherKey): number {
    return this.watched.get(key)?.seen ?? 0;
  }

  /** The answer, at the moment at which it is true. Gives whether it is to tell if the store was rolled back. */
  read(key: WatcherKey, asked: number, revision: number): boolean {
    const watched = this.watched.get(key);
    if (!watched || watched.over) return false;
    const pin = watched.ready === undefined && watched.start === undefined;
    if (pin) watched.pinRead(revision);
    // A wiped store that has already overtaken what was seen looks like any other.
    else if (watched.rolledBack && revision >= asked) this.#goBlind(watched);
    return !pin;
  }

  input(input: WatchInput): void {
    this.#input = input;
    this.#acknowledged = undefined;
    this.#liedTo = undefined;
    this.#cut.clear();
    this.lanes.input(input);
    if (input.type === 'revision') this.watched.get(input.watcher)?.pinned(Number(input.revision));
    else if (input.type === 'unwatch') this.#leave(input.watcher);
    else if (input.type === 'full') this.#phase(input.watcher, 'paused');
    else if (input.type === 'drained') this.#phase(input.watcher, 'waiting');
    else if (input.type === 'reply') this.#reply(input);
    else if (input.type === 'stream-lost')
      this.#lost(input.lane, /larger than max/.test(input.error.message));
  }

  effect(effect: WatchEffect): void {
    this.lanes.effect(effect);
    if (!('watcher' in effect)) {
      if (effect.type === 'status' && effect.status.type === 'resumed') this.counts.resumed++;
      if (effect.type === 'refresh-token') this.counts.refreshed++;
      if (effect.type === 'close-stream') this.#off(effect.lane, effect.owing || this.#liedTo !== undefined);
      return;
    }
    const watched = this.watched.get(effect.watcher);
    if (!watched || watched.over) {
      this.violate('nothing after the end', `watcher ${effect.watcher} is over, and there is ${effect.type}`);
      return;
    }
    const wrong = this.#check(watched, effect);
    if (wrong) this.violate(wrong[0], `watcher ${watched.key}: ${wrong[1]}`);
  }

  handled(input: WatchInput, effects: readonly WatchEffect[]): void {
    this.lanes.handled(input, effects);
    if (this.#acknowledged) this.mustBeLive(this.#acknowledged);
    if (this.#liedTo && !effects.some(({ type }) => type === 'close-stream'))
      this.violate('lies', `watcher ${this.#liedTo.key} stays on a stream that lied to it`);
    for (const watched of this.watched.values()) {
      const { key, live, phase, away } = watched;
      if (live && away) this.violate('live', `watcher ${key} is ${phase}, and not told so`);
      const cut = this.#cut.has(watched) && !watched.over;
      if (live && cut) this.violate('live', `watcher ${key} lost its stream, and is not told so`);
    }
  }

  mustBeLive({ key, live, over }: Watched): void {
    if (!live && !over) this.violate('live', `watcher ${key} is acknowledged, and not told to be live`);
  }

  on(lane: LaneKey): Watched[] {
    return this.present.filter((watched) => watched.lane === lane && watched.attached);
  }

  #check(
    watched: Watched,
    effect: WatchEffect & { readonly watcher: WatcherKey },
  ): readonly [string, string] | undefined {
    switch (effect.type) {
      case 'ready':
        return watched.announced(Number(effect.revision), Number(effect.nextRevision));
      case 'interrupted':
      case 'resumed':
        return watched.turned(effect.type === 'resumed');
      case 'deliver':
        this.counts.batches++;
        if (this.#liedTo) return ['lies', 'told what no etcd says'];
        if (watched.phase === 'paused') return ['bounded', 'told while its buffer is full'];
        return watched.delivered(effect.events);
      case 'progress': {
        this.counts.bookmarks++;
        const reply = this.#input?.type === 'reply' ? this.#input.reply : undefined;
        if (reply?.kind === 'progress') watched.saw(Number(reply.headerRevision));
        return watched.bookmarked(Number(effect.revision));
      }
      case 'send-create':
        return watched.created(effect.lane, Number(effect.startRevision), this.#now());
      case 'finish':
        return this.#finish(watched, effect);
      case 'read-revision':
        if (watched.ready === undefined && watched.start === undefined) watched.phase = 'pinning';
        return undefined;
      default:
        return undefined;
    }
  }

  #finish(watched: Watched, { error }: Finish): readonly [string, string] | undefined {
    watched.phase = 'over';
    if (error instanceof RolledBackError) {
      this.counts.rolledBack++;
      return watched.rolledBack ? undefined : ['no end without a cause', `${error.message}, but it did not`];
    }
    if (error instanceof CompactedError) {
      this.counts.compacted++;
      return watched.compacted(Number(error.compactRevision));
    }
    if (error instanceof PermissionDeniedError && watched.spec.forbidden) return undefined;
    if (error instanceof UnauthenticatedError && (this.badCredentials || watched.refused.size >= 3))
      return undefined;
    if (/larger than max/.test(error.message) && watched.oversized >= 2 && watched.oversizedAlone)
      return undefined;
    return ['no end without a cause', `${error.name}: ${error.message}`];
  }

  #leave(key: WatcherKey): void {
    const watched = this.watched.get(key);
    if (watched) watched.phase = 'over';
  }

  #phase(key: WatcherKey, phase: Watched['phase']): void {
    const watched = this.watched.get(key);
    if (!watched || watched.over) return;
    if (phase === 'waiting') watched.drained = true;
    watched.phase = phase;
  }

  #lost(lane: LaneKey, oversized: boolean): void {
    const there = this.on(lane);
    for (const watched of oversized ? there : []) {
      watched.oversized++;
      watched.oversizedAlone = there.length === 1;
    }
    this.#off(lane, true);
  }

  /** Who leaves a stream that is empty then has another one to go to. */
  #off(lane: LaneKey, isLost: boolean): void {
    for (const watched of this.on(lane)) {
      watched.phase = 'waiting';
      if (isLost) this.#cut.add(watched);
    }
  }

  #reply({ lane, watchId, reply }: Reply): void {
    const key = this.lanes.whose(lane, watchId, reply.kind);
    const watched = key === undefined ? undefined : this.watched.get(key);
    if (!watched || watched.over) return;
    switch (reply.kind) {
      case 'created':
        this.#acknowledged = watched;
        if (watched.acknowledged(Number(reply.headerRevision))) this.#goBlind(watched);
        return;
      case 'events':
        if (isLie(reply)) {
          this.#liedTo = watched;
          return;
        }
        watched.received(Number(reply.events.at(-1)?.kv.modRevision ?? 0n), reply.fragment);
        return;
      case 'cancelled':
      case 'refused': {
        const forToken = /auth token/.test(reply.reason);
        if (forToken) watched.refused.add(this.lanes.tokenOf(lane));
        watched.phase = forToken ? 'tokenless' : 'resting';
      }
    }
  }

  #goBlind(watched: Watched): void {
    if (watched.blind) return;
    watched.blind = true;
    this.counts.blind++;
  }
}
