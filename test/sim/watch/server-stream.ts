import type { WatchEvent } from '#src/model/index.js';
import type { WatchReply } from '#src/watch/core/index.js';
import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';
import { corruptReply } from './corrupt-reply.js';
import type { Member } from './member.js';
import { matches, type Spec, type Store } from './store.js';

export interface Message {
  readonly watchId: bigint;
  readonly reply: WatchReply;
}

export type Request =
  | {
      readonly type: 'create';
      readonly watchId: bigint;
      readonly start: number;
      readonly spec: Spec;
      readonly fragments: boolean;
    }
  | { readonly type: 'cancel'; readonly watchId: bigint }
  | { readonly type: 'progress' }
  /** A create of an empty range. */
  | { readonly type: 'probe'; readonly watchId: bigint };

interface ServerWatcher {
  readonly id: bigint;
  readonly spec: Spec;
  readonly start: number;
  /** Its create allows fragments. */
  readonly fragments: boolean;
  /** The next revision to process. */
  next: number;
  synced: boolean;
  /** Old events were sent to it again. */
  resent: boolean;
  /** Received an event since the last progress tick. */
  wasNotified: boolean;
}

export interface StreamHost {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  /** Responses with more events are split into fragments, for watchers that allow it. */
  readonly fragmentEvents: number;
  /** A message with more events exceeds the client's receive limit. */
  readonly maxEvents: number;
  /** Why a create is refused, if it is. */
  refusal(stream: ServerStream, spec: Spec): string | undefined;
  /** The reason to cancel a watcher right after its creation, if any. */
  cancelOnCreate(): string | undefined;
  send(message: Message): void;
  /** A delete was not sent to this watch. */
  lost(spec: Spec, revision: number): void;
  idReused(watchId: bigint): void;
}

/** etcd's limit on revisions in one catch-up response. */
const batchRevisions = 1_000;
const syncMs = 100;

/**
 * The server's side of one gRPC stream, modelled on etcd: answers and events use two channels that may overtake each
 * other, and a watcher's events wait for its `created`.
 */
export class ServerStream {
  readonly watchers = new Map<bigint, ServerWatcher>();
  /** The request loop hangs: requests are not answered, but events are still sent. */
  stuck = false;
  /** Nothing more is sent, on a connection that works. */
  silent = false;
  readonly #member: Member;
  readonly #host: StreamHost;
  readonly #control: (() => Message)[] = [];
  readonly #events: Message[] = [];
  readonly #created = new Set<bigint>();
  readonly #waitingForCreated = new Map<bigint, Message[]>();
  readonly #used = new Set<bigint>();
  #open = true;
  #pumping = false;
  #syncing = false;
  #nextOwnId = 0n;

  constructor(member: Member, host: StreamHost) {
    this.#member = member;
    this.#host = host;
    member.streams.add(this);
  }

  close(): void {
    this.#open = false;
    this.watchers.clear();
    this.#member.streams.delete(this);
  }

  /** Whether no progress is proven, because a watcher starts after the store's revision, if only at the next one. */
  get startsInFuture(): boolean {
    const { profile, revision } = this.#member;
    return !profile.futureProgress && [...this.watchers.values()].some(({ start }) => start > revision);
  }

