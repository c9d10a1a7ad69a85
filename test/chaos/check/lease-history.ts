import {
  type AttemptFact,
  factsOf,
  type History,
  type LeaseFact,
  type RenewalFact,
  type StallFact,
} from '../history.js';

type Acquired = Extract<LeaseFact, { type: 'acquired' }>;
type LeaseEnd = Extract<LeaseFact, { type: 'ended' }>;
type HeldCheck = Extract<LeaseFact, { type: 'checked' }>;

export interface Ack {
  readonly fact: RenewalFact;
  /** The renewal that this acknowledges. */
  readonly sent: RenewalFact;
  /** Whether `sent` is the lease's first message on its stream; it may have waited for the connection. */
  readonly isFirstOnStream: boolean;
}

/** One held lease from its grant to its end. */
export interface LeaseHistory {
  readonly acquired: Acquired;
  /** The first attempt of its grant; etcd may have executed this one. */
  readonly grant: AttemptFact | undefined;
  readonly ttlMs: number;
  readonly sends: readonly RenewalFact[];
  readonly acks: readonly Ack[];
  readonly ended: LeaseEnd | undefined;
  readonly heldChecks: readonly HeldCheck[];
}

export function leaseHistories(history: History): LeaseHistory[] {
  const renewals = groupBy(factsOf(history, 'renewal'), ({ lease }) => lease);
  const leases = groupBy(factsOf(history, 'lease'), ({ lease }) => lease);
  const grants = groupBy(
    factsOf(history, 'attempt').filter(({ rpc }) => rpc === 'LeaseGrant'),
    ({ op }) => op,
  );
  return [...leases.values()].flatMap((facts) => {
    const acquired = facts.find((fact) => fact.type === 'acquired');
    if (!acquired) return [];
    const own = renewals.get(acquired.lease) ?? [];
    return {
      acquired,
      grant: grants.get(acquired.op)?.[0],
      ttlMs: acquired.ttlSeconds * 1_000,
      sends: own.filter(({ direction }) => direction === 'sent'),
      acks: acksOf(own),
      ended: facts.find((fact) => fact.type === 'ended'),
      heldChecks: facts.filter((fact) => fact.type === 'checked'),
    };
  });
}

/** etcd answers in order on each stream, so the n-th answer belongs to the n-th renewal. */
function acksOf(renewals: readonly RenewalFact[]): Ack[] {
  const acks: Ack[] = [];
  for (const own of groupBy(renewals, ({ stream }) => stream).values()) {
    const sends = own.filter(({ direction }) => direction === 'sent');
    const answers = own.filter(({ direction }) => direction === 'acked');
    for (const [i, fact] of answers.entries()) {
      const sent = sends[i];
      if (sent) acks.push({ fact, sent, isFirstOnStream: i === 0 });
    }
  }
  return acks.sort((a, b) => a.fact.at - b.fact.at);
}

/** When the grant was first sent: the earliest time at which etcd can start the TTL. */
export function grantedAt({ grant, acquired }: LeaseHistory): number {
  return grant?.sentAt ?? acquired.at;
}

/** Until when the owner may assume the lease, given the answers that it had received at `at`. */
export function validUntil(lease: LeaseHistory, at: number): number {
  let until = grantedAt(lease) + lease.ttlMs;
  for (const { fact, sent } of lease.acks) {
    if (fact.at > at) break;
    if (fact.ttlSeconds > 0) until = Math.max(until, sent.at + fact.ttlSeconds * 1_000);
  }
  return until;
}

/**
 * The latest time at which an event due at `dueAt` can be expected. Timers fire a little late, and a stalled process
 * does nothing.
 */
export function withStalls(dueAt: number, stalls: readonly StallFact[], slackMs: number): number {
  let limit = dueAt + slackMs;
  for (const { from, to } of [...stalls].sort((a, b) => a.from - b.from)) {
    if (from <= limit && to >= dueAt) limit = Math.max(limit, to + slackMs);
  }
  return limit;
}

export function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
