import { factsOf, type OpFact } from '../history.js';
import type { Check } from './violation.js';

const permissionDenied = 7;

/** Whether etcd refused the op because the user may not read its key. */
export function isRefused({ outcome }: OpFact): boolean {
  return outcome.type !== 'ok' && outcome.error.code === permissionDenied;
}

/** K9: a read is refused only if its user may not read its own key, and never succeeds then. */
export const refusalsAreOwn: Check = (history) =>
  factsOf(history, 'op').flatMap((fact) => {
    const text = violationOf(fact);
    return text === undefined ? [] : [{ invariant: 'K9', text, slice: [fact] }];
  });

function violationOf(fact: OpFact): string | undefined {
  const { op, outcome } = fact;
  if (op.type === 'range' && op.prefix === '') return undefined; // refused only with authentication
  const isForbidden = op.type === 'get' && op.key.startsWith('x/');
  if (isForbidden && outcome.type === 'ok') return 'the user may not read this key, but the read succeeded';
  if (!isForbidden && isRefused(fact)) return 'refused, although the user has the permission';
  return undefined;
}
