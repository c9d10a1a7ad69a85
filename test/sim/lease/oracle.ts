import type { KeepAliveEffect, KeepAliveInput, LeaseEnd } from '#src/lease/core/index.js';
import type { Violation } from '../run-schedule.js';
import { CallRules } from './call-rules.js';
import type { Cluster, ServerLease } from './cluster.js';
import type { LeaseState } from './coverage.js';
import { Traffic } from './traffic.js';

/** The oracle's model of one held lease; all times are on the client's clock. */
interface TrackedLease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** When the client began to hold it. */
  readonly since: number;
  readonly server: ServerLease | undefined;
  /** Requests for an earlier lease of the same id may be in flight. */
  readonly again: boolean;
  /** The latest send time that a delivered answer proves, by the request that it really belongs to. */
  provenFrom: number;
  lastSend: number;
  /** The last send, or the time its stream opened: an answer is expected from then on. */
  pendingSince: number;
  /** A cause outside the core delayed the next renewal, or required an additional one. */
  mayBeLate: boolean;
  mayBeEarly: boolean;
  waiting: boolean;
  end: LeaseEnd | undefined;
}

/** The most that simulated timers are late, including clock drift. */
const timerSlackMs = 8;
const epsilonMs = 1e-3;
/** Backoff and hedging allow no more streams per second than this. */
const maxOpensPerSecond = 25;

