import type { Counts } from '../messages.js';
import type { FaultCounts } from '../nemesis.js';
import type { JudgedSlope } from './slopes.js';

/** Everything that decides the end of a run. */
export interface RunResult {
  readonly hours: number;
  readonly callsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly counts: Counts;
  readonly faults: ReadonlyMap<string, FaultCounts>;
  readonly slopes: readonly JudgedSlope[];
  /** Errors, and what did not return. */
  readonly problems: readonly string[];
}

/** Of these none may occur. */
const forbidden: Partial<Record<keyof Counts, string>> = {
  rpcsFailed: 'calls of channels failed',
  eventsMissed: 'events were missed',
  eventsDuplicated: 'events were delivered twice',
  sharedLocks: 'locks had two holders',
  registrationsAbsent: 'times a registration was absent for three checks',
  viewsWithoutOwn: 'times a view lacked a registered endpoint for three checks',
  mirrorsWrong: 'mirrors differ from the store',
};

/** What was wrong. */
export function failures({ counts, slopes, problems }: RunResult): string[] {
  const wrong = Object.entries(forbidden).flatMap(([name, text]) => {
    const count = counts[name as keyof Counts];
    return count === 0 ? [] : [`${count} ${text}`];
  });
  const growing = slopes
    .filter(({ verdict, limit }) => verdict === 'above' && !limit.isInformative)
    .map(({ limit }) => `the slope of ${limit.title} is above ${limit.perHour} ${limit.unit} an hour`);
  return [...wrong, ...growing, ...problems];
}

/** Why a run without failures proves too little. */
export function inconclusiveReasons(result: RunResult): string[] {
  const heap = result.slopes.find(({ limit }) => limit.series === 'heap');
  const undecided =
    heap && heap.verdict !== 'undecided' ? [] : ['the run is too short to know the slope of the heap'];
  return [...undecided, ...missingFaults(result.faults), ...missingLoad(result)];
}

/** The titles of the limited slopes of which the run is too short to know whether they are within their limits. */
export function undecidedSlopes({ slopes }: Pick<RunResult, 'slopes'>): string[] {
  return slopes
    .filter(({ verdict, limit }) => verdict === 'undecided' && !limit.isInformative)
    .map(({ limit }) => limit.title);
}

/** Each kind that was injected must have taken effect at least once in three injections. */
function missingFaults(faults: ReadonlyMap<string, FaultCounts>): string[] {
  const all = [...faults];
  const effective = all.reduce((sum, [, { effective }]) => sum + effective, 0);
  const ineffective = all.filter(([, { injected, effective }]) => injected >= 3 && effective === 0);
  return [
    ...(effective === 0 ? ['no fault had an effect'] : []),
    ...ineffective.map(([name]) => `${name} never had an effect`),
  ];
}

/** Half of the load must have been carried, in spite of the faults. */
function missingLoad({ hours, callsPerSecond, eventsPerSecond, counts }: RunResult): string[] {
  const seconds = hours * 3_600;
  const atLeast: [count: number, least: number, what: string][] = [
    [counts.callsOk, (seconds * callsPerSecond) / 2, 'calls'],
    [counts.eventsSeen, (seconds * eventsPerSecond) / 4, 'events'],
    [counts.rpcsOk, seconds, 'calls of channels'],
    [counts.registrationChecks, seconds / 5, 'checks of registrations'],
    [counts.mirrorChecks, 1, 'checks of the mirror'],
    [counts.locksAcquired, seconds / 5, 'locks'],
    [counts.termsWon, seconds / 20, 'terms'],
    [counts.watchersChurned, seconds / 10, 'short watches'],
    [counts.clientsChurned, seconds / 20, 'short clients'],
    [counts.channelsChurned, seconds / 10, 'short channels'],
    [counts.endpointsChurned, seconds / 20, 'short endpoints'],
    [counts.pickersChurned, seconds / 20, 'short pickers'],
    [counts.picks, seconds * 10, 'picks'],
  ];
  return atLeast
    .filter(([count, least]) => count < least)
    .map(([count, least, what]) => `only ${count} ${what}, and at least ${Math.ceil(least)} were expected`);
}
