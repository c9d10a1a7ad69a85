/** Part of the TTL given up for clocks that run at different speeds: ours and those of three servers. */
const driftMargin = 0.02;

/** How much sooner than a third of its TTL a lease may be renewed: chance pulls a fleet apart that started as one. */
const jitter = 0.1;

/** A renewal may be this part of the TTL early, to share a wake-up and a packet with another one. */
const shareable = 0.01;

/**
 * Until when a lease may be believed held: counted from when the acknowledged request was *sent*, since the server
 * counts from some moment after that. Go counts from the answer, and so believes up to a round trip too long.
 */
export function heldUntil(sentAt: number, ttlMs: number): number {
  return sentAt + ttlMs * (1 - driftMargin);
}

/** When that request was sent. */
export function sentBefore(until: number, ttlMs: number): number {
  return until - heldUntil(0, ttlMs);
}

/** How long an answer may be owed before another member is asked, and the longest pause between two renewals. */
export function renewIntervalMs(ttlMs: number): number {
  return ttlMs / 3;
}

export function nextRenewal(sentAt: number, ttlMs: number, random: () => number): number {
  return sentAt + renewIntervalMs(ttlMs) * (1 - jitter * random());
}

export function shareableMs(ttlMs: number): number {
  return ttlMs * shareable;
}
