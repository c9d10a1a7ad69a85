import { type Fact, factsOf, type History, type StallFact } from '../history.js';
import {
  type Ack,
  grantedAt,
  type LeaseHistory,
  leaseHistories,
  validUntil,
  withStalls,
} from './lease-history.js';
import type { Check, Violation } from './violation.js';

/** Tolerance for timers and promises while the process is not stalled. */
const slackMs = 30;

/** The most that the owner subtracts from the TTL for clock drift. */
const driftMargin = 0.05;

/** L1: no renewal is sent after the owner was notified of the lease's end, whatever the reason. */
const noRenewalAfterEnd: Rule = (lease) => {
  const { ended, sends } = lease;
  const late = ended && sends.find(({ at }) => at > ended.at);
  if (!ended || !late) return undefined;
  return {
    invariant: 'L1',
    text: `renewed ${ms(late.at - ended.at)} after its end was reported as ${ended.reason}`,
    slice: [ended, late],
  };
};

/** L2: the owner is notified before etcd can grant the key to another owner. */
const lossReportedInTime: Rule = (lease, stalls, endAt) => {
  const { ended, acks } = lease;
  const endedAt = ended?.at ?? endAt;
  const late = acks.find(
    ({ fact }) =>
      fact.at < endedAt && fact.at > withStalls(validUntil(lease, justBefore(fact.at)), stalls, slackMs),
  );
  const at = late?.fact.at ?? endedAt;
  const until = validUntil(lease, justBefore(at));
  // The loss of a lease whose grant was answered late can only be reported together with the grant.
  if (at <= withStalls(Math.max(until, lease.acquired.at), stalls, slackMs)) return undefined;
  const what = late || !ended ? 'not reported' : 'reported';
  const text = `${what} ${ms(at - until)} after the lease may have expired`;
  return { invariant: 'L2', text, slice: [...lastRenewalFacts(lease, at), ...(ended ? [ended] : [])] };
};

/** L3: `lost-contact` is reported only after etcd was silent for the TTL; `expired` only after such an answer of etcd. */
const noFalseLoss: Rule = (lease, stalls) => {
  const { ended, acks, ttlMs } = lease;
  if (ended?.reason === 'expired') {
    if (acks.some(({ fact }) => fact.ttlSeconds <= 0 && fact.at <= ended.at)) return undefined;
    return {
      invariant: 'L3',
      text: 'reported as expired without an answer of etcd that it does not exist',
      slice: [lease.acquired, ended],
    };
  }
  if (ended?.reason !== 'lost-contact') return undefined;
  const last = lastAck(lease, ended.at);
  if (last && cameAfterLoss(last, ended.at, lease, stalls)) return undefined;
  // A renewal that has waited for its connection counts from its request, and the history does not record that time.
  const waitedMs = last?.isFirstOnStream ? ttlMs / 3 : 0;
  const tooEarlyMs = validUntil(lease, ended.at) - ttlMs * driftMargin - waitedMs - slackMs - ended.at;
  if (tooEarlyMs <= 0) return undefined;
  return {
    invariant: 'L3',
    text: `reported as lost ${ms(tooEarlyMs)} too early`,
    slice: [...lastRenewalFacts(lease, ended.at), ended],
  };
};

/**
 * Whether the loss was due before this answer arrived. A busy process reads the answer first, and reports the loss then:
 * the lease was no longer held, and `held` was false.
 */
function cameAfterLoss(
  { fact }: Ack,
  reportedAt: number,
  lease: LeaseHistory,
  stalls: readonly StallFact[],
): boolean {
  const until = validUntil(lease, justBefore(fact.at));
  return fact.at >= until - lease.ttlMs * driftMargin && reportedAt <= withStalls(until, stalls, slackMs);
}

/** L5: when etcd answers that the lease is gone, the owner is notified immediately. */
const expiryReported: Rule = (lease, stalls, endAt) => {
  const gone = lease.acks.find(({ fact }) => fact.ttlSeconds <= 0)?.fact;
  const endedAt = lease.ended?.at ?? endAt;
  if (!gone || endedAt <= withStalls(gone.at, stalls, slackMs)) return undefined;
  const text = `etcd answered that the lease does not exist; the owner was not notified for ${ms(endedAt - gone.at)}`;
  return { invariant: 'L5', text, slice: [gone, ...(lease.ended ? [lease.ended] : [])] };
};

/** L6: `held` is never true once the lease may have expired, however long the process was stalled. */
const heldIsNeverStale: Rule = (lease) => {
  const check = lease.heldChecks.find(({ held, at }) => held && at > validUntil(lease, at));
  if (!check) return undefined;
  const text = `held was true ${ms(check.at - validUntil(lease, check.at))} after the lease may have expired`;
  return { invariant: 'L6', text, slice: [...lastRenewalFacts(lease, check.at), check] };
};

type Rule = (lease: LeaseHistory, stalls: readonly StallFact[], endAt: number) => Violation | undefined;

const rules: readonly Rule[] = [
  noRenewalAfterEnd,
  lossReportedInTime,
  noFalseLoss,
  expiryReported,
  heldIsNeverStale,
];

/** L1, L2, L3, L5 and L6. */
export const leaseLossIsReported: Check = (history) => {
  const stalls = factsOf(history, 'stall');
  const endAt = latestTime(history);
  return leaseHistories(history).flatMap((lease) =>
    rules.map((rule) => rule(lease, stalls, endAt)).filter((violation) => violation !== undefined),
  );
};

/** The time of the latest fact. */
function latestTime(history: History): number {
  let last = 0;
  for (const fact of history) last = Math.max(last, timeOf(fact));
  return last;
}

function timeOf(fact: Fact): number {
  switch (fact.kind) {
    case 'op':
      return fact.completedAt;
    case 'attempt':
      return fact.endedAt;
    case 'renewal':
    case 'lease':
    case 'truth':
      return fact.at;
    case 'fault':
    case 'stall':
      return fact.to;
    case 'conflict':
    case 'final':
      return 0;
  }
}

/** Excludes facts at `at` itself. */
function justBefore(at: number): number {
  return at - 1e-6;
}

function lastAck({ acks }: LeaseHistory, at: number): Ack | undefined {
  return acks.filter(({ fact }) => fact.at <= at && fact.ttlSeconds > 0).at(-1);
}

/** The last renewal that the owner saw acknowledged, else the grant. */
function lastRenewalFacts(lease: LeaseHistory, at: number): Fact[] {
  const last = lastAck(lease, justBefore(at));
  if (last && last.sent.at >= grantedAt(lease)) return [lease.acquired, last.sent, last.fact];
  return lease.grant ? [lease.grant, lease.acquired] : [lease.acquired];
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
