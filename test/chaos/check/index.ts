import type { History } from '../history.js';
import { Truth } from '../truth.js';
import { truthIsOne } from './agreement.js';
import { everyDeleteHasItsCause } from './deletes.js';
import { lossIsToldRight } from './lease-loss.js';
import { grantsLeaveNoOrphans, renewalsKeepPace } from './lease-pace.js';
import { readsAreTrue } from './reads.js';
import { realTimeHolds } from './real-time.js';
import { transactionsAreWhole } from './txns.js';
import { verdictsAreRight } from './verdicts.js';
import type { Check, Violation } from './violation.js';
import { acknowledgedWrites, everyPutHasItsWriter } from './writes.js';

const checks: readonly Check[] = [
  truthIsOne,
  acknowledgedWrites,
  everyPutHasItsWriter,
  everyDeleteHasItsCause,
  readsAreTrue,
  realTimeHolds,
  transactionsAreWhole,
  verdictsAreRight,
  lossIsToldRight,
  renewalsKeepPace,
  grantsLeaveNoOrphans,
];

/** All that is wrong with a history. Pure: the same history, the same answer. */
export function check(history: History): Violation[] {
  const truth = new Truth(history);
  return checks.flatMap((one) => one(history, truth));
}