/** Knows the complete state, and checks the core's behaviour against the rules. */
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
    'once not-found': 0,
    'once deadline': 0,
    'once refused': 0,
    'once closed': 0,
    moves: 0,
  };
  readonly leases = new Map<bigint, TrackedLease>();
  /** Leases whose ids were held again, and whose owners must be notified. */
  readonly #replaced = new Map<bigint, TrackedLease>();
  readonly calls: CallRules;
  /** Streams that the core has not closed, and whether each has opened. */
  readonly streams = new Map<number, { opened: boolean; lost: boolean }>();
  readonly #traffic = new Traffic();
  /** Leases with a keep-alive-once call: their requests cannot be attributed. */
  readonly #shared = new Set<bigint>();
  readonly #opens: number[] = [];
  #latestStream = 0;
  /** Leases that the server refused: a stream ended with an error while it carried only this lease. */
  readonly #refused = new Set<bigint>();
  readonly #cluster: Cluster;
  readonly #survivable: boolean;
  badCredentials = false;
  /** A stream was lost, and no other is open yet. */
  #isDisconnected = false;
  /** Until when leases are probed one by one, because a stream ended with an error for one of several leases. */
  #probingUntil = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, survivable: boolean) {
    this.#cluster = cluster;
    this.#survivable = survivable;
    this.calls = new CallRules(this.#traffic, cluster, this, survivable);
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text };
  }

  get active(): TrackedLease[] {
    return [...this.leases.values()].filter(({ end }) => !end);
  }

  *states(leases: Iterable<TrackedLease> = this.active): Generator<LeaseState> {
    for (const { id, waiting } of leases) {
      const on = [...this.streams].filter(
        ([key, { lost }]) => !lost && this.#traffic.outstanding(key, id) > 0,
      ).length;
      yield on > 1 ? 'hedged' : on === 1 ? 'requested' : waiting ? 'waiting' : 'idle';
    }
  }

  /** Whether no request for the lease is outstanding on this stream. */
  hasNoRequest(stream: number, lease: bigint): boolean {
    return this.#traffic.outstanding(stream, lease) === 0;
  }

  // Inputs.

  beforeInput(input: KeepAliveInput, now: number, tag: number): void {
    switch (input.type) {
      case 'hold': {
        this.counts.kept++;
        const earlier = this.leases.get(input.lease);
        if (earlier && !earlier.end) this.#replaced.set(input.lease, earlier);
        this.#refused.delete(input.lease);
        this.leases.set(input.lease, {
          id: input.lease,
          ttlMs: input.ttlMs,
          since: now,
          server: this.#cluster.leases.get(input.lease),
          again: earlier !== undefined,
          provenFrom: input.sentAt,
          lastSend: input.sentAt,
          pendingSince: input.sentAt,
          // A grant that took long leaves less than a third of the TTL.
          mayBeLate: now - input.sentAt > input.ttlMs / 4 || this.#isDisconnected,
          mayBeEarly: false,
          waiting: false,
          end: undefined,
        });
        return;
      }
      case 'renew-once':
        this.counts.once++;
        this.#shared.add(input.lease);
        this.calls.started(input.call, input.lease, now, input.deadlineAt);
        return;
      case 'cancel-call':
        this.calls.abandoned(input.call);
        return;
      case 'stream-opened': {
        const stream = this.streams.get(input.stream);
        if (stream) stream.opened = true;
        this.#isDisconnected = false;
        for (const lease of this.active) {
          if (this.#traffic.outstanding(input.stream, lease.id) === 0) continue;
          lease.pendingSince = now;
          lease.mayBeLate = false;
        }
        return;
      }
      case 'reply':
        this.#answer(input.lease, input.stream, input.ttlMs, now, tag);
        return;
      case 'stream-lost':
        this.#onStreamLost(input.stream, input.error.code, now);
        return;
      case 'token-refresh-failed':
      case 'token-refreshed':
        this.allowDelays();
        return;
      default:
    }
  }

  /** Leases that have expired by `now`; the core must report these first. */
  overdue(now: number): Set<bigint> {
    const expired = this.active.filter((lease) => now >= provenEnd(lease) + epsilonMs);
    return new Set(expired.map(({ id }) => id));
  }

  allowDelays(): void {
    this.#probingUntil += 20_000; // no pause is longer
    for (const lease of this.leases.values()) {
      lease.mayBeLate = true;
      lease.mayBeEarly = true;
    }
  }

  // Effects.

  afterEffects(effects: readonly KeepAliveEffect[], overdue: ReadonlySet<bigint>, now: number): void {
    let reported = 0;
    for (const effect of effects) {
      if (reported === overdue.size) return;
      if (effect.type !== 'end-lease' || !overdue.has(effect.lease)) break;
      reported++;
    }
    if (reported < overdue.size)
      this.violate(
        'check first',
        `${overdue.size - reported} leases had expired by ${now} and were not reported first`,
      );
  }

  perform(effect: KeepAliveEffect, now: number, tag: number): void {
    switch (effect.type) {
      case 'open-stream':
        if (this.streams.has(effect.stream)) this.violate('streams', `${effect.stream} is opened twice`);
        this.streams.set(effect.stream, { opened: false, lost: false });
        if (this.streams.size > 2) this.violate('streams', `${this.streams.size} streams are open`);
        this.#opens.push(now);
        this.#latestStream = effect.stream;
        if (now - (this.#opens.at(-maxOpensPerSecond) ?? Number.NEGATIVE_INFINITY) < 1_000)
          this.violate('no storm', `${maxOpensPerSecond} streams were opened within a second`);
        return;
      case 'close-stream':
        this.streams.delete(effect.stream);
        return;
      case 'report-unresponsive':
        this.counts.moves++;
        for (const lease of this.active) lease.mayBeEarly = true;
        return;
      case 'send':
        this.#send(effect.stream, effect.lease, now, tag);
        return;
      case 'end-lease':
        this.#finish(effect.lease, effect.end, now);
        return;
      case 'settle-call':
        this.calls.settled(effect.call, effect.outcome, now);
        return;
      default:
    }
  }

  /** Checks invariants after all effects of one input. */
  checkInvariants(now: number, heldAt: (lease: bigint, at: number) => boolean): void {
    for (const id of this.#replaced.keys())
      this.violate(
        'reported once',
        `lease ${id} is held again, but the owner of the earlier lease was not notified`,
      );
    for (const lease of this.active) {
      if (heldAt(lease.id, lease.provenFrom + lease.ttlMs))
        this.violate('held too long', `lease ${lease.id} counts as held longer than proven`);
      else if (!heldAt(lease.id, provenEnd(lease) - 1))
        this.violate('held too short', `lease ${lease.id} counts as held shorter than proven`);
    }
    if (now > this.#probingUntil) this.#checkRequested();
  }

  /** While a stream is up, every waiting lease and call has a request on it or on the previous one. */
  #checkRequested(): void {
    const latest = this.streams.get(this.#latestStream);
    if (!latest || latest.lost) return;
    const live = [...this.streams].filter(([, { lost }]) => !lost).map(([key]) => key);
    this.calls.checkRequested(live);
  }

  /** A correct server may expire the lease now. */
  onServerMayExpire(lease: ServerLease, now: number, awake: boolean, heldAt: boolean): void {
    const followed = this.leases.get(lease.id);
    if (!followed || followed.end || followed.server !== lease) return;
    if (heldAt)
      this.violate('held too long', `lease ${lease.id} counts as held, but the server may expire it`);
    else if (awake)
      this.violate(
        'reported too late',
        `lease ${lease.id} may be gone at ${now}, but its owner was not notified`,
      );
  }

  #answer(lease: bigint, stream: number, ttlMs: number, now: number, tag: number): void {
    const sent = this.#traffic.answered(stream, lease, tag);
    if (!sent) return;
    this.counts.answered++;
    const followed = this.leases.get(lease);
    // An answer after the end proves nothing.
    const inTime = followed && now < provenEnd(followed) + epsilonMs;
    if (inTime && ttlMs > 0 && !followed.end && sent.at >= followed.since)
      followed.provenFrom = Math.max(followed.provenFrom, sent.at);
  }

  /** Checks that an answer with TTL 0 ended the lease. */
  afterAnswer(lease: bigint, ttlMs: number, tag: number): void {
    const sent = this.#traffic.request(tag);
    const followed = this.leases.get(lease);
    if (sent && followed && ttlMs === 0 && sent.at >= followed.since && !followed.end)
      this.violate(
        'expiry reported',
        `the server answered that lease ${lease} is gone, but its owner was not notified`,
      );
    this.#traffic.forget(tag);
  }

  #onStreamLost(key: number, code: number, now: number): void {
    const stream = this.streams.get(key);
    if (stream) stream.lost = true;
    this.#isDisconnected = true;
    if (code === 7) this.#recordRefusal(key, now);
    // etcd answers in order, so the first lease that is requested alone is the refused one; behind a proxy this takes
    // longer.
    if (code === 5 || code === 7) this.#probingUntil = now + (this.#cluster.reorders ? 30_000 : 10_000);
    for (const lease of this.active) {
      lease.waiting = this.#traffic.outstanding(key, lease.id) > 0;
      lease.mayBeLate = true;
      lease.mayBeEarly = true;
    }
  }

  #recordRefusal(stream: number, now: number): void {
    const id = this.#traffic.soleLease(stream);
    if (id === undefined) return;
    const lease = this.leases.get(id);
    if (lease && !lease.again && now < provenEnd(lease) - epsilonMs) this.#refused.add(id);
  }

  #send(stream: number, id: bigint, now: number, tag: number): void {
    this.counts.sent++;
    if (!this.streams.has(stream) || this.streams.get(stream)?.lost)
      this.violate('streams', `lease ${id} is sent on stream ${stream}, which is not open`);
    this.#traffic.sent(stream, id, tag, now);
    const lease = this.leases.get(id);
    const hasCall = this.calls.isWaitingFor(id);
    if (!hasCall && (!lease || lease.end))
      this.violate('no renewal after end', `lease ${id} is renewed, but no one holds it`);
    if (!lease || lease.end) return;
    if (!this.#shared.has(id) && !lease.again) this.#checkSpacing(lease, stream, now);
    lease.lastSend = now;
    lease.pendingSince = now;
    lease.waiting = false;
    lease.mayBeEarly = false;
    lease.mayBeLate = !this.streams.get(stream)?.opened;
  }

  #checkSpacing(lease: TrackedLease, stream: number, now: number): void {
    const gap = now - lease.lastSend;
    const waitedMs = now - lease.pendingSince;
    const third = lease.ttlMs / 3;
    if (this.#traffic.outstanding(stream, lease.id) > 1)
      this.violate('one in flight', `lease ${lease.id} has two requests on stream ${stream}`);
    if (!lease.mayBeLate && now > this.#probingUntil && waitedMs > third + timerSlackMs)
      this.violate(
        'often enough',
        `lease ${lease.id} is renewed after ${waitedMs} ms; a third of its TTL is ${third}`,
      );
    if (!lease.mayBeEarly && gap < third * 0.85)
      this.violate(
        'not too often',
        `lease ${lease.id} is renewed after ${gap} ms; a third of its TTL is ${third}`,
      );
  }

  #finish(id: bigint, end: LeaseEnd, now: number): void {
    const lease = this.#replaced.get(id) ?? this.leases.get(id);
    this.#replaced.delete(id);
    if (!lease || lease.end) {
      this.violate('reported once', `lease ${id} ends as ${end.reason}, but is unknown or has ended before`);
      return;
    }
    lease.end = end;
    this.counts[end.reason]++;
    const { server } = lease;
    switch (end.reason) {
      case 'lost-contact':
        if (now < provenEnd(lease) - epsilonMs)
          this.violate(
            'no false loss',
            `lease ${id} is reported lost at ${now}, but is proven until ${provenEnd(lease)}`,
          );
        if (this.#survivable) this.violate('survives', `lease ${id} is lost, although two members were up`);
        if (this.#refused.has(id))
          this.violate('true reason', `lease ${id} was refused, but is reported lost`);
        if (
          !lease.mayBeLate &&
          now > this.#probingUntil &&
          now - lease.pendingSince > lease.ttlMs / 3 + timerSlackMs
        )
          this.violate('often enough', `lease ${id} is lost; its last renewal was at ${lease.pendingSince}`);
        return;
      case 'expired':
        if (this.#cluster.isAlive(server))
          this.violate('true reason', `lease ${id} is reported expired, but exists`);
        return;
      case 'unauthorized':
        // The answer may concern the next lease of this id, before the client holds it.
        if (!server?.forbidden && !this.#cluster.leases.get(id)?.forbidden && !this.badCredentials)
          this.violate('true reason', `lease ${id} is reported unauthorized, but is not`);
        return;
      default:
    }
  }
}

/** Until when the core may count on the lease: 2 % of the TTL is reserved for clock drift. */
function provenEnd({ provenFrom, ttlMs }: { readonly provenFrom: number; readonly ttlMs: number }): number {
  return provenFrom + ttlMs * 0.98;
}
