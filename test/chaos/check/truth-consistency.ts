import { factsOf } from '../history.js';
import { sameKvs } from '../truth.js';
import type { Check, Violation } from './violation.js';

/**
 * The truth itself: all members told the same, no revision is missing, and in the end every member holds the same and
 * just that. A breach is etcd's own, or the recorder's; what else was found is then worth nothing.
 */
export const truthIsConsistent: Check = (history, truth) => {
  const found: Violation[] = [];
  const wrong = (text: string, slice: Violation['slice'] = []) => found.push({ invariant: 'T', text, slice });
  for (const fact of factsOf(history, 'conflict')) {
    wrong(`${fact.members.join(' and ')} tell different things of revision ${fact.revision}`, [fact]);
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
      wrong('the members hold different stores', [{ ...final, kvs: [] }]);
    }
    if (!sameKvs(truth.range('', final.revision), final.kvs)) {
      wrong(`the store at ${final.revision} is not what the truth adds up to`, [final]);
    }
    if (truth.lastRevision !== final.revision)
      wrong(`the truth ends at ${truth.lastRevision}, the store at ${final.revision}`);
  }
  return found;
};
