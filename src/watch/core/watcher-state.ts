import type { Revision, WatchEvent, WireRange } from '../../model/index.js';
import { protocolViolation } from './batch-check.js';
import { lastRevision, max, nextRevision, type WatchReply } from './cursor.js';
import type { SlotKey, TokenGeneration, WatcherKey } from './protocol.js';

/**
 * Where a watcher stands.
 * - `pinning`: waits for the revision that "now" means;
 * - `waiting`: to be created, as soon as its slot has a stream and room in the window;
 * - `creating`: the create was sent; `live`: it was acknowledged;
 * - `paused`: cancelled on the server until its reader has caught up;
 * - `resting`: something failed for it alone, and is tried again after a pause or with a new token.
 */
export type Phase = 'pinning' | 'waiting' | 'creating' | 'live' | 'paused' | 'retry-pending';

/** What a watcher knows of the slot it is on. */
export interface AssignedSlot {
  readonly key: SlotKey;
  readonly generation: TokenGeneration;
  readonly dedicated: boolean;
  /** Whether a grpc-proxy is at the other end. */
  readonly viaProxy: boolean;
  /** Whether its member may lose a delete at the compacted revision; undefined until its release is known. */
  readonly losesDeletes: boolean | undefined;
}

/** One watcher's memory: its cursor, and the part of a revision that is still incomplete. */
export class WatcherState {
  readonly key: WatcherKey;
  readonly #range: WireRange;
  phase: Phase;
  slot: AssignedSlot | undefined;
  /** The id it has on its slot's present stream. */
  watchId: bigint | undefined;
  /** The store's revision when the first create was acknowledged. */
  readyRevision: Revision | undefined;
  /** It was acknowledged, and is no longer on the stream where that was so; until it is acknowledged again. */
  interrupted = false;
  /** Whose stream was lost while it was there, since it was last acknowledged. */
  lostSlot: SlotKey | undefined;
  /** The start of its last create; the cursor may have moved on before that is acknowledged. */
  requestedStart: Revision = 0n;
  /** From where history was read for it on a stream whose release is not known yet; see StartChecks. */
  uncheckedStart: Revision | undefined;
  /** Tries that failed for this watcher alone, in a row. */
  failures = 0;
  /** A response that is too large came while it was on the stream, maybe another's, and it was told nothing since. */
  oversized = false;
  /** Tokens that were turned down, in a row. */
  refusedTokens = 0;
  #lastRefusedToken: TokenGeneration = -1;
  /** Events that arrived for a second time, or from before the start, and were kept from the reader. */
  #duplicates = 0;
  /** Started from "now", and no event was received yet. */
  #isPinnedWithoutEvents: boolean;
  #cursor: Revision;
  #lastDelivered: Revision;
  #knownRevision = 0n;
  #rollbackFloor: Revision | undefined;
  /** Acknowledged once more by a store that seems to have gone back, before that read was answered. */
  #needsAnotherCheck = false;
  /** The last revision of the pieces so far, of which more may come. */
  #incomplete: WatchEvent[] = [];
  #incompleteBytes = 0;

  constructor(key: WatcherKey, range: WireRange, startRevision: Revision | undefined) {
    this.key = key;
    this.#range = range;
    this.phase = startRevision === undefined ? 'pinning' : 'waiting';
    this.#isPinnedWithoutEvents = startRevision === undefined;
    this.#cursor = startRevision ?? 0n;
    this.#lastDelivered = this.#cursor - 1n;
  }

  /** The revision a new stream must ask for: everything below it has been received. */
  get cursor(): Revision {
    return this.#cursor;
  }

  /** The highest revision that the store is known to have had. A store below it was rolled back. */
  get knownRevision(): Revision {
    return this.#knownRevision;
  }

  /** Whether a response has begun whose last piece is still to come. */
  get midResponse(): boolean {
    return this.#incomplete.length > 0;
  }

  /** What the revision takes in memory whose pieces are still coming. */
  get incompleteBytes(): number {
    return this.#incompleteBytes;
  }

  /** How many events were kept from the reader since this was last asked. */
  takeDuplicates(): number {
    const dropped = this.#duplicates;
    this.#duplicates = 0;
    return dropped;
  }

  /** Known to have been the store's revision, by a read or an acknowledgement. */
  raiseKnownRevision(revision: Revision): void {
    this.#knownRevision = max(this.#knownRevision, revision);
  }

  /** What the store is known to have reached, while a read is under way that tells whether it went back. */
  get rollbackFloor(): Revision | undefined {
    return this.#rollbackFloor;
  }

