import type { StoreHistory, ViewFact } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { describeView, viewSeries } from './views.js';

interface MissingKey {
  /** The revision of the delete. */
  readonly revision: bigint;
  /** When the viewer was first without the key. */
  readonly at: number;
}

/**
 * N3: a view does not show a key again after it lacked the key because of its delete. Exception: records that vanished
 * one by one while etcd may have been silent return as unconfirmed records when the last one vanishes, within the
 * protection time.
 */
export const noResurrection: Check = (history) => {
  const found = new Findings();
  for (const series of viewSeries(history)) {
    const missingKeys = new Map<string, MissingKey>();
    let before: ViewFact | undefined;
    for (const view of series) {
      for (const [key, modRevision] of view.records) {
        const missing = missingKeys.get(key);
        if (missing === undefined || modRevision >= missing.revision) continue;
        // N7 checks how long it stays unconfirmed.
        const staysUnconfirmed = view.unconfirmed.has(key) && before?.unconfirmed.has(key);
        if (staysUnconfirmed || isUnconfirmedAgain(view, key, missing, history)) continue;
        const text = `${describeView(view)} shows ${key} of ${modRevision} again, after it had seen the delete at ${missing.revision}`;
        found.report('N3', text);
      }
      recordMissing(view, history, missingKeys, found);
      before = view;
    }
  }
  return found;
};

function isUnconfirmedAgain(
  { unconfirmed, at }: ViewFact,
  key: string,
  missing: MissingKey,
  { limits }: StoreHistory,
): boolean {
  return unconfirmed.has(key) && at - missing.at <= limits.protectionMs + limits.slackMs;
}

function recordMissing(
  view: ViewFact,
  { truth }: StoreHistory,
  missingKeys: Map<string, MissingKey>,
  found: Findings,
): void {
  if (view.revision > truth.lastRevision) return;
  for (const key of truth.keys(`${view.service}/`)) {
    if (view.records.has(key)) continue;
    const last = truth.lastChange(key, view.revision);
    if (last === undefined || last.kv !== undefined || missingKeys.get(key)?.revision === last.revision)
      continue;
    missingKeys.set(key, { revision: last.revision, at: view.at });
    found.count('N3 deletes');
  }
}
