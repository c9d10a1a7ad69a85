import type { Chapter, ViewFact } from '../history.js';
import { type Check, Findings } from './verdict.js';
import { nameOf, seriesOf } from './views.js';

interface Lack {
  /** Of the delete. */
  readonly revision: bigint;
  /** When the viewer first was without it. */
  readonly at: number;
}

/**
 * N3: a key that a view lacked after its delete is not shown again as it was before. Records that went one by one in
 * a doubtful time may come back as held ones when the last has gone, and only for as long as such a doubt lives.
 */
export const nothingComesBack: Check = (chapter) => {
  const found = new Findings();
  for (const series of seriesOf(chapter)) {
    const lacks = new Map<string, Lack>();
    let before: ViewFact | undefined;
    for (const view of series) {
      for (const [key, modRevision] of view.records) {
        const lack = lacks.get(key);
        if (lack === undefined || modRevision >= lack.revision) continue;
        // For how long it is held then is another check's.
        const staysHeld = view.held.has(key) && before?.held.has(key);
        if (staysHeld || isDoubted(view, key, lack, chapter)) continue;
        const text = `${nameOf(view)} shows ${key} of ${modRevision} again, which it knew to be deleted at ${lack.revision}`;
        found.wrong('N3', text);
      }
      noteLacks(view, chapter, lacks, found);
      before = view;
    }
  }
  return found;
};

function isDoubted({ held, at }: ViewFact, key: string, lack: Lack, { limits }: Chapter): boolean {
  return held.has(key) && at - lack.at <= limits.holdMs + limits.slackMs;
}

function noteLacks(view: ViewFact, { truth }: Chapter, lacks: Map<string, Lack>, found: Findings): void {
  if (view.revision > truth.lastRevision) return;
  for (const key of truth.keys(`${view.service}/`)) {
    if (view.records.has(key)) continue;
    const last = truth.lastChange(key, view.revision);
    if (last === undefined || last.kv !== undefined || lacks.get(key)?.revision === last.revision) continue;
    lacks.set(key, { revision: last.revision, at: view.at });
    found.saw('N3 deletes');
  }
}
