import type { LockHistory } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { type Held, holdersByName, isDeletedByHand } from './exclusion.js';
import { queueOf } from './queue.js';

/**
 * M4: tokens strictly grow in the order of holders, and at the revision of its token a holder's key is the oldest. A
 * holder whose key was deleted by hand may learn of its acquisition after its successor.
 */
export const tokensGrow: Check = (history) => {
  const found = new Findings();
  for (const [name, holders] of holdersByName(history)) {
    let highest: Held | undefined;
    for (const holder of holders) {
      const { system, id, holding } = holder;
      const { token, key } = holding;
      if (token === undefined) continue;
      found.count(system, 'M4 tokens');
      if (!isOwner(holder, token, history))
        found.report(system, 'M4', `${id} got ${key} at ${token}, where it is not the oldest key of ${name}`);
      const former = highest?.holding.token ?? 0n;
      if (token <= former && !isDeletedByHand(history, key))
        found.report(
          system,
          'M4',
          `${id} has the token ${token} of ${name} after ${highest?.id} had ${former}`,
        );
      if (token > former) highest = holder;
    }
  }
  return found;
};

function isOwner(holder: Held, token: bigint, { truth }: LockHistory): boolean {
  const queue = queueOf(truth, holder);
  const place = queue.placeAt(holder.holding.key, token);
  return place !== undefined && queue.isOwnerAt(place, token);
}
