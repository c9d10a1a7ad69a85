/** The share of the TTL reserved for clock drift between this process and the members. */
const driftMargin = 0.02;

/** A renewal is brought forward by up to this share of its interval, so that processes started together spread out. */
const jitter = 0.1;

/** A renewal may be early by this share of the TTL, to share a timer and a packet with another one. */
const batchingShare = 0.01;

/**
 * Until when the lease is certain to exist. The TTL counts from when the acknowledged request was *sent*, because the
 * server starts to count at some moment after that. Go's client counts from the response, which is up to a round trip
 * too long.
 */
export function heldUntil(sentAt: number, ttlMs: number): number {
  return sentAt + ttlMs * (1 - driftMargin);
}

/** The inverse of `heldUntil`: when the acknowledged request was sent. */
export function requestSentAt(until: number, ttlMs: number): number {
  return until - heldUntil(0, ttlMs);
}

/** The longest pause between two renewals, and how long a member may take to reply before another one is asked. */
export function renewIntervalMs(ttlMs: number): number {
  return ttlMs / 3;
}

export function nextRenewalAt(sentAt: number, ttlMs: number, random: () => number): number {
  return sentAt + renewIntervalMs(ttlMs) * (1 - jitter * random());
}

export function batchingToleranceMs(ttlMs: number): number {
  return ttlMs * batchingShare;
}
