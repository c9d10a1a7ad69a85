import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';

export interface ServerLease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** An earlier lease had the same id. */
  readonly isRegrant: boolean;
  /** The earliest time at which a correct server may expire it: its last renewal plus its TTL. */
  earliestEnd: number;
  /** The same, including extensions by leader changes. */
  end: number;
  gone: boolean;
  forbidden: boolean;
}

export interface Member {
  readonly name: string;
  /** Whether it accepts connections. */
  up: boolean;
  /** Drops all traffic. */
  isBlackholed: boolean;
  /** Delays all traffic until this time. */
  stalledUntil: number;
  /** Added to each answer. */
  slowMs: number;
}

export type RenewalAnswer =
  | { readonly type: 'ttl'; readonly ttlMs: number }
  | { readonly type: 'error'; readonly code: number; readonly text: string };

/** Three members and their leases. */
export class Cluster {
  readonly members: readonly Member[] = ['m0', 'm1', 'm2'].map((name) => ({
    name,
    up: true,
    isBlackholed: false,
    stalledUntil: 0,
    slowMs: 0,
  }));
  readonly leases = new Map<bigint, ServerLease>();
  /** An unknown lease ends the stream with an error instead of a TTL of 0. */
  readonly notFoundEndsStream: boolean;
  /** As behind a proxy: answers for different leases may be reordered. */
  readonly reorders: boolean;
  leader = 0;
  leaderless = false;
  tokenGeneration = 1;
  readonly #clock: VirtualClock;
  readonly #onEarliestEnd: (lease: ServerLease) => void;

  constructor(clock: VirtualClock, random: Random, onEarliestEnd: (lease: ServerLease) => void) {
    this.#clock = clock;
    this.#onEarliestEnd = onEarliestEnd;
    this.notFoundEndsStream = random.chance(0.15);
    this.reorders = random.chance(0.2);
  }

  /** Grants a lease; returns false if the id is in use. */
  grant(id: bigint, ttlMs: number): boolean {
    if (this.isHeld(id)) return false;
    const isRegrant = this.leases.has(id);
    const lease = { id, ttlMs, isRegrant, earliestEnd: 0, end: 0, gone: false, forbidden: false };
    this.leases.set(id, lease);
    this.#extend(lease, 0);
    return true;
  }

  remove(id: bigint): void {
    const lease = this.leases.get(id);
    if (lease) lease.gone = true;
  }

  /** A new leader restarts the TTL of every lease and adds an election timeout. */
  changeLeader(): void {
    this.leader = (this.leader + 1) % this.members.length;
    for (const lease of this.leases.values()) {
      if (!this.#isGone(lease)) lease.end = this.#clock.now + lease.ttlMs + 1_000;
    }
  }

  isHeld(id: bigint): boolean {
    return this.isAlive(this.leases.get(id));
  }

  isAlive(lease: ServerLease | undefined): boolean {
    return lease !== undefined && !this.#isGone(lease);
  }

  renew(id: bigint, member: Member, tokenGeneration: number): RenewalAnswer {
    if (tokenGeneration < this.tokenGeneration)
      return { type: 'error', code: 16, text: 'etcdserver: invalid auth token' };
    if (this.leaderless) {
      const wasLeader = this.members[this.leader] === member;
      return wasLeader
        ? { type: 'error', code: 2, text: 'not a primary lessor' }
        : { type: 'error', code: 14, text: 'etcdserver: no leader' };
    }
    const lease = this.leases.get(id);
    if (!lease || this.#isGone(lease)) {
      if (this.notFoundEndsStream)
        return { type: 'error', code: 5, text: 'etcdserver: requested lease not found' };
      return { type: 'ttl', ttlMs: 0 };
    }
    if (lease.forbidden) return { type: 'error', code: 7, text: 'etcdserver: permission denied' };
    this.#extend(lease, 0);
    return { type: 'ttl', ttlMs: lease.ttlMs };
  }

  #isGone(lease: ServerLease): boolean {
    // Without a leader no lease expires.
    if (!this.leaderless && this.#clock.now >= lease.end) lease.gone = true;
    return lease.gone;
  }

  #extend(lease: ServerLease, extraMs: number): void {
    const end = this.#clock.now + lease.ttlMs;
    lease.earliestEnd = end;
    lease.end = Math.max(lease.end, end + extraMs);
    this.#clock.after(lease.ttlMs, () => {
      if (lease.earliestEnd === end && !lease.gone) this.#onEarliestEnd(lease);
    });
  }
}
