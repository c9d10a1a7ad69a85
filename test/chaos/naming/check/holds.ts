import type { Truth } from '../../truth.js';
import { type Chapter, type EmptiedFact, factsOf, type ViewFact } from '../history.js';
import { recordOf } from '../values.js';
import { frozenMs } from './lives.js';
import { type Check, Findings } from './verdict.js';
import { nameOf, seriesOf, stored } from './views.js';

/**
 * N7: when a service is found empty by those who could not see it happen, its last records stay for the hold time and
 * no longer, counted from the last fault that may have kept etcd out of reach; and none is held of a service that was
 * not empty, but for what went during a fault or within the hold time after it: etcd may have been silent.
 */
export const holdsAreBounded: Check = (chapter) => {
  const found = new Findings();
  for (const series of seriesOf(chapter)) {
    judgeLengths(series, chapter, found);
    judgeCauses(series, chapter, found);
  }
  for (const emptied of factsOf(chapter, 'emptied')) judgeLoss(emptied, chapter, found);
  return found;
};

function judgeLengths(series: readonly ViewFact[], chapter: Chapter, found: Findings): void {
  const { limits } = chapter;
  const since = new Map<string, number>();
  const ended = (key: string, until: number, { viewer }: ViewFact) => {
    const from = since.get(key) ?? until;
    since.delete(key);
    const counted = Math.max(from, lastFaultBefore(until, chapter));
    // That etcd answers again is found out by the next read for a sign of life, each third of the hold time.
    const noticeMs = counted > from ? limits.holdMs / 3 : 0;
    const frozen = frozenMs(chapter, viewer, counted, until);
    const excess = until - counted - frozen - noticeMs - limits.holdMs - limits.slackMs;
    if (excess > 0) found.wrong('N7', `${viewer} held ${key} for ${Math.round(until - from)} ms`);
    found.saw('N7 holds');
  };
  for (const view of series) {
    for (const key of since.keys()) if (!view.held.has(key)) ended(key, view.at, view);
    for (const key of view.held) if (!since.has(key)) since.set(key, view.at);
  }
  const last = series.at(-1);
  if (last) for (const key of since.keys()) ended(key, endOf(last.viewer, chapter), last);
}

/** The end of the last fault that began before; the moment itself while one lasts. */
function lastFaultBefore(at: number, chapter: Chapter): number {
  const ends = factsOf(chapter, 'fault')
    .filter(({ from }) => from < at)
    .map(({ to }) => Math.min(to, at));
  return Math.max(Number.NEGATIVE_INFINITY, ...ends);
}

/** When a viewer was killed or left, else when the chapter ended. */
function endOf(viewer: string, chapter: Chapter): number {
  const killed = factsOf(chapter, 'killed').filter(({ life }) => life === viewer);
  const left = factsOf(chapter, 'left').filter((fact) => fact.viewer === viewer);
  return Math.min(...[...killed, ...left, ...factsOf(chapter, 'end')].map(({ at }) => at));
}

function judgeCauses(series: readonly ViewFact[], chapter: Chapter, found: Findings): void {
  let silent: ReadonlySet<string> = new Set();
  for (const view of series) {
    const wasSilent = mayHaveBeenSilent(view, chapter);
    silent = new Set([...view.held].filter((key) => wasSilent || silent.has(key)));
    judgeCause(view, silent, chapter.truth, found);
  }
}

/** Whether etcd, or the viewer itself, stood still at the time or within the hold time before. */
function mayHaveBeenSilent({ viewer, at }: ViewFact, chapter: Chapter): boolean {
  const { holdMs, slackMs } = chapter.limits;
  const from = at - holdMs - holdMs / 3 - slackMs;
  return lastFaultBefore(at, chapter) >= from || frozenMs(chapter, viewer, from, at) > 0;
}

/** The service of a held record must have been empty at some revision since it was deleted, unless etcd was silent. */
function judgeCause(view: ViewFact, silent: ReadonlySet<string>, truth: Truth, found: Findings): void {
  if (view.held.size === 0 || view.revision > truth.lastRevision) return;
  const empties = emptyRevisions(view.service, truth);
  for (const key of view.held) {
    if (silent.has(key)) continue;
    const goneAt = endOfShown(key, view, truth);
    if (empties.some(([from, to]) => from <= view.revision && to >= goneAt)) continue;
    found.wrong('N7', `${nameOf(view)} holds ${key}, and the service was not empty since it went`);
  }
}

/** The first revision at which the record that is held was no longer there; 0 for one of another store. */
function endOfShown(key: string, view: ViewFact, truth: Truth): bigint {
  const shown = view.records.get(key) ?? 0n;
  return truth.changesOf(key).find(({ revision }) => revision > shown)?.revision ?? 0n;
}

const known = new WeakMap<Truth, Map<string, readonly (readonly [bigint, bigint])[]>>();

/** From which to which revision a service had no endpoint. */
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

/** The first view after the loss still shows all that the one before it did. */
function judgeLoss({ service, revision, unseenBy }: EmptiedFact, chapter: Chapter, found: Findings): void {
  for (const viewer of unseenBy) {
    const own = factsOf(chapter, 'view').filter((view) => view.viewer === viewer && view.service === service);
    const after = own.findIndex((view) => view.revision >= revision);
    const [before, first] = [own[after - 1], own[after]];
    if (!before || !first || before.records.size === before.held.size) continue;
    if (stored(service, first.revision, chapter.truth).good.size > 0) continue;
    found.saw('N7 unseen losses');
    const lost = [...before.records.keys()].filter((key) => !first.held.has(key));
    if (lost.length > 0)
      found.wrong('N7', `${nameOf(first)} believes at once that ${lost.join(', ')} is gone`);
  }
}
