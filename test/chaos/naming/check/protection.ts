import type { Truth } from '../../truth.js';
import { type EmptiedFact, factsOf, type StoreHistory, type ViewFact } from '../history.js';
import { recordOf } from '../values.js';
import { type Check, Findings } from './check-result.js';
import { pausedMs } from './downtimes.js';
import { describeView, recordsAt, viewSeries } from './views.js';

/**
 * N7: when a service becomes empty unseen, viewers keep its last records for the protection time and no longer, counted
 * from the end of the last outage: a fault that may have made etcd unreachable, or an election. Records of a service that
 * was not empty are kept only if they vanished during a fault or within the protection time after it, when etcd may have
 * been silent.
 */
export const protectionIsBounded: Check = (history) => {
  const found = new Findings();
  for (const series of viewSeries(history)) {
    checkDurations(series, history, found);
    checkCauses(series, history, found);
  }
  for (const emptied of factsOf(history, 'emptied')) checkUnseenLoss(emptied, history, found);
  return found;
};

function checkDurations(series: readonly ViewFact[], history: StoreHistory, found: Findings): void {
  const { limits } = history;
  const since = new Map<string, number>();
  const ended = (key: string, until: number, { viewer }: ViewFact) => {
    const from = since.get(key) ?? until;
    since.delete(key);
    const counted = Math.max(from, lastFaultBefore(until, history), lastElectionBefore(until, history));
    // The next liveness read, every third of the protection time, detects that etcd answers again.
    const noticeMs = counted > from ? limits.protectionMs / 3 : 0;
    const paused = pausedMs(history, viewer, counted, until);
    const excess = until - counted - paused - noticeMs - limits.protectionMs - limits.slackMs;
    if (excess > 0) found.report('N7', `${viewer} kept ${key} for ${Math.round(until - from)} ms`);
    found.count('N7 protections');
  };
  for (const view of series) {
    for (const key of since.keys()) if (!view.unconfirmed.has(key)) ended(key, view.at, view);
    for (const key of view.unconfirmed) if (!since.has(key)) since.set(key, view.at);
  }
  const last = series.at(-1);
  if (last) for (const key of since.keys()) ended(key, endOf(last.viewer, history), last);
}

/** The end of the last fault that began before `at`; `at` itself if that fault is still active. */
function lastFaultBefore(at: number, history: StoreHistory): number {
  const ends = factsOf(history, 'fault')
    .filter(({ from }) => from < at)
    .map(({ to }) => Math.min(to, at));
  return Math.max(Number.NEGATIVE_INFINITY, ...ends);
}

/**
 * When the members' term last rose before `at`. A fault of a member can outlast itself: without pre-vote (etcd 3.4), a
 * follower that returns with a higher term deposes the leader, and no member answers until the next one is elected.
 */
function lastElectionBefore(at: number, history: StoreHistory): number {
  const rises = factsOf(history, 'term').slice(1); // the first one is that of the start
  return Math.max(Number.NEGATIVE_INFINITY, ...rises.map((rise) => rise.at).filter((rise) => rise < at));
}

/** When the viewer was killed or unsubscribed, else the end of the history. */
function endOf(viewer: string, history: StoreHistory): number {
  const killed = factsOf(history, 'killed').filter(({ incarnation }) => incarnation === viewer);
  const left = factsOf(history, 'unsubscribed').filter((fact) => fact.viewer === viewer);
  return Math.min(...[...killed, ...left, ...factsOf(history, 'end')].map(({ at }) => at));
}

function checkCauses(series: readonly ViewFact[], history: StoreHistory, found: Findings): void {
  let silent: ReadonlySet<string> = new Set();
  for (const view of series) {
    const wasSilent = mayHaveBeenSilent(view, history);
    silent = new Set([...view.unconfirmed].filter((key) => wasSilent || silent.has(key)));
    checkCause(view, silent, history.truth, found);
  }
}

/** Whether etcd or the viewer was stalled at that time or within the protection time before it. */
function mayHaveBeenSilent({ viewer, at }: ViewFact, history: StoreHistory): boolean {
  const { protectionMs, slackMs } = history.limits;
  const from = at - protectionMs - protectionMs / 3 - slackMs;
  return lastFaultBefore(at, history) >= from || pausedMs(history, viewer, from, at) > 0;
}

/** The service of an unconfirmed record must have been empty at some revision since the delete, unless etcd was silent. */
function checkCause(view: ViewFact, silent: ReadonlySet<string>, truth: Truth, found: Findings): void {
  if (view.unconfirmed.size === 0 || view.revision > truth.lastRevision) return;
  const empties = emptyRevisions(view.service, truth);
  for (const key of view.unconfirmed) {
    if (silent.has(key)) continue;
    const goneAt = deletedAt(key, view, truth);
    if (empties.some(([from, to]) => from <= view.revision && to >= goneAt)) continue;
    found.report(
      'N7',
      `${describeView(view)} keeps ${key}, but the service was not empty since its deletion`,
    );
  }
}

/** The first revision at which the unconfirmed record was gone; 0 for a record of another store. */
function deletedAt(key: string, view: ViewFact, truth: Truth): bigint {
  const shown = view.records.get(key) ?? 0n;
  return truth.changesOf(key).find(({ revision }) => revision > shown)?.revision ?? 0n;
}

const known = new WeakMap<Truth, Map<string, readonly (readonly [bigint, bigint])[]>>();

/** Revision ranges in which a service had no endpoint. */
function emptyRevisions(service: string, truth: Truth): readonly (readonly [from: bigint, to: bigint])[] {
  const ofTruth = known.get(truth) ?? new Map<string, readonly (readonly [bigint, bigint])[]>();
  known.set(truth, ofTruth);
  const before = ofTruth.get(service);
  if (before) return before;
  const spans: [bigint, bigint][] = [[1n, truth.lastRevision]];
  const there = new Set<string>();
  for (const { revision, events } of truth.revisions) {
    const wasEmpty = there.size === 0;
    for (const event of events) {
      const key = event.type === 'put' ? event.kv.key : event.key;
      if (!key.startsWith(`${service}/`)) continue;
      if (event.type === 'put' && recordOf(event.kv)) there.add(key);
      else there.delete(key);
    }
    const last = spans.at(-1);
    if (wasEmpty && there.size > 0 && last) last[1] = revision - 1n;
    if (!wasEmpty && there.size === 0) spans.push([revision, truth.lastRevision]);
  }
  ofTruth.set(service, spans);
  return spans;
}

/** The first view after the loss must still show every record of the view before it. */
function checkUnseenLoss(
  { service, revision, unseenBy }: EmptiedFact,
  history: StoreHistory,
  found: Findings,
): void {
  for (const viewer of unseenBy) {
    const own = factsOf(history, 'view').filter((view) => view.viewer === viewer && view.service === service);
    const after = own.findIndex((view) => view.revision >= revision);
    const [before, first] = [own[after - 1], own[after]];
    if (!before || !first || before.records.size === before.unconfirmed.size) continue;
    if (recordsAt(service, first.revision, history.truth).valid.size > 0) continue;
    found.count('N7 unseen losses');
    const lost = [...before.records.keys()].filter((key) => !first.unconfirmed.has(key));
    if (lost.length > 0) found.report('N7', `${describeView(first)} drops ${lost.join(', ')} immediately`);
  }
}
