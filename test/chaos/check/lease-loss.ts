import { type Fact, factsOf, type History, type StallFact } from '../history.js';
import { type Ack, believedUntil, excused, grantedAt, type LeaseStory, leaseStories } from './lease-story.js';
import type { Check, Violation } from './violation.js';

/** How late a timer and a promise may be when nothing stands still. */
const slackMs = 30;

/** What the owner gives up for clocks that run at different speeds, at most. */
const driftMargin = 0.05;

/** L1: nothing is renewed after its owner was told that it is over, for whatever reason. */
const noRenewalAfterTheEnd: Rule = (story) => {
  const { told, sends } = story;
  const late = told && sends.find(({ at }) => at > told.at);
  if (!told || !late) return undefined;
  return {
    invariant: 'L1',
    text: `renewed ${ms(late.at - told.at)} after it was told as ${told.reason}`,
    slice: [told, late],
  };
};

/** L2: the owner is told no later than etcd may give the lease to somebody else. */
const toldInTime: Rule = (story, stalls, endAt) => {
  const { told, acks } = story;
  const toldAt = told?.at ?? endAt;
  const late = acks.find(
    ({ fact }) =>
      fact.at < toldAt && fact.at > excused(believedUntil(story, before(fact.at)), stalls, slackMs),
  );
  const at = late?.fact.at ?? toldAt;
  const until = believedUntil(story, before(at));
  // Who has to wait long for the grant can be told of the loss only together with it.
  if (at <= excused(Math.max(until, story.held.at), stalls, slackMs)) return undefined;
  const what = late || !told ? 'not told' : 'told only';
  const text = `${what} ${ms(at - until)} after the lease may have run out`;
  return { invariant: 'L2', text, slice: [...lastWord(story, at), ...(told ? [told] : [])] };
};

/** L3: a lease is told as lost only after etcd stayed silent for its time to live, or said so. */
const noFalseLoss: Rule = (story) => {
  const { told, acks, ttlMs } = story;
  if (told?.reason === 'expired') {
    if (acks.some(({ fact }) => fact.ttlSeconds <= 0 && fact.at <= told.at)) return undefined;
    return { invariant: 'L3', text: 'told as expired, which etcd never said', slice: [story.held, told] };
  }
  if (told?.reason !== 'lost-contact') return undefined;
  const last = lastAck(story, told.at);
  // What waited for its connection is counted from when it was asked for, of which nothing is known here.
  const waited = last?.isFirstOnStream ? ttlMs / 3 : 0;
  const tooEarly = believedUntil(story, told.at) - ttlMs * driftMargin - waited - slackMs - told.at;
  if (tooEarly <= 0) return undefined;
  return {
    invariant: 'L3',
    text: `told as lost ${ms(tooEarly)} too early`,
    slice: [...lastWord(story, told.at), told],
  };
};

/** L5: when etcd says that the lease is gone, its owner is told at once. */
const goneIsTold: Rule = (story, stalls, endAt) => {
  const gone = story.acks.find(({ fact }) => fact.ttlSeconds <= 0)?.fact;
  const toldAt = story.told?.at ?? endAt;
  if (!gone || toldAt <= excused(gone.at, stalls, slackMs)) return undefined;
  const text = `etcd said that the lease is gone, and its owner was not told for ${ms(toldAt - gone.at)}`;
  return { invariant: 'L5', text, slice: [gone, ...(story.told ? [story.told] : [])] };
};

/** L6: no claim to the lease is granted once it may have run out, however the process was kept from noticing. */
const noFalseClaim: Rule = (story) => {
  const claim = story.claims.find(({ held, at }) => held && at > believedUntil(story, at));
  if (!claim) return undefined;
  const text = `claimed as held ${ms(claim.at - believedUntil(story, claim.at))} after it may have run out`;
  return { invariant: 'L6', text, slice: [...lastWord(story, claim.at), claim] };
};

type Rule = (story: LeaseStory, stalls: readonly StallFact[], endAt: number) => Violation | undefined;

const rules: readonly Rule[] = [noRenewalAfterTheEnd, toldInTime, noFalseLoss, goneIsTold, noFalseClaim];

/** L1, L2, L3, L5 and L6. */
export const lossIsToldRight: Check = (history) => {
  const stalls = factsOf(history, 'stall');
  const endAt = lastMoment(history);
  return leaseStories(history).flatMap((story) =>
    rules.map((rule) => rule(story, stalls, endAt)).filter((violation) => violation !== undefined),
  );
};

/** The last moment that the history speaks of. */
function lastMoment(history: History): number {
  let last = 0;
  for (const fact of history) last = Math.max(last, momentOf(fact));
  return last;
}

function momentOf(fact: Fact): number {
  switch (fact.kind) {
    case 'op':
      return fact.returnedAt;
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
function before(at: number): number {
  return at - 1e-6;
}

function lastAck({ acks }: LeaseStory, at: number): Ack | undefined {
  return acks.filter(({ fact }) => fact.at <= at && fact.ttlSeconds > 0).at(-1);
}

/** What the owner last heard of the lease. */
function lastWord(story: LeaseStory, at: number): Fact[] {
  const last = lastAck(story, before(at));
  if (last && last.sent.at >= grantedAt(story)) return [story.held, last.sent, last.fact];
  return story.grant ? [story.grant, story.held] : [story.held];
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
