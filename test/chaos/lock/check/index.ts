import type { LockHistory } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { nothingIsLeft } from './ends.js';
import { holdersExclude, signalIsInTime } from './exclusion.js';
import { observersSeeLeaders } from './observers.js';
import { tokensGrow } from './tokens.js';
import { handDeletionsAreNoticed, waitersEnd } from './waiting.js';
import { writesAreFenced } from './writes.js';

const checks: readonly Check[] = [
  holdersExclude,
  signalIsInTime,
  tokensGrow,
  writesAreFenced,
  waitersEnd,
  handDeletionsAreNoticed,
  nothingIsLeft,
  observersSeeLeaders,
];

/** Runs all checks. Pure. */
export function checkLocks(history: LockHistory): Findings {
  const found = new Findings();
  for (const check of checks) found.add(check(history));
  return found;
}
