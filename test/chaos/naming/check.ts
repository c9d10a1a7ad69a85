import type { Truth } from '../truth.js';
import type { Closed, SeenView } from './told.js';

/** A view, or a record, that breaks a promise; the first letters name it as the catalogue of promises does. */
export interface NamingViolation {
  readonly promise: 'N1' | 'N2' | 'N6' | 'R4';
  readonly text: string;
}

/** Holds all views and all closes against the truth. Pure. */
export function checkNaming(
  prefix: string,
  views: readonly SeenView[],
  closes: readonly Closed[],
  truth: Truth,
): NamingViolation[] {
  return [
    ...views.flatMap((view) => checkView(prefix, view, truth)),
    ...checkOrder(views),
    ...closes.flatMap((closed) => checkClosed(closed, truth)),
  ];
}

/** N1: a view is what the store had at its revision, less what is held back. N6: it is never empty when that is not. */
function checkView(prefix: string, view: SeenView, truth: Truth): NamingViolation[] {
  if (view.revision > truth.lastRevision) return [];
  const stored = truth.range(prefix, view.revision);
  const shown = [...view.records].filter(([key]) => !view.held.has(key));
  const where = `${view.viewer} at revision ${view.revision}`;
  if (view.records.size === 0 && stored.length > 0)
    return [{ promise: 'N6', text: `${where} is empty, the store has ${stored.length} records` }];
  const missing = stored.filter(({ key, modRevision }) => view.records.get(key) !== modRevision);
  const extra = shown.filter(([key]) => !stored.some((kv) => kv.key === key));
  if (missing.length + extra.length === 0) return [];
  const text = `${where} lacks ${missing.map(({ key }) => key)} and has ${extra.map(([key]) => key)} too many`;
  return [{ promise: 'N1', text }];
}

/** N2: what a viewer shows never goes back. */
function checkOrder(views: readonly SeenView[]): NamingViolation[] {
  const violations: NamingViolation[] = [];
  const last = new Map<string, bigint>();
  for (const { viewer, revision } of views) {
    const before = last.get(viewer) ?? 0n;
    if (revision < before)
      violations.push({ promise: 'N2', text: `${viewer} goes back from ${before} to ${revision}` });
    last.set(viewer, revision);
  }
  return violations;
}

/** R4: a record does not come back after its owner's close was through. */
function checkClosed({ key, from, to }: Closed, truth: Truth): NamingViolation[] {
  for (let revision = from + 1n; revision <= to; revision++) {
    if (truth.at(revision).some((event) => event.type === 'put' && event.kv.key === key))
      return [
        { promise: 'R4', text: `${key} is written at ${revision}, after its owner had closed at ${from}` },
      ];
  }
  return [];
}