  /** Gives whether the store's revision is to be read, which tells whether it went back. */
  beginRollbackCheck(): boolean {
    if (this.#rollbackFloor !== undefined) {
      this.#needsAnotherCheck = true; // the read under way may be older than this acknowledgement
      return false;
    }
    this.#rollbackFloor = this.#knownRevision; // by the time of the answer newer events may have come
    return true;
  }

  /** That read is over. Gives whether there is reason for another one. */
  endRollbackCheck(): boolean {
    const again = this.#needsAnotherCheck;
    this.#rollbackFloor = undefined;
    this.#needsAnotherCheck = false;
    return again;
  }

  pin(revision: Revision): void {
    this.#cursor = revision + 1n;
    this.#lastDelivered = revision;
    // Before it was announced nothing was promised: a new pin is a new beginning, also on a store that was wiped.
    if (this.readyRevision === undefined) this.#knownRevision = revision;
  }

  /**
   * Whether a compaction took only history from before the watcher was announced ready: "now" is then pinned again
   * in silence. History after that was promised, and its loss is told.
   */
  canRepin(compactRevision: Revision): boolean {
    return (
      this.#isPinnedWithoutEvents &&
      (this.readyRevision === undefined || compactRevision <= this.readyRevision + 1n)
    );
  }

  /** Off its stream, with whatever was incomplete: the cursor still points to the start of that. */
  detach(phase: Phase): void {
    this.watchId = undefined;
    this.#clearIncomplete();
    this.phase = phase;
  }

  /** Gives how many tokens were turned down in a row. One counts once: while no other can be had it is tried again. */
  countRefusedToken(token: TokenGeneration): number {
    if (token > this.#lastRefusedToken) this.refusedTokens++;
    this.#lastRefusedToken = Math.max(this.#lastRefusedToken, token);
    return this.refusedTokens;
  }

  /** It was told something: what failed before is over. */
  clearFailures(): void {
    this.failures = 0;
    this.oversized = false;
  }

  /** Gives whether it brought the watcher further: one that repeats what is known proves nothing. */
  applyProgress(reply: WatchReply & { kind: 'progress' }): boolean {
    const before = this.#cursor;
    this.#cursor = nextRevision(before, reply);
    this.raiseKnownRevision(reply.headerRevision);
    this.oversized = false;
    const advanced = this.#cursor > before;
    if (advanced) this.clearFailures();
    return advanced;
  }

  /** Why the response cannot be etcd's, if so. Nothing of it is to be taken then. */
  protocolViolation(reply: WatchReply & { kind: 'events' }): string | undefined {
    return protocolViolation(reply, this.#range, lastRevision(this.#incomplete));
  }

  /** Takes a response and gives what is complete and new in it, whole revisions only. */
  applyEvents(reply: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    this.#isPinnedWithoutEvents = false;
    this.#cursor = nextRevision(this.#cursor, reply);
    this.raiseKnownRevision(lastRevision(reply.events));
    const complete = this.#takeComplete(reply);
    const fresh = this.#withoutDuplicates(complete);
    if (fresh.length > 0) this.#lastDelivered = lastRevision(fresh);
    return fresh;
  }

  /** All that lies below the last revision of a fragment is whole; that last one waits for the rest of the response. */
  #takeComplete({ events, fragment }: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    const before = this.#incomplete;
    if (!fragment && before.length === 0) return events;
    if (!fragment) {
      this.#clearIncomplete();
      return before.concat(events);
    }
    const last = lastRevision(events);
    const continues = lastRevision(before) === last;
    const cut = continues ? 0 : events.findIndex((event) => event.kv.modRevision === last);
    // In place, so that a revision of many pieces is not copied with each of them.
    if (!continues) this.#clearIncomplete();
    for (const event of events.slice(cut)) {
      this.#incomplete.push(event);
      this.#incompleteBytes += bytesOf(event);
    }
    return continues ? [] : before.concat(events.slice(0, cut));
  }

  #clearIncomplete(): void {
    this.#incomplete = [];
    this.#incompleteBytes = 0;
  }

  /** Some 3.4 and 3.5 servers send old events again after a snapshot; measured against delivered events, never headers. */
  #withoutDuplicates(events: readonly WatchEvent[]): readonly WatchEvent[] {
    const first = events[0];
    if (!first || first.kv.modRevision > this.#lastDelivered) return events;
    const fresh = events.filter((event) => event.kv.modRevision > this.#lastDelivered);
    this.#duplicates += events.length - fresh.length;
    return fresh;
  }
}

/** An event's objects, beside its bytes. */
const eventBytes = 512;

function bytesOf({ kv, prevKv }: WatchEvent): number {
  return (
    eventBytes + kv.key.length + kv.value.length + (prevKv ? prevKv.key.length + prevKv.value.length : 0)
  );
}
