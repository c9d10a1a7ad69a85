import { factsOf, type StoreHistory } from '../history.js';
import { type Check, type CheckedCase, type CheckResult, Findings } from './check-result.js';
import { closesAreFinalAndBounded } from './closes.js';
import { convergesAfterFaults } from './convergence.js';
import { deadOwnersLoseRecords } from './deaths.js';
import { ownerChangesHaveCause } from './owners.js';
import { protectionIsBounded } from './protection.js';
import { noRedundantViews } from './redundant-views.js';
import { reregistersUnderNewLease } from './reregistration.js';
import { noResurrection } from './resurrection.js';
import { viewsMatchStore } from './views.js';
import { wipesAreReported } from './wipes.js';

const membersAgree: Check = (history) => {
  const found = new Findings();
  for (const { revision, members } of factsOf(history, 'conflict'))
    found.report('T', `${members.join(' and ')} report different events for revision ${revision}`);
  return found;
};

const checks: readonly Check[] = [
  membersAgree,
  viewsMatchStore,
  noResurrection,
  protectionIsBounded,
  noRedundantViews,
  convergesAfterFaults,
  wipesAreReported,
  deadOwnersLoseRecords,
  reregistersUnderNewLease,
  ownerChangesHaveCause,
  closesAreFinalAndBounded,
];

/** Runs all checks over all histories. Pure. */
export function checkNaming(histories: readonly StoreHistory[]): CheckResult {
  const results = histories.flatMap((history) => checks.map((check) => check(history)));
  const counts: Partial<Record<CheckedCase, number>> = {};
  for (const result of results)
    for (const [name, times] of Object.entries(result.counts) as [CheckedCase, number][])
      counts[name] = (counts[name] ?? 0) + times;
  return { violations: results.flatMap(({ violations }) => violations), counts };
}
