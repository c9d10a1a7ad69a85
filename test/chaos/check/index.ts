import type { History } from '../history.js';
import { Truth } from '../truth.js';
import { deletesHaveCause } from './deletes.js';
import { leaseLossIsReported } from './lease-loss.js';
import { noOrphanLeases, renewalsAreOnTime } from './lease-renewals.js';
import { readsMatchTruth } from './reads.js';
import { realTimeOrderHolds } from './real-time.js';
import { refusalsAreOwn } from './refusals.js';
import { truthIsConsistent } from './truth-consistency.js';
import { txnsAreAtomic } from './txns.js';
import { verdictsAreCorrect } from './verdicts.js';
import type { Check, Violation } from './violation.js';
import { acknowledgedWritesExist, putsHaveOneWriter } from './writes.js';

const checks: readonly Check[] = [
  truthIsConsistent,
  acknowledgedWritesExist,
  putsHaveOneWriter,
  deletesHaveCause,
  readsMatchTruth,
  realTimeOrderHolds,
  txnsAreAtomic,
  verdictsAreCorrect,
  refusalsAreOwn,
  leaseLossIsReported,
  renewalsAreOnTime,
  noOrphanLeases,
];

/** Returns every violation in a history. Pure. */
export function check(history: History): Violation[] {
  const truth = new Truth(history);
  return checks.flatMap((one) => one(history, truth));
}
