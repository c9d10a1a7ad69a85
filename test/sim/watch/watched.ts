import type { WatchEvent } from '#src/model/index.js';
import type { LaneKey, WatcherKey } from '#src/watch/core/index.js';
import { type Change, matches, type Spec, type Store } from './store.js';

/** Where a watcher stands, as seen from outside. */
export const phases = [
  'pinning',
  'waiting',
  'creating',
  'live',
  'apart',
  'mid-response',
  'paused',
  'resting',
  'tokenless',
] as const;
export type WatchedPhase = (typeof phases)[number];

const maxTries = 45;
const tryMs = 3_000;

type Wrong = readonly [rule: string, text: string] | undefined;

/** What one watcher was told, against what it should have been. */
export class Watched {
  readonly key: WatcherKey;
  readonly spec: Spec;
  readonly start: number | undefined;
  phase: WatchedPhase | 'over';
  lane: LaneKey | undefined;
  ready: number | undefined;
  /** What its reader was told. */
  live = false;
  /** The highest revision that the session may hold for reached, from what came in. */
  seen = 0;
  /** It met a store that was rolled back and had already overtaken it: no watcher can tell. */
  blind = false;
  /** Its reader caught up, and it was not created again yet. */
  drained = false;
  /** It was moved to a lane without others. */
  apart = false;
  /** Tokens turned down since it was last acknowledged. */
  readonly refused = new Set<number>();
  /** The id of its last create. */
  askedAs: bigint | undefined;
  /** Messages that were too large, on streams that it was on, since it was told anything; the last one while alone. */
  oversized = 0;
  oversizedAlone = false;
  /** Whether a member may lose a delete at the compacted revision. */
  mayLose = false;
  /** Where a server lost one for it, until it is told of it after all. */
  lost: number | undefined;
  /** What it ever asked from. */
  readonly #asked = new Set<number>();
  /** When it was created, since it was told anything. */
  creates: number[] = [];
  readonly #store: Store;
  #began: number;
  #epoch: number;
  /** The first revision that was not told completely. */
  #next: number;
  /** Nobody may ask for less again: it was delivered, or proven to hold nothing. */
  #floor: number;
  #bookmark = 0;
  #pinRead: number | undefined;
  #pin: number | undefined;
  #receivedAny = false;

  constructor(key: WatcherKey, spec: Spec, start: number | undefined, store: Store) {
    this.key = key;
    this.spec = spec;
    this.start = start;
    this.phase = start === undefined ? 'pinning' : 'waiting';
    this.#store = store;
    this.#began = store.revision;
    this.#epoch = store.epoch;
    this.#next = start ?? 0;
    this.#floor = start ?? 0;
  }

  get over(): boolean {
    return this.phase === 'over';
  }

  /** On a stream, or about to be. */
  get attached(): boolean {
    return (
      this.phase === 'creating' ||
      this.phase === 'live' ||
      this.phase === 'apart' ||
      this.phase === 'mid-response'
    );
  }

  /** Acknowledged, and its stream is up as far as the client can know. */
  get acknowledgedHere(): boolean {
    return this.phase === 'live' || this.phase === 'apart' || this.phase === 'mid-response';
  }

  /** On no stream, and not on its way to one. */
  get away(): boolean {
    return this.phase === 'paused' || this.phase === 'resting' || this.phase === 'tokenless';
  }

  /** The store lost history that this watcher had met. */
  get rolledBack(): boolean {
    return this.#epoch !== this.#store.epoch;
  }

  /** What it asks for lies ahead of the store. */
  get future(): boolean {
    return this.#next > this.#store.revision + 1;
  }

