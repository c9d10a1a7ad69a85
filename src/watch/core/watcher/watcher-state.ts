import type { InterruptionCause } from '../../../diagnostics/topics/watch.js';
import type { Revision, WatchEvent, WireRange } from '../../../model/index.js';
import { lastRevision, max, nextRevision, type WatchReply } from '../cursor.js';
import type { SlotKey, TokenGeneration, WatcherKey } from '../protocol.js';
import { protocolViolation } from './batch-check.js';
import { Fragments } from './fragments.js';
import type { Phase } from './transitions.js';

/** The slot of a watcher, as far as the watcher needs it. */
export interface AssignedSlot {
  readonly key: SlotKey;
  readonly generation: TokenGeneration;
  readonly dedicated: boolean;
  /** Whether the peer is a grpc-proxy. */
  readonly viaProxy: boolean;
  /** Whether the member may lose a delete at the compacted revision; undefined until its version is known. */
  readonly losesDeletes: boolean | undefined;
}

/** A pending read that decides whether the store was rolled back. */
interface RollbackCheck {
  /** The revision below which it was. */
  readonly floor: Revision;
  /** Whether another low revision was acknowledged during the read, which may be older than that acknowledgement. */
  needsAnother: boolean;
}

/** The state of one watcher: its phase, its cursor, and the part of a revision that is still incomplete. */
export class WatcherState {
  readonly key: WatcherKey;
  readonly range: WireRange;
  slot: AssignedSlot | undefined;
  /** The watch id on the slot's current stream. */
  watchId: bigint | undefined;
  /** The store's revision when the first create was acknowledged. */
  readyRevision: Revision | undefined;
  /** What was last reported about it: nothing, that it is live, or that it is not, with the cause. */
  liveness: 'never-live' | 'live' | InterruptionCause = 'never-live';
  /** The slot whose stream was lost with this watcher on it, until the watcher is acknowledged again. */
  lostSlot: SlotKey | undefined;
  /** The start revision of the last create. The cursor may move before that is acknowledged. */
  requestedStart: Revision = 0n;
  /** A start that was served from history by a member whose version is not known yet; see StartChecks. */
  uncheckedStart: Revision | undefined;
  /** Failures in a row that affected only this watcher. */
  failures = 0;
  /** Whether its creates ask for fragments: a response to it may have been too large for its stream; see StreamFailures. */
  fragments = false;
  /** Its stream failed for an oversized request or fragment, maybe another watcher's, and nothing was delivered since. */
  oversized = false;
  /** How many different tokens were refused in a row, and the last one. */
  #refusals: { count: number; token: TokenGeneration } | undefined;
  /** Events that arrived again, or from before the start, and were not delivered. */
  #duplicates = 0;
  /** Whether the watcher started "from now on" and has received no event. */
  #isPinnedWithoutEvents: boolean;
  /** Whether it starts "from now on" and has no start revision yet, or no longer. */
  #needsPin: boolean;
  #phase: Phase = 'new';
  #cursor: Revision;
  #lastDelivered: Revision;
  #knownRevision = 0n;
  #rollbackCheck: RollbackCheck | undefined;
  /** Made by the first fragment on a stream. */
  #fragments: Fragments | undefined;

