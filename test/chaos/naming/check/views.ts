import type { Truth } from '../../truth.js';
import type { StoreHistory, ViewFact } from '../history.js';
import { factsOf } from '../history.js';
import { recordOf } from '../values.js';
import { type Check, Findings } from './check-result.js';

/**
 * N1: a view equals the store at its revision, plus unconfirmed records. N2: revisions never go back. N6: a view is empty
 * only if the store is. N10: invalid records are counted and do not affect other records.
 */
export const viewsMatchStore: Check = ({ truth, facts }) => {
  const found = new Findings();
  for (const series of viewSeries({ facts })) {
    let before = 0n;
    for (const view of series) {
      found.count('N2 views');
      if (view.revision < before)
        found.report('N2', `${view.viewer} goes back from ${before} to ${view.revision}`);
      before = view.revision;
      if (view.revision <= truth.lastRevision) checkView(view, truth, found);
    }
  }
  return found;
};

function checkView(view: ViewFact, truth: Truth, found: Findings): void {
  const { records, invalid, unconfirmed } = view;
  const { valid, invalidKeys } = recordsAt(view.service, view.revision, truth);
  const where = describeView(view);
  found.count('N1 views');
  if (records.size === 0) {
    found.count('N6 empty views');
    if (view.revision === 0n) found.report('N6', `${where} is empty before the first read`);
    if (valid.size > 0) {
      found.report('N6', `${where} is empty, but the store has ${valid.size} records`);
      return;
    }
  }
  const missing = [...valid].filter(([key, revision]) => records.get(key) !== revision).map(([key]) => key);
  const extra = [...records.keys()].filter((key) => !unconfirmed.has(key) && !valid.has(key));
  if (missing.length + extra.length > 0)
    found.report('N1', `${where} lacks ${missing.join(', ')} and has unexpected ${extra.join(', ')}`);
  if (invalidKeys.length > 0) found.count('N10 views with invalid records');
  if (invalidKeys.length !== invalid.size || invalidKeys.some((key) => !invalid.has(key)))
    found.report(
      'N10',
      `${where} counts ${[...invalid].join(', ')} as invalid; expected ${invalidKeys.join(', ')}`,
    );
}

/** A service's records at a revision: endpoints with their mod revisions, and keys of invalid records. */
export function recordsAt(
  service: string,
  revision: bigint,
  truth: Truth,
): { readonly valid: ReadonlyMap<string, bigint>; readonly invalidKeys: readonly string[] } {
  const valid = new Map<string, bigint>();
  const invalidKeys: string[] = [];
  for (const kv of truth.range(`${service}/`, revision)) {
    if (recordOf(kv)) valid.set(kv.key, kv.modRevision);
    else invalidKeys.push(kv.key);
  }
  return { valid, invalidKeys };
}

/** The views of each subscriber, in order. */
export function viewSeries({ facts }: Pick<StoreHistory, 'facts'>): ViewFact[][] {
  const all = new Map<string, ViewFact[]>();
  for (const view of factsOf({ facts }, 'view')) {
    const name = `${view.viewer} ${view.service}`;
    const series = all.get(name);
    if (series) series.push(view);
    else all.set(name, [view]);
  }
  return [...all.values()];
}

export function describeView({ viewer, service, revision }: ViewFact): string {
  return `${viewer} of ${service} at revision ${revision}`;
}
