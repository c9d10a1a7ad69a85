/**
 * When to renew a lease, when to ask another member, and until when it may be believed held. Pure: time comes in
 * with every input, on one monotonic clock in milliseconds; what to do goes out as effects.
 */
export type LeaseInput =
  /** A renewal was handed to the stream. */
  | { readonly type: 'sent'; readonly now: number }
  /** etcd answered the renewal sent at `sentAt`; a TTL of 0 says that the lease is gone. */
  | { readonly type: 'acked'; readonly now: number; readonly sentAt: number; readonly ttlMs: number }
  /** The stream is gone, and with it whatever was unanswered. */
  | { readonly type: 'stream-lost'; readonly now: number }
  | { readonly type: 'timer'; readonly now: number };

export type LeaseEffect =
  | { readonly type: 'renew' }
  /** The member owes an answer for too long: renew through another one. */
  | { readonly type: 'move-stream' }
  | { readonly type: 'wake-at'; readonly at: number }
  | { readonly type: 'finish'; readonly reason: 'expired' | 'lost-contact' };

/** Part of the TTL given up for clocks that run at different speeds. */
const driftMargin = 0.02;

/**
 * Until when a lease may be believed held: counted from when the acknowledged request was *sent*, since the server
 * counts from some moment after that. Go counts from the answer, and so believes up to a round trip too long.
 */
export function heldUntil(sentAt: number, ttlMs: number): number {
  return sentAt + ttlMs * (1 - driftMargin);
}

export class LeaseCore {
  #ttlMs: number;
  #heldUntil: number;
  #renewAt: number;
  #unansweredSince: number | undefined;
  #finished = false;

  /** A lease whose grant was sent at `sentAt` (its first attempt, if it took several). */
  constructor(sentAt: number, ttlMs: number) {
    this.#ttlMs = ttlMs;
    this.#heldUntil = heldUntil(sentAt, ttlMs);
    this.#renewAt = sentAt + ttlMs / 3;
  }

  get ttlMs(): number {
    return this.#ttlMs;
  }

  /** Whether a correct server still holds the lease at this moment, as far as can be known here. */
  heldAt(now: number): boolean {
    return !this.#finished && now < this.#heldUntil;
  }

  /** Ends the core: whatever comes later does nothing. */
  close(): void {
    this.#finished = true;
  }

  handle(input: LeaseInput): readonly LeaseEffect[] {
    if (this.#finished) return [];
    switch (input.type) {
      case 'sent':
        this.#unansweredSince ??= input.now;
        return [];
      case 'acked':
        return this.#acked(input.now, input.sentAt, input.ttlMs);
      case 'stream-lost':
        this.#unansweredSince = undefined;
        return this.#decide(input.now);
      case 'timer':
        return this.#decide(input.now);
    }
  }

  #acked(now: number, sentAt: number, ttlMs: number): readonly LeaseEffect[] {
    if (ttlMs <= 0) return this.#finish('expired');
    this.#ttlMs = ttlMs;
    this.#unansweredSince = undefined;
    this.#heldUntil = Math.max(this.#heldUntil, heldUntil(sentAt, ttlMs));
    this.#renewAt = Math.max(this.#renewAt, sentAt + ttlMs / 3);
    return this.#decide(now);
  }

  #decide(now: number): readonly LeaseEffect[] {
    // Before anything else: after a pause of the process the timer that should have fired earlier fires now.
    if (now >= this.#heldUntil) return this.#finish('lost-contact');
    const patience = this.#ttlMs / 3;
    if (this.#unansweredSince !== undefined) {
      const giveUpAt = this.#unansweredSince + patience;
      if (now < giveUpAt) return [{ type: 'wake-at', at: Math.min(giveUpAt, this.#heldUntil) }];
      this.#unansweredSince = now;
      return [
        { type: 'move-stream' },
        { type: 'renew' },
        { type: 'wake-at', at: Math.min(now + patience, this.#heldUntil) },
      ];
    }
    if (now < this.#renewAt) return [{ type: 'wake-at', at: Math.min(this.#renewAt, this.#heldUntil) }];
    return [{ type: 'renew' }, { type: 'wake-at', at: Math.min(now + patience, this.#heldUntil) }];
  }

  #finish(reason: 'expired' | 'lost-contact'): readonly LeaseEffect[] {
    this.#finished = true;
    return [{ type: 'finish', reason }];
  }
}