  request(request: Request): void {
    if (!this.#open || this.stuck) return;
    switch (request.type) {
      case 'create':
        this.#create(request);
        return;
      case 'cancel':
        this.#cancel(request.watchId);
        return;
      case 'progress':
        this.#progress();
        return;
      case 'probe':
        this.#refuse(request.watchId, 'mvcc: watcher range is empty');
    }
  }

  /** Called when the member has applied another revision. */
  notify(revision: number): void {
    for (const watcher of this.watchers.values()) {
      if (!watcher.synced || watcher.next > revision) continue;
      watcher.next = revision + 1;
      const events = this.#matching(watcher, revision);
      if (events.length > 0) this.#sendMatching(watcher, events);
    }
  }

  /** Sends progress to quiet watchers, as the `progress_notify` timer does. */
  tick(): void {
    for (const watcher of this.watchers.values()) {
      const future = watcher.next > this.#member.revision + 1;
      const due = watcher.synced && !watcher.wasNotified && (!future || this.#member.profile.futureProgress);
      watcher.wasNotified = false;
      if (due) this.#enqueue({ watchId: watcher.id, reply: this.#progressReply() });
    }
  }

  /** Catches every watcher up again from an earlier revision, as old servers do after a snapshot. */
  resend(revisions: number): void {
    for (const watcher of this.watchers.values()) {
      const back = Math.max(2, this.#member.compactRevision, this.#member.revision - revisions);
      if (back >= watcher.next) continue;
      watcher.next = back;
      watcher.synced = false;
      watcher.resent = true;
    }
    this.#scheduleSync();
  }

  /** Cancels a live watcher for an unrelated reason. */
  cancelOne(pick: number, reason: string): boolean {
    const ids = [...this.#created].filter((id) => this.watchers.has(id));
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return false;
    this.watchers.delete(id);
    this.#enqueue({ watchId: id, reply: { kind: 'cancelled', compactRevision: 0n, reason } });
    return true;
  }

  /** Sends a live watcher a corrupt reply, ahead of queued messages. */
  sendCorrupt(pick: number): boolean {
    const live = [...this.watchers.values()].filter(({ id }) => this.#created.has(id));
    const watcher = live[pick % Math.max(1, live.length)];
    if (!watcher) return false;
    const events: WatchEvent[] = [];
    for (let back = 6; back >= 0; back--)
      events.push(...this.#matching(watcher, this.#member.revision - back));
    const reply = corruptReply(pick, events, Buffer.from(watcher.spec.end));
    if (reply) this.#host.send({ watchId: watcher.id, reply });
    return reply !== undefined;
  }

  #create({ watchId, start, spec, fragments }: Request & { type: 'create' }): void {
    const { profile, revision } = this.#member;
    if (!profile.ownIds) {
      if (this.#used.has(watchId)) this.#host.idReused(watchId);
      this.#used.add(watchId);
    }
    const duplicate = this.watchers.has(watchId) && !profile.ownIds;
    const refusal = duplicate
      ? 'mvcc: duplicate watch ID provided on the WatchStream'
      : this.#host.refusal(this, spec);
    if (refusal !== undefined) {
      this.#refuse(watchId, refusal);
      return;
    }
    const { compactRevision } = this.#member;
    if (profile.refusesCompacted && start < compactRevision) {
      this.#refuse(watchId, '', compactRevision);
      return;
    }
    const id = profile.ownIds ? this.#nextOwnId++ : watchId;
    this.watchers.set(id, {
      id,
      spec,
      start,
      fragments,
      next: start,
      synced: start > revision,
      resent: false,
      wasNotified: false,
    });
    const headerZero = profile.headerZero && this.#host.random.chance(0.5);
    this.#answer(() => {
      const header = headerZero ? 0 : profile.lateHeader ? this.#member.revision : revision;
      return { watchId: id, reply: { kind: 'created', headerRevision: BigInt(header) } };
    });
    if (start <= revision) this.#scheduleSync();
    const transientReason = this.#host.cancelOnCreate();
    if (transientReason === undefined) return;
    this.watchers.delete(id);
    this.#enqueue({
      watchId: id,
      reply: { kind: 'cancelled', compactRevision: 0n, reason: transientReason },
    });
  }

  #refuse(asked: bigint, reason: string, compactRevision = 0): void {
    const { random } = this.#host;
    const other = [...this.watchers.keys()][0] ?? asked;
    const withId = random.chance(0.5) ? asked : other;
    const watchId = this.#member.profile.refusedWithId ? withId : -1n;
    const message = (): Message => ({
      watchId,
      reply: { kind: 'refused', compactRevision: BigInt(compactRevision), reason },
    });
    // A proxy refuses a create itself, before earlier creates are answered.
    if (this.#member.profile.ownIds) this.#control.unshift(message);
    else this.#control.push(message);
    this.#schedulePump();
  }

  #cancel(watchId: bigint): void {
    if (!this.watchers.delete(watchId)) return;
    const echo = (): Message => {
      this.#created.delete(watchId);
      return { watchId, reply: { kind: 'cancelled', compactRevision: 0n, reason: '' } };
    };
    this.#answer(echo);
    if (this.#host.random.chance(0.1)) this.#answer(echo); // some servers answer twice
  }

  #progress(): void {
    const { profile, revision } = this.#member;
    if (profile.noManualProgress) return;
    if (!profile.trusted) {
      const reply = this.#progressReply();
      this.#answer(() => ({ watchId: -1n, reply })); // overtakes unsent events
      return;
    }
    for (const { synced, next } of this.watchers.values()) {
      if (!synced || next > revision + 1) return; // a watcher is behind: no answer
    }
    if (this.startsInFuture) return;
    if (this.watchers.size > 0) this.#enqueue({ watchId: -1n, reply: this.#progressReply() });
  }

  #progressReply(): WatchReply {
    return { kind: 'progress', headerRevision: BigInt(this.#member.revision) };
  }

  #scheduleSync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    this.#host.clock.after(this.#host.random.between(1, syncMs), () => {
      this.#syncing = false;
      if (this.#open) this.#sync();
    });
  }

