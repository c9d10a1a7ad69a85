import { factsOf, type StoreHistory } from '../history.js';

/** From when to when somebody stood still or was no more; the last moment is the end of the history where there was none. */
export interface Downtime {
  readonly incarnation: string;
  readonly from: number;
  readonly to: number;
}

/** Kills and freezes, in order. */
export function downtimes(history: StoreHistory): Downtime[] {
  const endAt = factsOf(history, 'end').at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const thaws = factsOf(history, 'resumed');
  const frozen = factsOf(history, 'paused').map(({ incarnation, at }) => {
    const to = thaws.find((thaw) => thaw.incarnation === incarnation && thaw.at >= at)?.at ?? endAt;
    return { incarnation, from: at, to };
  });
  const killed = factsOf(history, 'killed').map(({ incarnation, at }) => ({
    incarnation,
    from: at,
    to: endAt,
  }));
  return [...frozen, ...killed].sort((a, b) => a.from - b.from);
}

/** For how long of that time a process stood still. */
export function pausedMs(history: StoreHistory, incarnation: string, from: number, to: number): number {
  let sum = 0;
  for (const one of downtimes(history))
    if (one.incarnation === incarnation) sum += Math.max(0, Math.min(one.to, to) - Math.max(one.from, from));
  return sum;
}

/**
 * Until when a lease that was renewed for the last time before a moment may live on: a new leader gives every lease its
 * time anew and an election's more, and members that are broken let nothing run out.
 */
export function leaseEndsBy(history: StoreHistory, at: number): number {
  const { ttlMs, electionMs, expiryMs, slackMs } = history.limits;
  const faults = factsOf(history, 'fault').filter(({ clients }) => clients === 'all');
  const terms = termRises(history);
  let until = at + ttlMs + expiryMs + slackMs;
  for (let before = 0; before !== until; ) {
    before = until;
    const elections = terms.filter((rise) => rise.at >= at - ttlMs - electionMs && rise.at <= before);
    const elected = elections.reduce((sum, { by }) => sum + by, 0) * (ttlMs + electionMs);
    const broken = faults.reduce(
      (sum, { from, to }) => sum + Math.max(0, Math.min(to, before) - Math.max(from, at)),
      0,
    );
    until = Math.max(until, at + ttlMs + expiryMs + slackMs + elected + broken);
  }
  return until;
}

function termRises(history: StoreHistory): { readonly at: number; readonly by: number }[] {
  const terms = factsOf(history, 'term');
  return terms.slice(1).map(({ term, at }, i) => ({ at, by: Math.max(0, term - (terms[i]?.term ?? term)) }));
}
