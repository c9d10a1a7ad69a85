import type { DueItem } from '../../async/time/due-queue.js';
import type { LeaseId } from '../../model/index.js';
import type { CallKey, StreamKey } from './protocol.js';
import { batchingToleranceMs, heldUntil, nextRenewalAt, renewIntervalMs } from './timing.js';

/** The stream that a renewal was sent on. */
export interface RenewalStreamInfo {
  readonly key: StreamKey;
  /** Whether the stream is connected to a member. */
  readonly opened: boolean;
  /** Since when requests are pending without a reply. */
  readonly silentSince: number;
}

/** The renewal of one lease. It waits to be sent, waits for a reply, or is idle until the next renewal is due. */
interface RenewalTask extends DueItem {
  readonly lease: LeaseId;
  /** When a reply is too late: the lease may have expired, or the call's deadline has passed. */
  endsAt: number;
  /** How long a member may take to reply before another one is asked. */
  responseTimeoutMs: number;
  /** The stream of the latest request without a reply. */
  pendingOn: RenewalStreamInfo | undefined;
  pendingSince: number;
}

/** The renewal of a `keepAliveOnce` call. */
export interface OneShotRenewal extends RenewalTask {
  readonly type: 'one-shot';
  readonly call: CallKey;
}

/** The repeated renewal of a held lease; until `endsAt` the lease is certain to exist. */
export interface HeldRenewal extends RenewalTask {
  readonly type: 'held';
  /**
   * When the response to its grant arrived. A request sent earlier may have reached an earlier lease of the same id, or
   * none yet.
   */
  readonly grantedAt: number;
  ttlMs: number;
  renewAt: number;
}

export type Renewal = HeldRenewal | OneShotRenewal;

/** `sentAt` is when the grant was sent, `now` when the response to it arrived. */
export function newHeldRenewal(
  lease: LeaseId,
  { sentAt, ttlMs }: { readonly sentAt: number; readonly ttlMs: number },
  now: number,
  random: () => number,
): HeldRenewal {
  return {
    type: 'held',
    lease,
    grantedAt: now,
    ttlMs,
    endsAt: heldUntil(sentAt, ttlMs),
    renewAt: nextRenewalAt(sentAt, ttlMs, random),
    responseTimeoutMs: renewIntervalMs(ttlMs),
    pendingOn: undefined,
    pendingSince: 0,
    dueAt: 0,
    heapIndex: -1,
  };
}

export function newOneShotRenewal(
  call: CallKey,
  lease: LeaseId,
  now: number,
  deadlineAt: number,
): OneShotRenewal {
  return {
    type: 'one-shot',
    call,
    lease,
    endsAt: deadlineAt,
    // `deadlineAt` is Infinity for a call without a deadline.
    responseTimeoutMs: Math.min(renewIntervalMs(deadlineAt - now), oneShotResponseTimeoutMs),
    pendingOn: undefined,
    pendingSince: 0,
    dueAt: 0,
    heapIndex: -1,
  };
}

/** A call does not know the TTL. etcd itself waits 7 s for its leader to renew a lease. */
const oneShotResponseTimeoutMs = 3_000;

/**
 * A stream silent for less than this may have a long round trip; calls with short deadlines do not count it as a
 * failure.
 */
const minConclusiveSilenceMs = 1_000;

/**
 * Replies may arrive out of order on two streams: one for an older request never shortens the time proven by a newer.
 */
export function applyRenewal(held: HeldRenewal, sentAt: number, ttlMs: number, random: () => number): void {
  held.ttlMs = ttlMs;
  held.responseTimeoutMs = renewIntervalMs(ttlMs);
  held.endsAt = Math.max(held.endsAt, heldUntil(sentAt, ttlMs));
  held.renewAt = Math.max(held.renewAt, nextRenewalAt(sentAt, ttlMs, random));
}

/** Whether the lease is still held, or the caller still waits. */
export function isActive(renewal: Renewal): boolean {
  return renewal.heapIndex >= 0;
}

/** The longest pause before the next stream that still leaves the shortest lease time to be renewed. */
export function maxReopenPauseMs(held: Iterable<HeldRenewal>): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const { responseTimeoutMs } of held) shortest = Math.min(shortest, responseTimeoutMs / 2);
  return shortest;
}

/** When a renewal that is not waiting to be sent must be checked. */
export function nextCheckAt(renewal: Renewal): number {
  const { pendingOn } = renewal;
  if (pendingOn) {
    // Without a member there is no response timeout.
    return pendingOn.opened ? Math.min(responseDueAt(renewal, pendingOn), renewal.endsAt) : renewal.endsAt;
  }
  return renewal.type === 'held' ? Math.min(renewal.renewAt, renewal.endsAt) : renewal.endsAt;
}

function responseDueAt(
  { type, pendingSince, responseTimeoutMs }: Renewal,
  { silentSince }: RenewalStreamInfo,
): number {
  const dueAt = pendingSince + responseTimeoutMs;
  return type === 'one-shot' ? Math.max(dueAt, silentSince + minConclusiveSilenceMs) : dueAt;
}

/** How early a renewal may be checked without a change of result. */
export function earlyToleranceMs(renewal: Renewal): number {
  const isIdle = renewal.type === 'held' && !renewal.pendingOn && renewal.dueAt < renewal.endsAt;
  return isIdle ? batchingToleranceMs(renewal.ttlMs) : 0;
}
