import type { Revision, WatchEvent, WireRange } from '../../model/index.js';
import { flawOf } from './batch-check.js';
import { lastRevision, max, nextRevision, type WatchReply } from './cursor.js';
import type { Generation, SlotKey, WatcherKey } from './protocol.js';

/**
 * Where a watcher stands.
 * - `pinning`: waits for the revision that "now" means;
 * - `waiting`: to be created, as soon as its slot has a stream and room in the window;
 * - `creating`: the create was sent; `live`: it was acknowledged;
 * - `paused`: cancelled on the server until its reader has caught up;
 * - `resting`: something failed for it alone, and is tried again after a pause or with a new token.
 */
export type Phase = 'pinning' | 'waiting' | 'creating' | 'live' | 'paused' | 'resting';

/** What a watcher knows of the slot it is on. */
export interface Place {
  readonly key: SlotKey;
  readonly generation: Generation;
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
  slot: Place | undefined;
  /** The id it has on its slot's present stream. */
  watchId: bigint | undefined;
  /** The store's revision when the first create was acknowledged. */
  readyRevision: Revision | undefined;
  /** It was acknowledged, and is no longer on the stream where that was so; until it is acknowledged again. */
  interrupted = false;
  /** Whose stream was lost while it was there, since it was last acknowledged. */
  lostOn: SlotKey | undefined;
  /** The start of its last create; the cursor may have moved on before that is acknowledged. */
  askedFrom: Revision = 0n;
  /** From where history was read for it on a stream whose release is not known yet; see StartChecks. */
  uncheckedStart: Revision | undefined;
  /** Tries that failed for this watcher alone, in a row. */
  failures = 0;
  /** A response that is too large came while it was on the stream, maybe another's, and it was told nothing since. */
  oversized = false;
  /** Tokens that were turned down, in a row. */
  tokensRefused = 0;
  #lastRefused: Generation = -1;
  /** Events that arrived for a second time, or from before the start, and were kept from the reader. */
  #dropped = 0;
  /** Started from "now", and no event was received yet. */
  #pinnedOnly: boolean;
  #cursor: Revision;
  #lastDelivered: Revision;
  #seen = 0n;
  #doubted: Revision | undefined;
  /** Acknowledged once more by a store that seems to have gone back, before that read was answered. */
  #doubtedAgain = false;
  /** The last revision of the pieces so far, of which more may come. */
  #incomplete: WatchEvent[] = [];
  #incompleteBytes = 0;

  constructor(key: WatcherKey, range: WireRange, startRevision: Revision | undefined) {
    this.key = key;
    this.#range = range;
    this.phase = startRevision === undefined ? 'pinning' : 'waiting';
    this.#pinnedOnly = startRevision === undefined;
    this.#cursor = startRevision ?? 0n;
    this.#lastDelivered = this.#cursor - 1n;
  }

  /** The revision a new stream must ask for: everything below it has been received. */
  get cursor(): Revision {
    return this.#cursor;
  }

  /** The highest revision that the store is known to have had. A store below it was rolled back. */
  get seen(): Revision {
    return this.#seen;
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
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Known to have been the store's revision, by a read or an acknowledgement. */
  saw(revision: Revision): void {
    this.#seen = max(this.#seen, revision);
  }

  /** What the store is known to have reached, while a read is under way that tells whether it went back. */
  get doubted(): Revision | undefined {
    return this.#doubted;
  }

  /** Gives whether the store's revision is to be read, which tells whether it went back. */
  beginRollbackCheck(): boolean {
    if (this.#doubted !== undefined) {
      this.#doubtedAgain = true; // the read under way may be older than this acknowledgement
      return false;
    }
    this.#doubted = this.#seen; // by the time of the answer newer events may have come
    return true;
  }

  /** That read is over. Gives whether there is reason for another one. */
  answered(): boolean {
    const again = this.#doubtedAgain;
    this.#doubted = undefined;
    this.#doubtedAgain = false;
    return again;
  }

  pin(revision: Revision): void {
    this.#cursor = revision + 1n;
    this.#lastDelivered = revision;
    // Before it was announced nothing was promised: a new pin is a new beginning, also on a store that was wiped.
    if (this.readyRevision === undefined) this.#seen = revision;
  }

  /**
   * Whether a compaction took only history from before the watcher was announced ready: "now" is then pinned again
   * in silence. History after that was promised, and its loss is told.
   */
  mayPinAgain(compactRevision: Revision): boolean {
    return (
      this.#pinnedOnly && (this.readyRevision === undefined || compactRevision <= this.readyRevision + 1n)
    );
  }

  /** Off its stream, with whatever was incomplete: the cursor still points to the start of that. */
  detach(phase: Phase): void {
    this.watchId = undefined;
    this.#forgetIncomplete();
    this.phase = phase;
  }

  /** Gives how many tokens were turned down in a row. One counts once: while no other can be had it is tried again. */
  refuse(token: Generation): number {
    if (token > this.#lastRefused) this.tokensRefused++;
    this.#lastRefused = Math.max(this.#lastRefused, token);
    return this.tokensRefused;
  }

  /** It was told something: what failed before is over. */
  advanced(): void {
    this.failures = 0;
    this.oversized = false;
  }

  /** Gives whether it brought the watcher further: one that repeats what is known proves nothing. */
  progress(reply: WatchReply & { kind: 'progress' }): boolean {
    const before = this.#cursor;
    this.#cursor = nextRevision(before, reply);
    this.saw(reply.headerRevision);
    this.oversized = false;
    const news = this.#cursor > before;
    if (news) this.advanced();
    return news;
  }

  /** Why the response cannot be etcd's, if so. Nothing of it is to be taken then. */
  flawOf(reply: WatchReply & { kind: 'events' }): string | undefined {
    return flawOf(reply, this.#range, lastRevision(this.#incomplete));
  }

  /** Takes a response and gives what is complete and new in it, whole revisions only. */
  receive(reply: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    this.#pinnedOnly = false;
    this.#cursor = nextRevision(this.#cursor, reply);
    this.saw(lastRevision(reply.events));
    const complete = this.#complete(reply);
    const fresh = this.#fresh(complete);
    if (fresh.length > 0) this.#lastDelivered = lastRevision(fresh);
    return fresh;
  }

  /** All that lies below the last revision of a fragment is whole; that last one waits for the rest of the response. */
  #complete({ events, fragment }: WatchReply & { kind: 'events' }): readonly WatchEvent[] {
    const before = this.#incomplete;
    if (!fragment && before.length === 0) return events;
    if (!fragment) {
      this.#forgetIncomplete();
      return before.concat(events);
    }
    const last = lastRevision(events);
    const goesOn = lastRevision(before) === last;
    const cut = goesOn ? 0 : events.findIndex((event) => event.kv.modRevision === last);
    // In place, so that a revision of many pieces is not copied with each of them.
    if (!goesOn) this.#forgetIncomplete();
    for (const event of events.slice(cut)) {
      this.#incomplete.push(event);
      this.#incompleteBytes += bytesOf(event);
    }
    return goesOn ? [] : before.concat(events.slice(0, cut));
  }

  #forgetIncomplete(): void {
    this.#incomplete = [];
    this.#incompleteBytes = 0;
  }

  /** Some 3.4 and 3.5 servers send old events again after a snapshot; measured against delivered events, never headers. */
  #fresh(events: readonly WatchEvent[]): readonly WatchEvent[] {
    const first = events[0];
    if (!first || first.kv.modRevision > this.#lastDelivered) return events;
    const fresh = events.filter((event) => event.kv.modRevision > this.#lastDelivered);
    this.#dropped += events.length - fresh.length;
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
