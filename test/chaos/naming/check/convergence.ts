import { type ConvergenceProperty, factsOf } from '../history.js';
import { type Check, type CheckedCase, Findings, type PropertyId } from './check-result.js';

const descriptions: Readonly<Record<ConvergenceProperty, string>> = {
  R1: "a stopped registrar's record remained",
  R2: "a live registrar's current value was not stored",
  N4: 'a view showed a deleted record',
  N5: 'a view differed from the store',
};

/** N4, N5, R1 and R2: after each fault, the system converges within a bound. N8: after a wipe, on the new store. */
export const convergesAfterFaults: Check = (history) => {
  const found = new Findings();
  const { convergenceMs } = history.limits;
  for (const { after, durationsMs } of factsOf(history, 'converged')) {
    for (const [name, ms] of Object.entries(durationsMs) as [ConvergenceProperty, number | undefined][]) {
      const isWipe = after === 'wipe' && (name === 'N4' || name === 'N5');
      const property: PropertyId = isWipe ? 'N8' : name;
      found.count(`${property} convergences` as CheckedCase);
      if (ms !== undefined && ms <= convergenceMs) continue;
      const long = ms === undefined ? 'until the run stopped waiting' : `for ${Math.round(ms)} ms`;
      found.report(property, `after ${after} ${descriptions[name]} ${long}`);
    }
  }
  return found;
};
