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

/** How late a timer and a promise may be when nothing stands still. */
const slackMs = 30;

/** What the owner gives up for clocks that run at different speeds, at most. */
const driftMargin = 0.05;

/** L1: nothing is renewed after its owner was told that it is over, for whatever reason. */
const noRenewalAfterEnd: Rule = (story) => {
  const { ended, sends } = story;
  const late = ended && sends.find(({ at }) => at > ended.at);
  if (!ended || !late) return undefined;
  return {
    invariant: 'L1',
    text: `renewed ${ms(late.at - ended.at)} after it was told as ${ended.reason}`,
    slice: [ended, late],
  };
};

/** L2: the owner is told no later than etcd may give the lease to somebody else. */
const lossReportedInTime: Rule = (story, stalls, endAt) => {
  const { ended, acks } = story;
  const toldAt = ended?.at ?? endAt;
  const late = acks.find(
    ({ fact }) =>
      fact.at < toldAt && fact.at > withStalls(validUntil(story, justBefore(fact.at)), stalls, slackMs),
  );
  const at = late?.fact.at ?? toldAt;
  const until = validUntil(story, justBefore(at));
  // Who has to wait long for the grant can be told of the loss only together with it.
  if (at <= withStalls(Math.max(until, story.acquired.at), stalls, slackMs)) return undefined;
  const what = late || !ended ? 'not told' : 'told only';
  const text = `${what} ${ms(at - until)} after the lease may have run out`;
  return { invariant: 'L2', text, slice: [...lastRenewalFacts(story, at), ...(ended ? [ended] : [])] };
};

/** L3: a lease is told as lost only after etcd stayed silent for its time to live, or said so. */
const noFalseLoss: Rule = (story) => {
  const { ended, acks, ttlMs } = story;
  if (ended?.reason === 'expired') {
    if (acks.some(({ fact }) => fact.ttlSeconds <= 0 && fact.at <= ended.at)) return undefined;
    return {
      invariant: 'L3',
      text: 'told as expired, which etcd never said',
      slice: [story.acquired, ended],
    };
  }
  if (ended?.reason !== 'lost-contact') return undefined;
  const last = lastAck(story, ended.at);
  // What waited for its connection is counted from when it was asked for, of which nothing is known here.
  const waited = last?.isFirstOnStream ? ttlMs / 3 : 0;
  const tooEarly = validUntil(story, ended.at) - ttlMs * driftMargin - waited - slackMs - ended.at;
  if (tooEarly <= 0) return undefined;
  return {
    invariant: 'L3',
    text: `told as lost ${ms(tooEarly)} too early`,
    slice: [...lastRenewalFacts(story, ended.at), ended],
  };
};

/** L5: when etcd says that the lease is gone, its owner is told at once. */
const expiryReported: Rule = (story, stalls, endAt) => {
  const gone = story.acks.find(({ fact }) => fact.ttlSeconds <= 0)?.fact;
  const toldAt = story.ended?.at ?? endAt;
  if (!gone || toldAt <= withStalls(gone.at, stalls, slackMs)) return undefined;
  const text = `etcd said that the lease is gone, and its owner was not told for ${ms(toldAt - gone.at)}`;
  return { invariant: 'L5', text, slice: [gone, ...(story.ended ? [story.ended] : [])] };
};

/** L6: no claim to the lease is granted once it may have run out, however the process was kept from noticing. */
const heldIsNeverStale: Rule = (story) => {
  const claim = story.heldChecks.find(({ held, at }) => held && at > validUntil(story, at));
  if (!claim) return undefined;
  const text = `claimed as held ${ms(claim.at - validUntil(story, claim.at))} after it may have run out`;
  return { invariant: 'L6', text, slice: [...lastRenewalFacts(story, claim.at), claim] };
};

type Rule = (story: LeaseHistory, stalls: readonly StallFact[], endAt: number) => Violation | undefined;

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
  return leaseHistories(history).flatMap((story) =>
    rules.map((rule) => rule(story, stalls, endAt)).filter((violation) => violation !== undefined),
  );
};

/** The last moment that the history speaks of. */
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

/** A moment so little earlier that only what came before counts. */
function justBefore(at: number): number {
  return at - 1e-6;
}

function lastAck({ acks }: LeaseHistory, at: number): Ack | undefined {
  return acks.filter(({ fact }) => fact.at <= at && fact.ttlSeconds > 0).at(-1);
}

/** What the owner last heard of the lease. */
function lastRenewalFacts(story: LeaseHistory, at: number): Fact[] {
  const last = lastAck(story, justBefore(at));
  if (last && last.sent.at >= grantedAt(story)) return [story.acquired, last.sent, last.fact];
  return story.grant ? [story.grant, story.acquired] : [story.acquired];
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
