import type { Due } from '../../async/due-queue.js';
import type { LeaseId } from '../../model/index.js';
import { heldUntil, nextRenewal, renewIntervalMs, shareableMs } from './held.js';
import type { CallKey, StreamKey } from './protocol.js';

/** The stream that a renewal was sent on. */
export interface AskedStream {
  readonly key: StreamKey;
  /** A member was found for it. */
  readonly opened: boolean;
  /** Since when it owes answers and has given none. */
  readonly silentSince: number;
}

/**
 * Who wants a lease renewed. It waits to be sent, or was asked on a stream that owes the answer, or rests.
 * `endsAt`: after that it is too late.
 */
interface RenewalTask extends Due {
  readonly lease: LeaseId;
  endsAt: number;
  /** How long a member may owe it an answer. */
  responseTimeoutMs: number;
  /** The stream that owes the latest answer, and since when. */
  askedOn: AskedStream | undefined;
  askedAt: number;
}

export interface OneShotRenewal extends RenewalTask {
  readonly type: 'once';
  readonly call: CallKey;
}

/** A lease that is kept; `endsAt` is until when it is believed held. */
export interface HeldRenewal extends RenewalTask {
  readonly type: 'kept';
  /** When its grant was answered: what was sent before may have met an earlier lease of the same id, or none yet. */
  readonly since: number;
  ttlMs: number;
  renewAt: number;
}

export type Renewal = HeldRenewal | OneShotRenewal;

/** `sentAt`: when its grant was sent; `now`: when it was answered. */
export function newHeldRenewal(
  lease: LeaseId,
  { sentAt, ttlMs }: { readonly sentAt: number; readonly ttlMs: number },
  now: number,
  random: () => number,
): HeldRenewal {
  return {
    type: 'kept',
    lease,
    since: now,
    ttlMs,
    endsAt: heldUntil(sentAt, ttlMs),
    renewAt: nextRenewal(sentAt, ttlMs, random),
    responseTimeoutMs: renewIntervalMs(ttlMs),
    askedOn: undefined,
    askedAt: 0,
    dueAt: 0,
    place: -1,
  };
}

export function newOneShotRenewal(call: CallKey, lease: LeaseId, now: number, until: number): OneShotRenewal {
  return {
    type: 'once',
    call,
    lease,
    endsAt: until,
    // Infinity, when its caller waits without end.
    responseTimeoutMs: Math.min(renewIntervalMs(until - now), oneShotResponseTimeoutMs),
    askedOn: undefined,
    askedAt: 0,
    dueAt: 0,
    place: -1,
  };
}

/** A call has no TTL to take a third of; etcd itself gives up on its leader after 7 s. */
const oneShotResponseTimeoutMs = 3_000;

/** A member that was silent no longer than this may be far away: callers with short deadlines find out together. */
const minConclusiveSilenceMs = 1_000;

/** An answer never takes anything back: the one that proves the most counts. */
export function renewed(kept: HeldRenewal, sentAt: number, ttlMs: number, random: () => number): void {
  kept.ttlMs = ttlMs;
  kept.responseTimeoutMs = renewIntervalMs(ttlMs);
  kept.endsAt = Math.max(kept.endsAt, heldUntil(sentAt, ttlMs));
  kept.renewAt = Math.max(kept.renewAt, nextRenewal(sentAt, ttlMs, random));
}

/** Nobody has let go of it, and it has not ended. */
export function isWanted(renewal: Renewal): boolean {
  return renewal.place >= 0;
}

/** A pause before the next stream must not cost a short lease its life. */
export function maxReopenPauseMs(kept: Iterable<HeldRenewal>): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const { responseTimeoutMs: patienceMs } of kept) shortest = Math.min(shortest, patienceMs / 2);
  return shortest;
}

/** When it is to be looked at again, unless it waits to be sent. */
export function nextCheckAt(renewal: Renewal): number {
  const { askedOn } = renewal;
  if (askedOn) {
    // As long as no member was found, nobody owes an answer.
    return askedOn.opened ? Math.min(responseDueAt(renewal, askedOn), renewal.endsAt) : renewal.endsAt;
  }
  return renewal.type === 'kept' ? Math.min(renewal.renewAt, renewal.endsAt) : renewal.endsAt;
}

function responseDueAt(
  { type, askedAt, responseTimeoutMs: patienceMs }: Renewal,
  { silentSince }: AskedStream,
): number {
  const until = askedAt + patienceMs;
  return type === 'once' ? Math.max(until, silentSince + minConclusiveSilenceMs) : until;
}

/** How much before its time a look does no harm. */
export function earlyToleranceMs(renewal: Renewal): number {
  const rests = renewal.type === 'kept' && !renewal.askedOn && renewal.dueAt < renewal.endsAt;
  return rests ? shareableMs(renewal.ttlMs) : 0;
}