  constructor(key: WatcherKey, range: WireRange, startRevision: Revision | undefined) {
    this.key = key;
    this.range = range;
    this.#isPinnedWithoutEvents = startRevision === undefined;
    this.#needsPin = startRevision === undefined;
    this.#cursor = startRevision ?? 0n;
    this.#lastDelivered = this.#cursor - 1n;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /**
   * Called by WatcherLifecycle alone. Drops the incomplete revision, which another stream does not continue: the cursor
   * points to its start.
   */
  enter(phase: Phase): void {
    this.#phase = phase;
    this.#fragments = undefined;
  }

  get needsPin(): boolean {
    return this.#needsPin;
  }

  /** The start revision for a new stream: everything below it has been received. */
  get cursor(): Revision {
    return this.#cursor;
  }

  /** The highest revision that the store is known to have reached. A store below it was rolled back. */
  get knownRevision(): Revision {
    return this.#knownRevision;
  }

  /** Whether more fragments of a response are to come. */
  get midResponse(): boolean {
    return this.#fragments?.isIncomplete === true;
  }

  /** The memory that the incomplete revision takes, in bytes. */
  get incompleteBytes(): number {
    return this.#fragments?.bytes ?? 0;
  }

  /** Returns the number of duplicate events since the last call. */
  takeDuplicates(): number {
    const duplicates = this.#duplicates;
    this.#duplicates = 0;
    return duplicates;
  }

  /** Called when a read or an acknowledgement has shown that the store has reached this revision. */
  raiseKnownRevision(revision: Revision): void {
    this.#knownRevision = max(this.#knownRevision, revision);
  }

  /** During a rollback check: the revision below which the store was rolled back. Otherwise undefined. */
  get rollbackFloor(): Revision | undefined {
    return this.#rollbackCheck?.floor;
  }

  /** Returns whether the store's revision must be read. False while a read is pending. */
  beginRollbackCheck(): boolean {
    if (this.#rollbackCheck) {
      this.#rollbackCheck.needsAnother = true; // the pending read may be older than this acknowledgement
      return false;
    }
    this.#rollbackCheck = { floor: this.#knownRevision, needsAnother: false }; // newer events may arrive before the answer
    return true;
  }

  /** Called when the read has ended. Returns whether another check is needed. */
  endRollbackCheck(): boolean {
    const needsAnother = this.#rollbackCheck?.needsAnother === true;
    this.#rollbackCheck = undefined;
    return needsAnother;
  }

  /** Called when the history after the pin is lost before the watcher was ready. */
  dropPin(): void {
    this.#needsPin = true;
  }

  pin(revision: Revision): void {
    this.#needsPin = false;
    this.#cursor = revision + 1n;
    this.#lastDelivered = revision;
    // Before `ready` nothing was promised: the watcher starts over, even on a store that was wiped.
    if (this.readyRevision === undefined) this.#knownRevision = revision;
  }

  /**
   * Whether a compaction removed only history from before the watcher was ready. It is then silently pinned again. The
   * history after that was promised, so its loss ends the watcher.
   */
  canRepin(compactRevision: Revision): boolean {
    return (
      this.#isPinnedWithoutEvents &&
      (this.readyRevision === undefined || compactRevision <= this.readyRevision + 1n)
    );
  }

  /** Returns how many different tokens were refused in a row. The same token may be tried, and refused, repeatedly. */
  countRefusedToken(token: TokenGeneration): number {
    this.#refusals ??= { count: 0, token: -1 };
    const refusals = this.#refusals;
    if (token > refusals.token) refusals.count++;
    refusals.token = Math.max(refusals.token, token);
    return refusals.count;
  }

  /** Called when a token was accepted. */
  clearRefusedTokens(): void {
    if (this.#refusals) this.#refusals.count = 0;
  }

  /** Called when the watcher has advanced. */
  clearFailures(): void {
    this.failures = 0;
    this.oversized = false;
  }

  /** Returns whether the progress advanced the watcher; a repeated one does not. */
  applyProgress(reply: WatchReply & { kind: 'progress' }): boolean {
    const before = this.#cursor;
    this.#cursor = nextRevision(before, reply);
    this.raiseKnownRevision(reply.headerRevision);
    this.oversized = false;
    const advanced = this.#cursor > before;
    if (advanced) this.clearFailures();
    return advanced;
  }

  /** Returns how the response violates etcd's protocol, or undefined. No part of such a response may be applied. */
  protocolViolation(reply: WatchReply & { kind: 'events' }): string | undefined {
    return protocolViolation(reply, this.range, this.#fragments?.revision ?? 0n);
  }

  /** Applies a response. Returns its new events that belong to complete revisions. */
  applyEvents(reply: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    this.#isPinnedWithoutEvents = false;
    this.#cursor = nextRevision(this.#cursor, reply);
    this.raiseKnownRevision(lastRevision(reply.events));
    if (reply.fragment) this.#fragments ??= new Fragments();
    const complete = this.#fragments?.takeComplete(reply) ?? reply.events;
    const fresh = this.#withoutDuplicates(complete);
    if (fresh.length > 0) this.#lastDelivered = lastRevision(fresh);
    return fresh;
  }

  /**
   * Compares with delivered events, not with headers.
   *
   * Workaround (etcd before 3.4.25, 3.5.8; https://github.com/etcd-io/etcd/issues/15271): etcd sends old events again
   * after a snapshot. Remove when no affected release is supported.
   */
  #withoutDuplicates(events: readonly WatchEvent[]): readonly WatchEvent[] {
    const first = events[0];
    if (!first || first.kv.modRevision > this.#lastDelivered) return events;
    const fresh = events.filter((event) => event.kv.modRevision > this.#lastDelivered);
    this.#duplicates += events.length - fresh.length;
    return fresh;
  }
}
