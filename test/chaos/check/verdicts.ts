import { type AttemptFact, factsOf, type History, type OpFact } from '../history.js';
import type { Check } from './violation.js';
import { isIdempotent, isWrite } from './writes.js';

/**
 * Codes that leave open whether the request was applied: cancelled, unknown, deadline exceeded, internal, unavailable.
 */
const ambiguousCodes = [1, 2, 4, 13, 14];

/**
 * Texts under these codes that mean "not applied": grpc-js's for a request that was never sent, etcd's for a rejected
 * request, and raft's ErrProposalDropped, which a member returns for a proposal that never entered its log. A grpc-proxy
 * forwards any error of etcd with the code UNKNOWN.
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
  'etcdserver: requested lease not found',
];

/**
 * Part of the library's error for a call that ended before it was sent, because no stream was free or the event loop
 * was stalled. Its status looks like a lost answer. K3 checks that it was not applied.
 */
const notSent = 'was not sent in time';

/** Whether the request may have been applied, according to its status. */
function isAmbiguous({ code, text }: AttemptFact): boolean {
  return ambiguousCodes.includes(code) && !refusals.some((refusal) => text.startsWith(refusal));
}

/**
 * K8: a write whose answer was lost is reported as ambiguous and is not retried; no other write is reported as
 * ambiguous. The attempts on the wire decide. An op that its own caller aborted is always ambiguous.
 */
export const verdictsAreCorrect: Check = (history) => {
  const attempts = attemptsByOp(history);
  return factsOf(history, 'op').flatMap((fact) => {
    if (!isWrite(fact.op)) return [];
    const own = attempts.get(fact.id) ?? [];
    const problem = violationOf(fact, own, attempts.size > 0);
    return problem === undefined ? [] : [{ invariant: 'K8', text: problem, slice: [fact, ...own] }];
  });
};

function violationOf(
  { op, outcome }: OpFact,
  own: readonly AttemptFact[],
  tapped: boolean,
): string | undefined {
  if (!isIdempotent(op) && own.slice(0, -1).some(isAmbiguous))
    return 'retried after its answer had been lost';
  const isHeldBack = outcome.type === 'fail' && outcome.error.text.includes(notSent);
  const mayBeApplied = (isHeldBack ? own.slice(0, -1) : own).some(isAmbiguous);
  if (outcome.type === 'fail' && mayBeApplied)
    return 'the answer was lost, but the write is reported as not applied';
  const hasStatus = outcome.type === 'info' && outcome.error.code !== -1;
  if (hasStatus && !mayBeApplied && tapped) return 'reported as ambiguous, but it cannot have been applied';
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
