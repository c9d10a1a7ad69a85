import { factsOf, type StoreHistory } from '../history.js';

/** A period in which a process was paused or dead. `to` is the end of the history if it never ended. */
export interface Downtime {
  readonly incarnation: string;
  readonly from: number;
  readonly to: number;
}

/** Kills and pauses, sorted by time. */
export function downtimes(history: StoreHistory): Downtime[] {
  const endAt = factsOf(history, 'end').at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const resumes = factsOf(history, 'resumed');
  const paused = factsOf(history, 'paused').map(({ incarnation, at }) => {
    const to = resumes.find((resume) => resume.incarnation === incarnation && resume.at >= at)?.at ?? endAt;
    return { incarnation, from: at, to };
  });
  const killed = factsOf(history, 'killed').map(({ incarnation, at }) => ({
    incarnation,
    from: at,
    to: endAt,
  }));
  return [...paused, ...killed].sort((a, b) => a.from - b.from);
}

/** How long a process was paused within a period. */
export function pausedMs(history: StoreHistory, incarnation: string, from: number, to: number): number {
  let sum = 0;
  for (const one of downtimes(history))
    if (one.incarnation === incarnation) sum += Math.max(0, Math.min(one.to, to) - Math.max(one.from, from));
  return sum;
}

/**
 * The latest time at which a lease that was last renewed at `at` can expire. A new leader extends every lease by its
 * TTL and an election timeout, and no lease expires while members are broken.
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
