import type { WatchEvent } from '#src/model/index.js';
import type { SlotKey, WatcherKey } from '#src/watch/core/index.js';
import { type Change, matches, type Spec, type Store } from './store.js';

/** The phases of a watcher, as observed from outside. */
export const phases = [
  'pinning',
  'waiting',
  'creating',
  'live',
  'dedicated',
  'mid-response',
  'paused',
  'retrying',
  'token-wait',
] as const;
export type WatcherPhase = (typeof phases)[number];

const maxCreates = 45;
const createWindowMs = 3_000;

type RuleBreak = readonly [rule: string, text: string] | undefined;

/** Compares what one watcher received with what it should have received. */
export class WatcherModel {
  readonly key: WatcherKey;
  readonly spec: Spec;
  readonly start: number | undefined;
  phase: WatcherPhase | 'over';
  slot: SlotKey | undefined;
  ready: number | undefined;
  /** Whether its reader was last notified that it is live. */
  live = false;
  /** The highest revision that the session may take as reached, from its inputs. */
  seen = 0;
  /** It reached a rolled-back store that already exceeds what it has seen: undetectable. */
  undetectable = false;
  /** Its reader has caught up, but it was not created again yet. */
  drained = false;
  /** It is on a dedicated stream. */
  isDedicated = false;
  /** Tokens rejected since it was last acknowledged. */
  readonly refused = new Set<number>();
  /** The watch id of its last create. */
  createId: bigint | undefined;
  /** One of its streams had an oversized message, or it asked before: it must ask for fragments. */
  needsFragments = false;
  /** Three of its streams in a row were lost without progress, maybe within large messages. */
  mayNeedFragments = false;
  /**
   * Oversized messages on its streams since it last received anything, while it asked for fragments; and whether it was
   * alone at the last one.
   */
  oversized = 0;
  oversizedAlone = false;
  /** Whether a member may lose a delete at the compacted revision. */
  mayLose = false;
  /** The revision of a delete that a server did not send, until the watcher receives it. */
  lostDelete: number | undefined;
  /** Every start revision that it requested. */
  readonly #starts = new Set<number>();
  /** Times of its creates since it last received anything. */
  creates: number[] = [];
  readonly #store: Store;
  #revisionAtStart: number;
  #epoch: number;
  /** The first revision that is not delivered completely. */
  #next: number;
  /** No create may start below: everything before was delivered, or proven to contain nothing. */
  #floor: number;
  #bookmark = 0;
  /** Whether it watches from now on, and has no start revision yet, or no longer. */
  needsPin: boolean;
  /** The revisions that reads returned which were sent since it needs a pin, with the epoch of the store. */
  readonly #pinReads = new Map<number, number>();
  #pin: number | undefined;
  #receivedAny = false;

  constructor(key: WatcherKey, spec: Spec, start: number | undefined, store: Store) {
    this.key = key;
    this.spec = spec;
    this.start = start;
    this.phase = start === undefined ? 'pinning' : 'waiting';
    this.needsPin = start === undefined;
    this.#store = store;
    this.#revisionAtStart = store.revision;
    this.#epoch = store.epoch;
    this.#next = start ?? 0;
    this.#floor = start ?? 0;
  }

  get over(): boolean {
    return this.phase === 'over';
  }

  /** On a stream, or being created on one. */
  get attached(): boolean {
    return (
      this.phase === 'creating' ||
      this.phase === 'live' ||
      this.phase === 'dedicated' ||
      this.phase === 'mid-response'
    );
  }

  /** Acknowledged on a stream that is up, as far as the client can know. */
  get isAcknowledged(): boolean {
    return this.phase === 'live' || this.phase === 'dedicated' || this.phase === 'mid-response';
  }

  /** On no stream, and not being created. */
  get detached(): boolean {
    return this.phase === 'paused' || this.phase === 'retrying' || this.phase === 'token-wait';
  }

  /** The store lost history that this watcher had seen. */
  get rolledBack(): boolean {
    return this.#epoch !== this.#store.epoch;
  }

  /** It had a pin before. */
  get wasPinned(): boolean {
    return this.#pin !== undefined;
  }

  /** It starts beyond the store's revision. */
  get future(): boolean {
    return this.#next > this.#store.revision + 1;
  }