  /** Something that it should have been told by now. */
  get owed(): number | undefined {
    if (this.start === undefined && this.#pin === undefined) return this.#store.revision;
    const revision = this.#nextMatching();
    return revision > this.#store.revision ? undefined : revision;
  }

  saw(revision: number): void {
    this.seen = Math.max(this.seen, revision);
  }

  pinRead(revision: number): void {
    this.#pinRead = revision;
    if (this.rolledBack) this.#began = 0; // it came in a history that is no more
    this.#epoch = this.#store.epoch;
  }

  pinned(revision: number): void {
    if (this.start !== undefined || this.ready !== undefined || this.#pinRead === undefined) return;
    this.#pin = revision;
    this.#next = revision + 1;
    this.#floor = revision + 1;
    this.seen = revision;
  }

  /** Gives whether it just met a rolled-back store that it cannot tell from its own. */
  acknowledged(header: number): boolean {
    this.phase = this.apart ? 'apart' : 'live';
    this.refused.clear();
    let blind = false;
    if (this.rolledBack) {
      if (this.seen === 0) this.#epoch = this.#store.epoch;
      else blind = header === 0 || header >= this.seen;
    }
    this.saw(header);
    return blind;
  }

  received(last: number, fragment: boolean): void {
    this.#receivedAny = true;
    if (!this.rolledBack) this.saw(last);
    if (fragment) this.phase = 'mid-response';
    else if (this.phase === 'mid-response') this.phase = this.apart ? 'apart' : 'live';
  }

  /** Its reader is told that it is live, or no longer. */
  turned(live: boolean): Wrong {
    if (this.ready === undefined) return ['live', 'told of before it was announced'];
    if (this.live === live) return ['live', `told twice that it is ${live ? '' : 'not '}live`];
    this.live = live;
    return undefined;
  }

  announced(revision: number, next: number): Wrong {
    if (this.ready !== undefined) return ['ready', 'announced twice'];
    this.ready = revision;
    this.live = true;
    if (this.rolledBack) return undefined;
    if (this.start !== undefined) {
      return next === this.start ? undefined : ['ready', `tells from ${next}, was asked from ${this.start}`];
    }
    if (next !== (this.#pin ?? 0) + 1) return ['ready', `tells from ${next}, was pinned at ${this.#pin}`];
    if (next <= this.#began) return ['ready', `tells from ${next}; it came at ${this.#began}`];
    if (revision < next - 1) return ['ready', `promised all after ${revision}, tells from ${next}`];
    if (revision > this.#store.revision) return ['ready', `ready at ${revision}, which is yet to come`];
    return undefined;
  }

  created(lane: LaneKey, start: number, now: number): Wrong {
    this.phase = 'creating';
    this.lane = lane;
    this.creates.push(now);
    // A bound that allows for losses of several kinds at once, each with pauses of its own.
    const before = this.creates[this.creates.length - maxTries];
    if (before !== undefined && now - before < tryMs) {
      return ['backoff', `${maxTries} fruitless tries within ${tryMs} ms`];
    }
    this.#asked.add(start);
    if (this.rolledBack) return undefined;
    if (this.lost !== undefined && start <= this.lost) return undefined;
    if (start < this.#floor) return ['resumable', `asks from ${start}, had all below ${this.#floor}`];
    const owed = this.#nextMatching();
    if (start <= owed) return undefined;
    if (this.lost !== undefined && owed <= this.lost && !this.#isPin(start)) return undefined;
    // Pinned again: a compaction took what came before it was announced.
    const again = this.#isPin(start);
    const isGone = this.#store.compactRevision - (this.mayLose ? 0 : 1) >= this.#next;
    if (again && isGone) {
      this.lost = undefined;
      this.#next = start;
      this.#floor = start;
      return undefined;
    }
    return ['resumable', `asks from ${start}, was not told of ${owed}`];
  }

  delivered(events: readonly WatchEvent[]): Wrong {
    this.creates = [];
    this.oversized = 0;
    if (this.ready === undefined) return ['ready', 'told before it was announced'];
    if (this.rolledBack) return this.#inOrder(events);
    if (this.lost !== undefined) {
      const isTold = events.some(({ type, kv }) => type === 'delete' && Number(kv.modRevision) === this.lost);
      if (!isTold) return this.#inOrder(events);
      this.lost = undefined;
    }
    for (let i = 0; i < events.length; ) {
      const revision = Number(events[i]?.kv.modRevision);
      const expected = this.#nextMatching();
      if (revision < this.#next) return ['unique', `told of ${revision} again, or too late`];
      if (revision > expected) return ['reliable', `told of ${revision}, not of ${expected}`];
      if (revision < expected) return ['filter', `told of ${revision}, which is not for it`];
      const wrong = this.#whole(revision, events, i);
      if (wrong) return wrong;
      i += this.#matching(revision).length;
      this.#next = revision + 1;
    }
    this.#floor = Math.max(this.#floor, this.#next);
    return undefined;
  }

  bookmarked(revision: number): Wrong {
    this.creates = [];
    this.oversized = 0;
    if (this.rolledBack || this.lost !== undefined) return undefined;
    if (revision < this.#bookmark)
      return ['bookmarkable', `progress went back from ${this.#bookmark} to ${revision}`];
    if (revision < this.#next - 1)
      return ['bookmarkable', `progress at ${revision}, was told up to ${this.#next - 1}`];
    const owed = this.#nextMatching();
    if (owed <= revision) return ['bookmarkable', `progress at ${revision}, was not told of ${owed}`];
    if (revision > Math.max(this.#store.revision, (this.start ?? 0) - 1)) {
      return ['bookmarkable', `progress at ${revision}, the store is at ${this.#store.revision}`];
    }
    this.#bookmark = revision;
    this.#floor = Math.max(this.#floor, revision + 1);
    return undefined;
  }

  compacted(compactRevision: number): Wrong {
    if (this.rolledBack || this.lost !== undefined) return undefined;
    const fellOnStart = this.mayLose && this.#asked.has(compactRevision);
    if (fellOnStart && compactRevision <= this.#store.compactRevision) return undefined;
    const rule = 'no end without a cause';
    if (compactRevision > this.#store.compactRevision)
      return [rule, `says compacted at ${compactRevision}, is not`];
    if (compactRevision <= this.#floor)
      return [rule, `compacted at ${compactRevision}, needed ${this.#floor}`];
    if (this.start !== undefined || this.#receivedAny) return undefined;
    const promised = this.ready !== undefined && compactRevision > this.ready + 1;
    return promised ? undefined : [rule, `compacted at ${compactRevision}, promised nothing of that`];
  }

  /** Whether it is where a watch from "now" is pinned again that heard of nothing yet. */
  #isPin(start: number): boolean {
    return this.start === undefined && start === (this.ready ?? -1) + 1 && !this.#receivedAny;
  }

  #whole(revision: number, events: readonly WatchEvent[], from: number): Wrong {
    const expected = this.#matching(revision);
    for (const [k, change] of expected.entries()) {
      const event = events[from + k];
      if (!event || Number(event.kv.modRevision) !== revision)
        return ['atomic', `revision ${revision} is in parts`];
      if (event.kv !== change.bare.kv || event.type !== change.type) {
        return ['faithful', `revision ${revision} is not what happened`];
      }
      if (event.prevKv !== undefined && !(this.spec.prevKv && event.prevKv === change.withPrev.prevKv)) {
        return ['prevKv', `revision ${revision} has another previous value`];
      }
      const kept = revision - 1 >= this.#store.compactRevision;
      if (this.spec.prevKv && kept && event.prevKv !== change.withPrev.prevKv) {
        return ['prevKv', `revision ${revision} lacks its previous value`];
      }
    }
    const after = events[from + expected.length];
    return after && Number(after.kv.modRevision) === revision
      ? ['unique', `revision ${revision} has events twice`]
      : undefined;
  }

  /** After a rollback nobody knows what should come; order is promised still. */
  #inOrder(events: readonly WatchEvent[]): Wrong {
    for (const { kv } of events) {
      const revision = Number(kv.modRevision);
      if (revision < this.#next - 1) return ['ordered', `told of ${revision} after ${this.#next - 1}`];
      this.#next = revision + 1;
    }
    return undefined;
  }

  #matching(revision: number): readonly Change[] {
    return this.#store.at(revision).filter((change) => matches(this.spec, change));
  }

  #nextMatching(): number {
    let revision = this.#next;
    const last = this.#store.revision;
    while (revision <= last && !this.#store.at(revision).some((change) => matches(this.spec, change)))
      revision++;
    return revision;
  }
}
