import type { KeepAliveEffect, KeepAliveInput, LeaseEnd } from '#src/lease/core/index.js';
import type { Violation } from '../play.js';
import { CallRules } from './call-rules.js';
import type { Cluster, ServerLease } from './cluster.js';
import type { LeaseState } from './coverage.js';
import { Traffic } from './traffic.js';

/** What is true of one kept lease; all times on the client's clock. */
interface Followed {
  readonly id: bigint;
  readonly ttlMs: number;
  /** When it was held here. */
  readonly since: number;
  readonly server: ServerLease | undefined;
  /** Requests for an earlier lease of the same id may be under way. */
  readonly again: boolean;
  /** What the answers that were delivered prove, by the requests that they really belong to. */
  provenFrom: number;
  lastSend: number;
  /** The last send, or when a member was found for it: from then on an answer is owed. */
  owedSince: number;
  /** Something other than the core kept the next renewal back, or called for one more. */
  excused: boolean;
  hurried: boolean;
  waiting: boolean;
  told: LeaseEnd | undefined;
}

/** How late the simulated timers are at most, on a clock that is a little fast or slow. */
const timerSlackMs = 8;
const hair = 1e-3;
/** Backoff, and members asked in another's stead, make no more in a second. */
const maxOpens = 25;

/** Knows everything, and holds what the core does against the rules. */
export class Oracle {
  violation: Violation | undefined;
  readonly counts = {
    kept: 0,
    sent: 0,
    answered: 0,
    expired: 0,
    'lost-contact': 0,
    unauthorized: 0,
    revoked: 0,
    closed: 0,
    once: 0,
    'once renewed': 0,
    'once gone': 0,
    'once late': 0,
    'once refused': 0,
    'once closed': 0,
    moves: 0,
  };
  readonly leases = new Map<bigint, Followed>();
  /** Their ids were held again, and their owners are to be told. */
  readonly #replaced = new Map<bigint, Followed>();
  readonly calls: CallRules;
  /** Streams that the core has not let go of; whether a member was found. */
  readonly streams = new Map<number, { opened: boolean; lost: boolean }>();
  readonly #traffic = new Traffic();
  /** Leases that a keep-alive-once was ever made for: their requests may be anybody's. */
  readonly #shared = new Set<bigint>();
  readonly #opens: number[] = [];
  #latest = 0;
  /** Leases for which alone a stream was ended: it is clear that the server refuses them. */
  readonly #refused = new Set<bigint>();
  readonly #cluster: Cluster;
  readonly #gentle: boolean;
  badCredentials = false;
  /** A stream was lost, and no other is open yet. */
  #broken = false;
  /** Wild once a stream was ended for one of several leases: then they are asked one by one. */
  #carefulUntil = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, gentle: boolean) {
    this.#cluster = cluster;
    this.#gentle = gentle;
    this.calls = new CallRules(this.#traffic, cluster, this, gentle);
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text };
  }

  get present(): Followed[] {
    return [...this.leases.values()].filter(({ told }) => !told);
  }

  *states(leases: Iterable<Followed> = this.present): Generator<LeaseState> {
    for (const { id, waiting } of leases) {
      const on = [...this.streams].filter(
        ([key, { lost }]) => !lost && this.#traffic.owed(key, id) > 0,
      ).length;
      yield on > 1 ? 'hedged' : on === 1 ? 'asked' : waiting ? 'waiting' : 'resting';
    }
  }

  /** Nothing was asked for this lease on this stream: an answer would be nobody's. */
  owesNothing(stream: number, lease: bigint): boolean {
    return this.#traffic.owed(stream, lease) === 0;
  }

  // What goes in.

  before(input: KeepAliveInput, now: number, tag: number): void {
    switch (input.type) {
      case 'hold': {
        this.counts.kept++;
        const earlier = this.leases.get(input.lease);
        if (earlier && !earlier.told) this.#replaced.set(input.lease, earlier);
        this.#refused.delete(input.lease);
        this.leases.set(input.lease, {
          id: input.lease,
          ttlMs: input.ttlMs,
          since: now,
          server: this.#cluster.leases.get(input.lease),
          again: earlier !== undefined,
          provenFrom: input.sentAt,
          lastSend: input.sentAt,
          owedSince: input.sentAt,
          // A grant that took long leaves less than a third.
          excused: now - input.sentAt > input.ttlMs / 4 || this.#broken,
          hurried: false,
          waiting: false,
          told: undefined,
        });
        return;
      }
      case 'once':
        this.counts.once++;
        this.#shared.add(input.lease);
        this.calls.made(input.call, input.lease, now, input.until);
        return;
      case 'leave':
        this.calls.left(input.call);
        return;
      case 'opened': {
        const stream = this.streams.get(input.stream);
        if (stream) stream.opened = true;
        this.#broken = false;
        for (const lease of this.present) {
          if (this.#traffic.owed(input.stream, lease.id) === 0) continue;
          lease.owedSince = now;
          lease.excused = false;
        }
        return;
      }
      case 'answer':
        this.#answer(input.lease, input.stream, input.ttlMs, now, tag);
        return;
      case 'stream-lost':
        this.#lost(input.stream, input.error.code, now);
        return;
      case 'token-failed':
      case 'token':
        this.excuseAll();
        return;
      default:
    }
  }

  /** Everything that runs out by this moment has to be told first of all. */
  overdue(now: number): Set<bigint> {
    const over = this.present.filter((lease) => now >= provenEnd(lease) + hair);
    return new Set(over.map(({ id }) => id));
  }

  excuseAll(): void {
    this.#carefulUntil += 20_000; // no sleep is longer
    for (const lease of this.leases.values()) {
      lease.excused = true;
      lease.hurried = true;
    }
  }

  // What comes out.

  after(effects: readonly KeepAliveEffect[], overdue: ReadonlySet<bigint>, now: number): void {
    let told = 0;
    for (const effect of effects) {
      if (told === overdue.size) return;
      if (effect.type !== 'finish' || !overdue.has(effect.lease)) break;
      told++;
    }
    if (told < overdue.size)
      this.violate('check first', `${overdue.size - told} leases ran out by ${now} and were not told first`);
  }

  perform(effect: KeepAliveEffect, now: number, tag: number): void {
    switch (effect.type) {
      case 'open-stream':
        if (this.streams.has(effect.stream)) this.violate('streams', `${effect.stream} is opened twice`);
        this.streams.set(effect.stream, { opened: false, lost: false });
        if (this.streams.size > 2) this.violate('streams', `${this.streams.size} streams are open`);
        this.#opens.push(now);
        this.#latest = effect.stream;
        if (now - (this.#opens.at(-maxOpens) ?? Number.NEGATIVE_INFINITY) < 1_000)
          this.violate('no storm', `${maxOpens} streams were opened within a second`);
        return;
      case 'close-stream':
        this.streams.delete(effect.stream);
        return;
      case 'doubt-stream':
        this.counts.moves++;
        for (const lease of this.present) lease.hurried = true;
        return;
      case 'send':
        this.#send(effect.stream, effect.lease, now, tag);
        return;
      case 'finish':
        this.#finish(effect.lease, effect.end, now);
        return;
      case 'settle':
        this.calls.settled(effect.call, effect.outcome, now);
        return;
      default:
    }
  }

  /** After everything that one input led to. */
  settled(now: number, heldAt: (lease: bigint, at: number) => boolean): void {
    for (const id of this.#replaced.keys())
      this.violate('told once', `lease ${id} is held again, and the owner of the earlier one was not told`);
    for (const lease of this.present) {
      if (heldAt(lease.id, lease.provenFrom + lease.ttlMs))
        this.violate('held too long', `lease ${lease.id} is believed held past what is proven`);
      else if (!heldAt(lease.id, provenEnd(lease) - 1))
        this.violate('held too short', `lease ${lease.id} is believed held for less than is proven`);
    }
    if (now > this.#carefulUntil) this.#askedSomewhere();
  }

  /** Where there is a stream, everybody who waits has a request on it, or on the one before. */
  #askedSomewhere(): void {
    const latest = this.streams.get(this.#latest);
    if (!latest || latest.lost) return;
    const live = [...this.streams].filter(([, { lost }]) => !lost).map(([key]) => key);
    this.calls.askedOn(live);
  }

  /** A correct server may let go of the lease now. */
  serverMayEnd(lease: ServerLease, now: number, awake: boolean, heldAt: boolean): void {
    const followed = this.leases.get(lease.id);
    if (!followed || followed.told || followed.server !== lease) return;
    if (heldAt)
      this.violate('held too long', `lease ${lease.id} is believed held, and the server may end it`);
    else if (awake)
      this.violate('told too late', `lease ${lease.id} may be gone at ${now}, and its owner was not told`);
  }

  #answer(lease: bigint, stream: number, ttlMs: number, now: number, tag: number): void {
    const sent = this.#traffic.answered(stream, lease, tag);
    if (!sent) return;
    this.counts.answered++;
    const followed = this.leases.get(lease);
    // What comes after the end proves nothing any more.
    const inTime = followed && now < provenEnd(followed) + hair;
    if (inTime && ttlMs > 0 && !followed.told && sent.at >= followed.since)
      followed.provenFrom = Math.max(followed.provenFrom, sent.at);
  }

  /** An answer that was delivered says that the lease is gone, or proves a call. */
  answered(lease: bigint, ttlMs: number, tag: number): void {
    const sent = this.#traffic.request(tag);
    const followed = this.leases.get(lease);
    if (sent && followed && ttlMs === 0 && sent.at >= followed.since && !followed.told)
      this.violate('gone at once', `the server said that lease ${lease} is gone, and its owner was not told`);
    this.#traffic.forget(tag);
  }

  #lost(key: number, code: number, now: number): void {
    const stream = this.streams.get(key);
    if (stream) stream.lost = true;
    this.#broken = true;
    if (code === 7) this.#noteRefusal(key, now);
    // etcd answers in order, so the first that is asked alone is the one; behind a proxy it takes many.
    if (code === 5 || code === 7) this.#carefulUntil = now + (this.#cluster.reorders ? 30_000 : 10_000);
    for (const lease of this.present) {
      lease.waiting = this.#traffic.owed(key, lease.id) > 0;
      lease.excused = true;
      lease.hurried = true;
    }
  }

  #noteRefusal(stream: number, now: number): void {
    const id = this.#traffic.soleLease(stream);
    if (id === undefined) return;
    const lease = this.leases.get(id);
    if (lease && !lease.again && now < provenEnd(lease) - hair) this.#refused.add(id);
  }

  #send(stream: number, id: bigint, now: number, tag: number): void {
    this.counts.sent++;
    if (!this.streams.has(stream) || this.streams.get(stream)?.lost)
      this.violate('streams', `lease ${id} is sent on stream ${stream}, which is not there`);
    this.#traffic.sent(stream, id, tag, now);
    const lease = this.leases.get(id);
    const asker = this.calls.wants(id);
    if (!asker && (!lease || lease.told))
      this.violate('silent once told', `lease ${id} is renewed, and nobody keeps it`);
    if (!lease || lease.told) return;
    if (!this.#shared.has(id) && !lease.again) this.#spacing(lease, stream, now);
    lease.lastSend = now;
    lease.owedSince = now;
    lease.waiting = false;
    lease.hurried = false;
    lease.excused = !this.streams.get(stream)?.opened;
  }

  #spacing(lease: Followed, stream: number, now: number): void {
    const gap = now - lease.lastSend;
    const owed = now - lease.owedSince;
    const third = lease.ttlMs / 3;
    if (this.#traffic.owed(stream, lease.id) > 1)
      this.violate('one in flight', `lease ${lease.id} is asked twice on stream ${stream}`);
    if (!lease.excused && now > this.#carefulUntil && owed > third + timerSlackMs)
      this.violate('often enough', `lease ${lease.id} is renewed after ${owed} ms, its third is ${third}`);
    if (!lease.hurried && gap < third * 0.85)
      this.violate('not too often', `lease ${lease.id} is renewed after ${gap} ms, its third is ${third}`);
  }

  #finish(id: bigint, end: LeaseEnd, now: number): void {
    const lease = this.#replaced.get(id) ?? this.leases.get(id);
    this.#replaced.delete(id);
    if (!lease || lease.told) {
      this.violate('told once', `lease ${id} ends as ${end.reason} and is not there, or ended before`);
      return;
    }
    lease.told = end;
    this.counts[end.reason]++;
    const { server } = lease;
    switch (end.reason) {
      case 'lost-contact':
        if (now < provenEnd(lease) - hair)
          this.violate(
            'no false loss',
            `lease ${id} is told lost at ${now}, proven until ${provenEnd(lease)}`,
          );
        if (this.#gentle) this.violate('survives', `lease ${id} is lost, with two good members`);
        if (this.#refused.has(id)) this.violate('true reason', `lease ${id} was refused, and is told lost`);
        if (
          !lease.excused &&
          now > this.#carefulUntil &&
          now - lease.owedSince > lease.ttlMs / 3 + timerSlackMs
        )
          this.violate('often enough', `lease ${id} was last renewed at ${lease.owedSince}, and is lost`);
        return;
      case 'expired':
        if (this.#cluster.lives(server))
          this.violate('true reason', `lease ${id} is told gone, and it is there`);
        return;
      case 'unauthorized':
        // It may be the next one of its id that is asked about, before it is held here.
        if (!server?.forbidden && !this.#cluster.leases.get(id)?.forbidden && !this.badCredentials)
          this.violate('true reason', `lease ${id} is told unauthorized, and it is not`);
        return;
      default:
    }
  }
}

/** What the core may believe: two parts in a hundred are given up for clocks that differ. */
function provenEnd({ provenFrom, ttlMs }: { readonly provenFrom: number; readonly ttlMs: number }): number {
  return provenFrom + ttlMs * 0.98;
}
