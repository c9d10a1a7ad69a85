import { type FaultFact, factsOf, type StallFact } from '../history.js';
import { groupBy, type LeaseHistory, leaseHistories } from './lease-history.js';
import type { Check, Violation } from './violation.js';

/** Tolerance of a renewal's time; a third of the shortest TTL is much longer. */
const slackMs = 120;

/** How long connections may still be recovering after a fault. */
const recoveryMs = 3_000;

/** L4: without a fault, a lease is renewed every third of its TTL, starting with the grant. */
export const renewalsAreOnTime: Check = (history) => {
  const faults = factsOf(history, 'fault');
  const stalls = factsOf(history, 'stall');
  return leaseHistories(history).flatMap((lease) => lateRenewals(lease, faults, stalls));
};

function lateRenewals(
  lease: LeaseHistory,
  faults: readonly FaultFact[],
  stalls: readonly StallFact[],
): Violation[] {
  const own = faults.filter(({ clients }) => clients === 'all' || clients.includes(lease.acquired.client));
  const third = lease.ttlMs / 3;
  const moments = [lease.acquired.at, ...lease.sends.map(({ at }) => at)];
  const endAt = lease.ended?.at;
  if (endAt !== undefined) moments.push(endAt);
  for (const [i, from] of moments.entries()) {
    const to = moments[i + 1];
    if (to === undefined) break;
    const allowed = third + slackMs + stalledMs(stalls, from, to);
    if (to - from <= allowed || overlapsFault(own, from, to) || changedStream(lease, i)) continue;
    const text = `not renewed for ${Math.round(to - from)} ms; a third of its TTL is ${Math.round(third)} ms`;
    const slice = [
      lease.acquired,
      ...lease.sends.slice(Math.max(0, i - 1), i + 1),
      ...(lease.ended ? [lease.ended] : []),
    ];
    return [{ invariant: 'L4', text, slice }];
  }
  return [];
}

function overlapsFault(faults: readonly FaultFact[], from: number, to: number): boolean {
  return faults.some((fault) => fault.from < to && fault.to + recoveryMs > from);
}

/** Whether the next renewal used another stream; the client had to abandon the previous stream first. */
function changedStream({ sends }: LeaseHistory, i: number): boolean {
  const [before, next] = [sends[i - 1], sends[i]];
  return before !== undefined && next !== undefined && before.stream !== next.stream;
}

function stalledMs(stalls: readonly StallFact[], from: number, to: number): number {
  let sum = 0;
  for (const stall of stalls) sum += Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from));
  return sum;
}

/** L7: a grant creates one lease however often it is sent, and a lease that is not renewed expires. */
export const noOrphanLeases: Check = (history) => {
  const grants = factsOf(history, 'attempt').filter(({ rpc }) => rpc === 'LeaseGrant');
  const found: Violation[] = [];
  for (const attempts of groupBy(grants, ({ op }) => op).values()) {
    const ids = new Set(attempts.map(({ lease }) => lease));
    const isChosenByEtcd = attempts.length > 1 && ids.has(0n);
    if (ids.size === 1 && !isChosenByEtcd) continue;
    found.push({ invariant: 'L7', text: 'one grant requested more than one lease', slice: attempts });
  }
  for (const final of factsOf(history, 'final')) {
    if (final.leases.length === 0) continue;
    const left = new Set(final.leases);
    const text = `leases left at the end: ${final.leases.join(', ')}`;
    found.push({
      invariant: 'L7',
      text,
      slice: grants.filter(({ lease }) => lease !== undefined && left.has(lease)),
    });
  }
  return found;
};
