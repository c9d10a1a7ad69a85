import { factsOf } from '../history.js';
import { sameKvs } from '../truth.js';
import type { Check, Violation } from './violation.js';

/**
 * T: all members reported the same events, no revision is missing, and at the end all members have the same store,
 * equal to the truth. A violation is a fault of etcd or of the recorder and invalidates every other result.
 */
export const truthIsConsistent: Check = (history, truth) => {
  const found: Violation[] = [];
  const wrong = (text: string, slice: Violation['slice'] = []) => found.push({ invariant: 'T', text, slice });
  for (const fact of factsOf(history, 'conflict')) {
    wrong(`${fact.members.join(' and ')} report different events for revision ${fact.revision}`, [fact]);
  }
  for (const [i, { revision }] of truth.revisions.entries()) {
    if (revision !== BigInt(i) + 2n) {
      wrong(`revision ${i + 2} is missing from the truth`);
      break;
    }
  }
  for (const final of factsOf(history, 'final')) {
    const [first, ...others] = final.hashes;
    if (others.some(({ hash, revision }) => hash !== first?.hash || revision !== first.revision)) {
      wrong('the stores of the members differ', [{ ...final, kvs: [] }]);
    }
    if (!sameKvs(truth.range('', final.revision), final.kvs)) {
      wrong(`the store at ${final.revision} differs from the truth`, [final]);
    }
    if (truth.lastRevision !== final.revision)
      wrong(`the truth ends at ${truth.lastRevision}, the store at ${final.revision}`);
  }
  return found;
};
