import type { StoreHistory, ViewFact } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { describeView, viewSeries } from './views.js';

interface MissingKey {
  /** Of the delete. */
  readonly revision: bigint;
  /** When the viewer first was without it. */
  readonly at: number;
}

/**
 * N3: a key that a view lacked after its delete is not shown again as it was before. Records that went one by one in
 * a doubtful time may come back as held ones when the last has gone, and only for as long as such a doubt lives.
 */
export const noResurrection: Check = (history) => {
  const found = new Findings();
  for (const series of viewSeries(history)) {
    const lacks = new Map<string, MissingKey>();
    let before: ViewFact | undefined;
    for (const view of series) {
      for (const [key, modRevision] of view.records) {
        const lack = lacks.get(key);
        if (lack === undefined || modRevision >= lack.revision) continue;
        // For how long it is held then is another check's.
        const staysHeld = view.held.has(key) && before?.held.has(key);
        if (staysHeld || isProtectedAgain(view, key, lack, history)) continue;
        const text = `${describeView(view)} shows ${key} of ${modRevision} again, which it knew to be deleted at ${lack.revision}`;
        found.report('N3', text);
      }
      recordMissing(view, history, lacks, found);
      before = view;
    }
  }
  return found;
};

function isProtectedAgain(
  { held, at }: ViewFact,
  key: string,
  lack: MissingKey,
  { limits }: StoreHistory,
): boolean {
  return held.has(key) && at - lack.at <= limits.protectionMs + limits.slackMs;
}

function recordMissing(
  view: ViewFact,
  { truth }: StoreHistory,
  lacks: Map<string, MissingKey>,
  found: Findings,
): void {
  if (view.revision > truth.lastRevision) return;
  for (const key of truth.keys(`${view.service}/`)) {
    if (view.records.has(key)) continue;
    const last = truth.lastChange(key, view.revision);
    if (last === undefined || last.kv !== undefined || lacks.get(key)?.revision === last.revision) continue;
    lacks.set(key, { revision: last.revision, at: view.at });
    found.count('N3 deletes');
  }
}
