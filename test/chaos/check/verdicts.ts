import { type AttemptFact, factsOf, type History, type OpFact } from '../history.js';
import type { Check } from './violation.js';
import { isIdempotent, isWrite } from './writes.js';

/** Codes that say nothing of whether the request was carried out: cancelled, unknown, deadline, internal, unavailable. */
const ambiguousCodes = [1, 2, 4, 13, 14];

/**
 * Texts under these codes that say that nothing was: grpc-js's for a request that never left, etcd's for one turned
 * away, and raft's ErrProposalDropped, which a member answers for a proposal that never entered its log.
 */
const refusals = [
  'No connection established',
  'Stream refused by server',
  'Channel closed before call started',
  'etcdserver: no leader',
  'etcdserver: not capable',
  'etcdserver: rpc not supported for learner',
  'etcdserver: too many requests',
  'raft proposal dropped',
];

/**
 * What the library's error says when a call is ended that is still held back in this process, for want of a stream or
 * by an event loop that stood still. Its status looks like a lost answer; that it was not applied is checked by K3.
 */
const notSent = 'was not sent in time';

/** Whether, for all that its status says, the request may have been carried out. */
function isAmbiguous({ code, text }: AttemptFact): boolean {
  return ambiguousCodes.includes(code) && !refusals.some((refusal) => text.startsWith(refusal));
}

/**
 * K8: a write whose answer was lost is told as ambiguous, is not sent again, and nothing else is told as ambiguous.
 * Judged by what went over the wire; an operation that the caller itself called off is ambiguous by the caller's word.
 */
export const verdictsAreCorrect: Check = (history) => {
  const attempts = attemptsByOp(history);
  return factsOf(history, 'op').flatMap((fact) => {
    if (!isWrite(fact.op)) return [];
    const own = attempts.get(fact.id) ?? [];
    const wrong = violationOf(fact, own, attempts.size > 0);
    return wrong === undefined ? [] : [{ invariant: 'K8', text: wrong, slice: [fact, ...own] }];
  });
};

function violationOf(
  { op, outcome }: OpFact,
  own: readonly AttemptFact[],
  tapped: boolean,
): string | undefined {
  if (!isIdempotent(op) && own.slice(0, -1).some(isAmbiguous))
    return 'sent again after an answer had been lost';
  const isHeldBack = outcome.type === 'fail' && outcome.error.text.includes(notSent);
  const isOpen = (isHeldBack ? own.slice(0, -1) : own).some(isAmbiguous);
  if (outcome.type === 'fail' && isOpen) return 'the answer was lost, and it is told as surely not applied';
  const isOurs = outcome.type === 'info' && outcome.error.code !== -1;
  if (isOurs && !isOpen && tapped) return 'told as ambiguous, though it surely was not applied';
  return undefined;
}

export function attemptsByOp(history: History): Map<number, AttemptFact[]> {
  const all = new Map<number, AttemptFact[]>();
  for (const fact of factsOf(history, 'attempt').sort((a, b) => a.sentAt - b.sentAt)) {
    const own = all.get(fact.op);
    if (own) own.push(fact);
    else all.set(fact.op, [fact]);
  }
  return all;
}
