import { canaryKey } from '../canary.js';
import { factsOf, faultsOf, type LockHistory, type ProcessFact } from '../history.js';
import { handFaultNames } from '../process-faults.js';

type Interval = readonly [from: number, to: number];

const known = new WeakMap<LockHistory, Map<string, readonly Interval[]>>();

/** The longest time within an interval in which no fault could affect the worker and its process was not stopped. */
export function undisturbedMs(history: LockHistory, worker: string, from: number, to: number): number {
  let longest = 0;
  let since = from;
  for (const [begin, end] of disturbancesOf(history, worker)) {
    if (end <= since) continue;
    if (begin >= to) break;
    longest = Math.max(longest, begin - since);
    since = end;
  }
  return Math.max(longest, to - since);
}

function disturbancesOf(history: LockHistory, worker: string): readonly Interval[] {
  const ofHistory = known.get(history) ?? new Map<string, readonly Interval[]>();
  known.set(history, ofHistory);
  const before = ofHistory.get(worker);
  if (before) return before;
  const faults = faultsOf(history)
    .filter(({ name }) => !handFaultNames.includes(name))
    .filter(({ clients }) => clients === 'all' || clients.includes(worker))
    .map(({ from, to }): Interval => [from, to]);
  const all = [...faults, ...stallsOf(history), ...pausesOf(history, worker)].sort(([a], [b]) => a - b);
  ofHistory.set(worker, all);
  return all;
}

/** A busy machine may stop etcd for longer than that. */
const stallMs = 1_000;

/** When etcd served no one, without an injected fault. */
function stallsOf({ truth }: LockHistory): Interval[] {
  const writes = truth.changesOf(canaryKey);
  return writes.flatMap(({ at }, i): Interval[] => {
    const last = writes[i - 1]?.at ?? at;
    return at - last > stallMs ? [[last, at]] : [];
  });
}

function pausesOf(history: LockHistory, worker: string): Interval[] {
  const own = history.facts.filter(
    (fact): fact is ProcessFact =>
      (fact.kind === 'paused' || fact.kind === 'resumed') && fact.worker === worker,
  );
  return own.flatMap((fact, i): Interval[] =>
    fact.kind === 'paused' ? [[fact.at, own[i + 1]?.at ?? Number.POSITIVE_INFINITY]] : [],
  );
}

/** When a process was killed or ended by itself; otherwise the end of the run. */
export function endOf(history: LockHistory, incarnation: string): number {
  const dead = history.facts.find(
    (fact) => (fact.kind === 'killed' || fact.kind === 'crashed') && fact.incarnation === incarnation,
  );
  const end = dead ?? factsOf(history, 'end')[0];
  return end && 'at' in end ? end.at : Number.POSITIVE_INFINITY;
}
