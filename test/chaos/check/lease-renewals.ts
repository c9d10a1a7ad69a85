import { type FaultFact, factsOf, type StallFact } from '../history.js';
import { groupBy, type LeaseHistory, leaseHistories } from './lease-history.js';
import type { Check, Violation } from './violation.js';

/** How late a renewal may be: a third of the shortest lease leaves room for far more. */
const slackMs = 120;

/** How long after a fault the connections may still be on the mend. */
const recoveryMs = 3_000;

/** L4: as long as nothing is broken, a lease is renewed at a third of its time to live, the first time after its grant. */
export const renewalsAreOnTime: Check = (history) => {
  const faults = factsOf(history, 'fault');
  const stalls = factsOf(history, 'stall');
  return leaseHistories(history).flatMap((story) => lateRenewals(story, faults, stalls));
};

function lateRenewals(
  story: LeaseHistory,
  faults: readonly FaultFact[],
  stalls: readonly StallFact[],
): Violation[] {
  const own = faults.filter(({ clients }) => clients === 'all' || clients.includes(story.acquired.client));
  const third = story.ttlMs / 3;
  const moments = [story.acquired.at, ...story.sends.map(({ at }) => at)];
  const endAt = story.ended?.at;
  if (endAt !== undefined) moments.push(endAt);
  for (const [i, from] of moments.entries()) {
    const to = moments[i + 1];
    if (to === undefined) break;
    const allowed = third + slackMs + stalledMs(stalls, from, to);
    if (to - from <= allowed || overlapsFault(own, from, to) || changedStream(story, i)) continue;
    const text = `not renewed for ${Math.round(to - from)} ms; a third of its time is ${Math.round(third)} ms`;
    const slice = [
      story.acquired,
      ...story.sends.slice(Math.max(0, i - 1), i + 1),
      ...(story.ended ? [story.ended] : []),
    ];
    return [{ invariant: 'L4', text, slice }];
  }
  return [];
}

function overlapsFault(faults: readonly FaultFact[], from: number, to: number): boolean {
  return faults.some((fault) => fault.from < to && fault.to + recoveryMs > from);
}

/** Whether the next renewal went over another stream: the one before it had to be given up first. */
function changedStream({ sends }: LeaseHistory, i: number): boolean {
  const [before, next] = [sends[i - 1], sends[i]];
  return before !== undefined && next !== undefined && before.stream !== next.stream;
}

function stalledMs(stalls: readonly StallFact[], from: number, to: number): number {
  let sum = 0;
  for (const stall of stalls) sum += Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from));
  return sum;
}

/** L7: however often a grant is sent, it is one lease; and a lease that nobody keeps runs out by itself. */
export const noOrphanLeases: Check = (history) => {
  const grants = factsOf(history, 'attempt').filter(({ rpc }) => rpc === 'LeaseGrant');
  const found: Violation[] = [];
  for (const attempts of groupBy(grants, ({ op }) => op).values()) {
    const ids = new Set(attempts.map(({ lease }) => lease));
    const isChosenByEtcd = attempts.length > 1 && ids.has(0n);
    if (ids.size === 1 && !isChosenByEtcd) continue;
    found.push({ invariant: 'L7', text: 'one grant asked for more than one lease', slice: attempts });
  }
  for (const final of factsOf(history, 'final')) {
    if (final.leases.length === 0) continue;
    const left = new Set(final.leases);
    const text = `leases that outlived everything: ${final.leases.join(', ')}`;
    found.push({
      invariant: 'L7',
      text,
      slice: grants.filter(({ lease }) => lease !== undefined && left.has(lease)),
    });
  }
  return found;
};
