import { factsOf, type LockHistory, type ObservationFact, type SeenLeader } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { endOf, undisturbedMs } from './disturbances.js';
import { type Queue, queueOf } from './queue.js';

/**
 * E1: an observer sees leaders in order, and each of them led with the value that it shows. E2: it sees that there is
 * none only if there was a moment without one since the leader that it saw before, and it sees a lasting absence.
 * E3: at the end it shows the true leader. E4: an observation does not end.
 */
export const observersSeeLeaders: Check = (history) => {
  const found = new Findings();
  for (const series of observationSeries(history)) checkSeries(series, history, found);
  for (const { observer, name, shown, leader } of factsOf(history, 'final-leader')) {
    found.count('ours', 'E3 final leaders');
    if (shown !== leader)
      found.report(
        'ours',
        'E3',
        `${observer} shows ${shown ?? 'none'} of ${name}; the leader is ${leader ?? 'none'}`,
      );
  }
  return found;
};

/** What each observer saw of each name, in order. */
function observationSeries(history: LockHistory): ObservationFact[][] {
  const all = new Map<string, ObservationFact[]>();
  for (const fact of factsOf(history, 'observation')) {
    const id = `${fact.observer} ${fact.name}`;
    all.set(id, [...(all.get(id) ?? []), fact]);
  }
  return [...all.values()];
}

function checkSeries(series: readonly ObservationFact[], history: LockHistory, found: Findings): void {
  const [start] = series;
  if (!start) return;
  const queue = queueOf(history.truth, { system: 'ours', name: start.name });
  let before: SeenLeader | undefined;
  let begunAt = 0;
  for (const [i, fact] of series.entries()) {
    const { saw, observer, name } = fact;
    if (saw === 'beginning') {
      found.count('ours', 'E4 observations');
      before = undefined;
      begunAt = fact.at;
    } else if (saw === 'none') {
      found.count('ours', 'E2 absences');
      if (!wasWithoutLeader(queue, before, nextLeader(series, i), begunAt))
        found.report(
          'ours',
          'E2',
          `${observer} sees no leader of ${name} after ${describe(before)}, but there was one`,
        );
    } else if ('error' in saw) {
      found.report('ours', 'E4', `the observation of ${name} by ${observer} ended: ${saw.error}`);
    } else {
      found.count('ours', 'E1 leaders');
      checkLeader(fact, saw, before, history, queue, found);
      before = saw;
    }
  }
  checkAbsences(series, queue, history, found);
}

function checkLeader(
  { observer, name }: ObservationFact,
  seen: SeenLeader,
  before: SeenLeader | undefined,
  { truth }: LockHistory,
  queue: Queue,
  found: Findings,
): void {
  const { key, value, createRevision, modRevision } = seen;
  if (before && !isAfter(seen, before))
    found.report('ours', 'E1', `${observer} sees ${describe(seen)} of ${name} after ${describe(before)}`);
  const kv = truth.get(key, modRevision);
  const place = queue.placeAt(key, modRevision);
  const changedAt = truth.changesOf(key).find(({ revision }) => revision > modRevision)?.revision;
  // A value that was replaced before its writer led was never that of a leader.
  const led = place?.first !== undefined && (changedAt === undefined || place.first.revision < changedAt);
  if (
    !led ||
    kv?.value !== value ||
    kv.modRevision !== modRevision ||
    place.created.revision !== createRevision
  )
    found.report('ours', 'E1', `${observer} sees ${describe(seen)} of ${name}, which did not lead`);
}

/** A later leader, which may have proclaimed before the former one did, or a later value of the same. */
function isAfter(seen: SeenLeader, before: SeenLeader): boolean {
  if (seen.createRevision !== before.createRevision) return seen.createRevision > before.createRevision;
  return seen.modRevision > before.modRevision;
}

function nextLeader(series: readonly ObservationFact[], after: number): SeenLeader | undefined {
  for (const { saw } of series.slice(after + 1)) {
    if (saw === 'beginning') return undefined;
    if (saw !== 'none' && !('error' in saw)) return saw;
  }
  return undefined;
}

interface Absence {
  readonly from: { readonly revision: bigint; readonly at: number };
  /** Undefined: until the end. */
  readonly to: { readonly revision: bigint; readonly at: number } | undefined;
}

/** The times without a leader. */
function absencesOf({ owners }: Queue): Absence[] {
  const absences: Absence[] = [{ from: { revision: 0n, at: 0 }, to: owners[0]?.first }];
  for (const [i, { deleted }] of owners.entries()) {
    const next = owners[i + 1]?.first;
    if (deleted && (!next || next.revision > deleted.revision)) absences.push({ from: deleted, to: next });
  }
  return absences;
}

function wasWithoutLeader(
  queue: Queue,
  before: SeenLeader | undefined,
  next: SeenLeader | undefined,
  begunAt: number,
): boolean {
  const from = before?.modRevision ?? 0n;
  return absencesOf(queue).some(
    (absence) =>
      (absence.to === undefined || (absence.to.revision > from && absence.to.at >= begunAt)) &&
      (next === undefined || absence.from.revision < next.createRevision),
  );
}

/** An absence that lasts is seen: the observer's last sight of that time is that there is none. */
function checkAbsences(
  series: readonly ObservationFact[],
  queue: Queue,
  history: LockHistory,
  found: Findings,
): void {
  const [start] = series;
  if (!start) return;
  const { observer, worker, name } = start;
  const until = endOf(history, observer);
  for (const { from, to } of absencesOf(queue)) {
    const begin = Math.max(from.at, start.at);
    const end = Math.min(to?.at ?? until, until);
    if (end <= begin || undisturbedMs(history, worker, begin, end) <= history.limits.noticeMs) continue;
    const last = series.findLast(({ at, saw }) => at <= end && saw !== 'beginning');
    if (last?.saw !== 'none')
      found.report(
        'ours',
        'E2',
        `${observer} does not see that ${name} has no leader since ${from.revision}`,
      );
  }
}

function describe(seen: SeenLeader | undefined): string {
  return seen ? `${seen.key} of ${seen.createRevision} at ${seen.modRevision}` : 'none';
}
