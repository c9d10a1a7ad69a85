import type { VirtualClock } from '../clock.js';
import type { Random } from '../random.js';

export interface ServerLease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** There was another of the same id. */
  readonly again: boolean;
  /** The earliest moment at which a correct server may let go of it: its last renewal plus its TTL. */
  earliestEnd: number;
  /** The same, with what leader changes added. */
  end: number;
  gone: boolean;
  forbidden: boolean;
}

export interface Member {
  readonly name: string;
  /** Refuses connections. */
  up: boolean;
  /** Swallows everything. */
  dark: boolean;
  /** Keeps everything back until then. */
  stalledUntil: number;
  /** Added to each answer. */
  slowMs: number;
}

export type Verdict =
  | { readonly type: 'ttl'; readonly ttlMs: number }
  | { readonly type: 'error'; readonly code: number; readonly text: string };

/** Three members and the leases that they hold together. */
export class Cluster {
  readonly members: readonly Member[] = ['m0', 'm1', 'm2'].map((name) => ({
    name,
    up: true,
    dark: false,
    stalledUntil: 0,
    slowMs: 0,
  }));
  readonly leases = new Map<bigint, ServerLease>();
  /** An unknown lease ends the stream with an error, rather than being answered with a TTL of 0. */
  readonly notFoundEndsStream: boolean;
  /** A proxy: answers of different leases overtake each other. */
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

  /** Refuses an id that a lease has. */
  grant(id: bigint, ttlMs: number): boolean {
    if (this.isHeld(id)) return false;
    const again = this.leases.has(id);
    const lease = { id, ttlMs, again, earliestEnd: 0, end: 0, gone: false, forbidden: false };
    this.leases.set(id, lease);
    this.#extend(lease, 0);
    return true;
  }

  remove(id: bigint): void {
    const lease = this.leases.get(id);
    if (lease) lease.gone = true;
  }

  /** A new leader counts every lease from the beginning, and adds an election's time. */
  changeLeader(): void {
    this.leader = (this.leader + 1) % this.members.length;
    for (const lease of this.leases.values()) {
      if (!this.#isGone(lease)) lease.end = this.#clock.now + lease.ttlMs + 1_000;
    }
  }

  isHeld(id: bigint): boolean {
    return this.lives(this.leases.get(id));
  }

  lives(lease: ServerLease | undefined): boolean {
    return lease !== undefined && !this.#isGone(lease);
  }

  renew(id: bigint, member: Member, tokenGeneration: number): Verdict {
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
    // Without a leader nobody lets go of anything.
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