  #sync(): void {
    for (const watcher of this.watchers.values()) {
      if (watcher.synced) continue;
      if (watcher.next < this.#member.compactRevision) this.#compacted(watcher);
      else this.#catchUp(watcher);
      if (!watcher.synced && this.watchers.has(watcher.id)) this.#scheduleSync();
    }
  }

  #compacted({ id }: ServerWatcher): void {
    this.watchers.delete(id);
    const compactRevision = BigInt(this.#member.compactRevision);
    this.#enqueue({ watchId: id, reply: { kind: 'cancelled', compactRevision, reason: '' } });
  }

  #catchUp(watcher: ServerWatcher): void {
    const events: WatchEvent[] = [];
    let revisions = 0;
    while (watcher.next <= this.#member.revision && revisions < batchRevisions) {
      const matching = this.#history(watcher, watcher.next++);
      if (matching.length === 0) continue;
      revisions++;
      for (const event of matching) events.push(event);
    }
    watcher.synced = watcher.next > this.#member.revision;
    if (events.length > 0) this.#sendMatching(watcher, events);
  }

  /**
   * The events of a catch-up at a revision. A delete is lost only at the start of a watch, where the client can detect
   * it.
   */
  #history(watcher: ServerWatcher, revision: number): WatchEvent[] {
    const matching = this.#matching(watcher, revision);
    const { profile, compactRevision } = this.#member;
    const isStart = revision === watcher.start && !watcher.resent;
    if (!profile.losesDeletes || revision !== compactRevision || !isStart) return matching;
    const left = matching.filter(({ type }) => type !== 'delete');
    if (left.length < matching.length) this.#host.lost(watcher.spec, revision);
    return left;
  }

  #matching({ spec }: ServerWatcher, revision: number): WatchEvent[] {
    const found: WatchEvent[] = [];
    const hadBefore = revision - 1 >= this.#member.compactRevision;
    for (const change of this.#host.store.at(revision)) {
      if (matches(spec, change)) found.push(spec.prevKv && hadBefore ? change.withPrev : change.bare);
    }
    return found;
  }

  #sendMatching(watcher: ServerWatcher, events: readonly WatchEvent[]): void {
    watcher.wasNotified = true;
    const headerRevision = BigInt(this.#member.revision);
    this.#enqueue({
      watchId: watcher.id,
      reply: { kind: 'events', headerRevision, events, fragment: false },
    });
  }

  #answer(message: () => Message): void {
    this.#control.push(message);
    this.#schedulePump();
  }

  #enqueue(message: Message): void {
    this.#events.push(message);
    this.#schedulePump();
  }

  #schedulePump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#host.clock.after(this.#host.random.between(0, 2), () => {
      this.#pumping = false;
      if (this.#open) this.#pump();
    });
  }

  /** etcd's send loop: picks either channel at random. */
  #pump(): void {
    if (this.silent) return;
    while (this.#control.length > 0 || this.#events.length > 0) {
      const control =
        this.#control.length > 0 && (this.#events.length === 0 || this.#host.random.chance(0.5));
      if (control) this.#sendAnswer((this.#control.shift() as () => Message)());
      else this.#sendEvents(this.#events.shift() as Message, true);
    }
  }

  #sendAnswer(message: Message): void {
    this.#host.send(message);
    if (message.reply.kind !== 'created') return;
    this.#created.add(message.watchId);
    // Events that waited for `created` are not fragmented.
    for (const early of this.#waitingForCreated.get(message.watchId) ?? []) this.#sendEvents(early, false);
    this.#waitingForCreated.delete(message.watchId);
  }

  #sendEvents(message: Message, mayCut: boolean): void {
    const { watchId, reply } = message;
    if (watchId !== -1n && !this.#created.has(watchId)) {
      const waiting = this.#waitingForCreated.get(watchId);
      if (waiting) waiting.push(message);
      else this.#waitingForCreated.set(watchId, [message]);
      return;
    }
    if (reply.kind === 'cancelled') this.#created.delete(watchId);
    const { fragmentEvents, maxEvents } = this.#host;
    const cuts = mayCut && this.watchers.get(watchId)?.fragments === true;
    if (reply.kind !== 'events' || !cuts || reply.events.length <= fragmentEvents) {
      this.#host.send(message);
      return;
    }
    const most = Math.min(maxEvents, Math.max(fragmentEvents, Math.ceil(reply.events.length / 8)));
    for (let from = 0; from < reply.events.length; ) {
      const to = Math.min(reply.events.length, from + this.#host.random.between(1, most));
      const fragment = to < reply.events.length;
      this.#host.send({ watchId, reply: { ...reply, events: reply.events.slice(from, to), fragment } });
      from = to;
    }
  }
}