  /** A revision that it should have received by now. */
  get nextExpected(): number | undefined {
    if (this.start === undefined && this.#pin === undefined) return this.#store.revision;
    const revision = this.#nextMatching();
    return revision > this.#store.revision ? undefined : revision;
  }

  advanceSeen(revision: number): void {
    this.seen = Math.max(this.seen, revision);
  }

  /** A read that was sent when it needed a pin is executed. */
  onPinRead(revision: number): void {
    if (this.needsPin) this.#pinReads.set(revision, this.#store.epoch);
  }

  /** Its history was compacted before it was ready, so it is pinned again. */
  onCancelled(compactRevision: number): void {
    if (this.start !== undefined || this.ready !== undefined || compactRevision <= this.#floor) return;
    this.needsPin = true;
    this.#pinReads.clear();
  }

  #onPinned(revision: number): RuleBreak {
    const epoch = this.#pinReads.get(revision);
    if (epoch === undefined)
      return ['pin', `starts after ${revision}, which no read returned that was sent after its request`];
    if (epoch !== this.#epoch) this.#revisionAtStart = 0; // it started in a lost history
    this.needsPin = false;
    this.#epoch = epoch;
    this.#pin = revision;
    this.#next = revision + 1;
    this.#floor = revision + 1;
    this.seen = revision;
    return undefined;
  }

  /** Returns whether it reached a rolled-back store that it cannot distinguish from its own. */
  onAcknowledge(header: number): boolean {
    this.phase = this.isDedicated ? 'dedicated' : 'live';
    this.refused.clear();
    let undetectable = false;
    if (this.rolledBack) {
      if (this.seen === 0) this.#epoch = this.#store.epoch;
      else undetectable = header === 0 || header >= this.seen;
    }
    this.advanceSeen(header);
    return undetectable;
  }

  onReceive(last: number, fragment: boolean): void {
    this.#receivedAny = true;
    if (!this.rolledBack) this.advanceSeen(last);
    if (fragment) this.phase = 'mid-response';
    else if (this.phase === 'mid-response') this.phase = this.isDedicated ? 'dedicated' : 'live';
  }

  /** Its reader is notified that it is live, or no longer live. */
  onLiveChange(live: boolean): RuleBreak {
    if (this.ready === undefined) return ['live', 'notified before it was ready'];
    if (this.live === live) return ['live', `notified twice that it is ${live ? '' : 'not '}live`];
    this.live = live;
    return undefined;
  }

  onReady(revision: number, next: number): RuleBreak {
    if (this.ready !== undefined) return ['ready', 'ready twice'];
    this.ready = revision;
    this.live = true;
    if (this.rolledBack) return undefined;
    if (this.start !== undefined) {
      return next === this.start ? undefined : ['ready', `starts at ${next}, requested was ${this.start}`];
    }
    if (next !== (this.#pin ?? 0) + 1) return ['ready', `starts at ${next}, pinned was ${this.#pin}`];
    if (next <= this.#revisionAtStart)
      return ['ready', `starts at ${next}; it was created at ${this.#revisionAtStart}`];
    if (revision < next - 1) return ['ready', `promised all after ${revision}, starts at ${next}`];
    if (revision > this.#store.revision) return ['ready', `ready at ${revision}, which does not exist yet`];
    return undefined;
  }

  /** One of its streams had an oversized message. */
  onOversized(alone: boolean): void {
    if (this.needsFragments) this.oversized++;
    this.oversizedAlone = alone;
    this.needsFragments = true;
  }

  /** A create asks for fragments if they are needed, and only if they may be. */
  checkFragments(asked: boolean): RuleBreak {
    if (asked && this.mayNeedFragments) this.needsFragments = true;
    if (asked === this.needsFragments) return undefined;
    return ['fragments', `${asked ? 'asks' : 'does not ask'} for fragments`];
  }

  onCreate(slot: SlotKey, start: number, now: number): RuleBreak {
    this.phase = 'creating';
    this.slot = slot;
    const wrongPin = this.needsPin ? this.#onPinned(start - 1) : undefined;
    if (wrongPin) return wrongPin;
    this.creates.push(now);
    // Allows for losses of several kinds at once, each with its own pauses.
    const before = this.creates[this.creates.length - maxCreates];
    if (before !== undefined && now - before < createWindowMs) {
      return ['backoff', `${maxCreates} creates without progress within ${createWindowMs} ms`];
    }
    this.#starts.add(start);
    if (this.rolledBack) return undefined;
    if (this.lostDelete !== undefined && start <= this.lostDelete) return undefined;
    if (start < this.#floor)
      return ['resumable', `requests ${start}, but has everything below ${this.#floor}`];
    const expected = this.#nextMatching();
    if (start <= expected) return undefined;
    if (this.lostDelete !== undefined && expected <= this.lostDelete && !this.#isPin(start)) return undefined;
    // Pinned again, because a compaction removed what preceded its `ready`.
    const again = this.#isPin(start);
    const isGone = this.#store.compactRevision - (this.mayLose ? 0 : 1) >= this.#next;
    if (again && isGone) {
      this.lostDelete = undefined;
      this.#next = start;
      this.#floor = start;
      return undefined;
    }
    return ['resumable', `requests ${start}, but has not received ${expected}`];
  }

  onDeliver(events: readonly WatchEvent[]): RuleBreak {
    this.creates = [];
    this.oversized = 0;
    if (this.ready === undefined) return ['ready', 'received events before it was ready'];
    if (this.rolledBack) return this.#checkOrder(events);
    if (this.lostDelete !== undefined) {
      const isReceived = events.some(
        ({ type, kv }) => type === 'delete' && Number(kv.modRevision) === this.lostDelete,
      );
      if (!isReceived) return this.#checkOrder(events);
      this.lostDelete = undefined;
    }
    for (let i = 0; i < events.length; ) {
      const revision = Number(events[i]?.kv.modRevision);
      const expected = this.#nextMatching();
      if (revision < this.#next) return ['unique', `received ${revision} again, or too late`];
      if (revision > expected) return ['reliable', `received ${revision} instead of ${expected}`];
      if (revision < expected) return ['filter', `received ${revision}, which does not match`];
      const wrong = this.#checkRevision(revision, events, i);
      if (wrong) return wrong;
      i += this.#matching(revision).length;
      this.#next = revision + 1;
    }
    this.#floor = Math.max(this.#floor, this.#next);
    return undefined;
  }

  onProgress(revision: number): RuleBreak {
    this.creates = [];
    this.oversized = 0;
    if (this.rolledBack || this.lostDelete !== undefined) return undefined;
    if (revision < this.#bookmark)
      return ['bookmarkable', `progress went back from ${this.#bookmark} to ${revision}`];
    if (revision < this.#next - 1)
      return ['bookmarkable', `progress at ${revision}, but delivered up to ${this.#next - 1}`];
    const expected = this.#nextMatching();
    if (expected <= revision)
      return ['bookmarkable', `progress at ${revision}, but ${expected} was not delivered`];
    if (revision > Math.max(this.#store.revision, (this.start ?? 0) - 1)) {
      return ['bookmarkable', `progress at ${revision}, the store is at ${this.#store.revision}`];
    }
    this.#bookmark = revision;
    this.#floor = Math.max(this.#floor, revision + 1);
    return undefined;
  }

  /** It is reported that it has received the history up to the revision. */
  onCaughtUp(revision: number): RuleBreak {
    if (!this.live) return ['caught up', 'has caught up, but is not live'];
    if (this.rolledBack || this.lostDelete !== undefined) return undefined;
    const expected = this.#nextMatching();
    return expected <= revision
      ? ['caught up', `has caught up at ${revision}, but ${expected} was not delivered`]
      : undefined;
  }

  onCompacted(compactRevision: number): RuleBreak {
    if (this.rolledBack || this.lostDelete !== undefined) return undefined;
    const isAtStart = this.mayLose && this.#starts.has(compactRevision);
    if (isAtStart && compactRevision <= this.#store.compactRevision) return undefined;
    const rule = 'no end without a cause';
    if (compactRevision > this.#store.compactRevision)
      return [rule, `reports a compaction at ${compactRevision} that did not happen`];
    if (compactRevision <= this.#floor)
      return [rule, `reports a compaction at ${compactRevision}, but needs only ${this.#floor}`];
    if (this.start !== undefined || this.#receivedAny) return undefined;
    const promised = this.ready !== undefined && compactRevision > this.ready + 1;
    return promised
      ? undefined
      : [rule, `reports a compaction at ${compactRevision}, which affects nothing promised`];
  }

  /** Whether `start` is where a watch from "now" that has received nothing is pinned again. */
  #isPin(start: number): boolean {
    return this.start === undefined && start === (this.ready ?? -1) + 1 && !this.#receivedAny;
  }

  #checkRevision(revision: number, events: readonly WatchEvent[], from: number): RuleBreak {
    const expected = this.#matching(revision);
    for (const [k, change] of expected.entries()) {
      const event = events[from + k];
      if (!event || Number(event.kv.modRevision) !== revision)
        return ['atomic', `revision ${revision} is split`];
      if (event.kv !== change.bare.kv || event.type !== change.type) {
        return ['faithful', `revision ${revision} differs from the store`];
      }
      if (event.prevKv !== undefined && !(this.spec.prevKv && event.prevKv === change.withPrev.prevKv)) {
        return ['prevKv', `revision ${revision} has another previous value`];
      }
      const isAvailable = revision - 1 >= this.#store.compactRevision;
      if (this.spec.prevKv && isAvailable && event.prevKv !== change.withPrev.prevKv) {
        return ['prevKv', `revision ${revision} has no previous value`];
      }
    }
    const after = events[from + expected.length];
    return after && Number(after.kv.modRevision) === revision
      ? ['unique', `revision ${revision} has events twice`]
      : undefined;
  }

  /** After a rollback only the order is guaranteed. */
  #checkOrder(events: readonly WatchEvent[]): RuleBreak {
    for (const { kv } of events) {
      const revision = Number(kv.modRevision);
      if (revision < this.#next - 1) return ['ordered', `received ${revision} after ${this.#next - 1}`];
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
