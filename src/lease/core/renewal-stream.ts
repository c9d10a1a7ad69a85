import type { LeaseId } from '../../model/index.js';
import type { StreamKey } from './protocol.js';
import type { Renewal, RenewalStreamInfo } from './renewal.js';

/** A request without a reply. */
export interface PendingRequest {
  readonly renewal: Renewal;
  readonly sentAt: number;
  /** The next request for the same lease on the same stream. */
  next: PendingRequest | undefined;
}

/**
 * The pending requests of one stream. Replies are matched to requests in order for each lease, which etcd and its proxy
 * both guarantee; only etcd keeps the order across leases. So a held lease and several `keepAliveOnce` calls may each
 * have a request for the same lease pending, and none is matched to another's reply.
 */
export class RenewalStream implements RenewalStreamInfo {
  readonly key: StreamKey;
  #opened = false;
  #silentSince = 0;
  #pendingCount = 0;
  readonly #pending = new Map<LeaseId, PendingRequest>();

  constructor(key: StreamKey) {
    this.key = key;
  }

  get opened(): boolean {
    return this.#opened;
  }

  get silentSince(): number {
    return this.#silentSince;
  }

  /** The number of requests without a reply. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** The oldest pending request, if all pending requests are for the same lease. */
  get oldestIfSameLease(): PendingRequest | undefined {
    const [first] = this.#pending.values();
    return this.#pending.size === 1 ? first : undefined;
  }

  /** Records that the stream is connected to a member. */
  markOpened(now: number): void {
    this.#opened = true;
    this.#silentSince = now;
  }

  addRequest(renewal: Renewal, sentAt: number): void {
    if (this.#pendingCount++ === 0) this.#silentSince = sentAt;
    const request: PendingRequest = { renewal: renewal, sentAt, next: undefined };
    let last = this.#pending.get(renewal.lease);
    if (!last) {
      this.#pending.set(renewal.lease, request);
      return;
    }
    while (last.next) last = last.next;
    last.next = request;
  }

  /** Removes and returns the request that a reply answers; undefined when there is none. */
  takeRequest(lease: LeaseId, now: number): PendingRequest | undefined {
    const first = this.#pending.get(lease);
    if (!first) return undefined;
    this.#pendingCount--;
    this.#silentSince = now;
    if (first.next) this.#pending.set(lease, first.next);
    else this.#pending.delete(lease);
    return first;
  }

  /** The renewals whose latest request is pending on this stream, each once. */
  *waitingRenewals(): Generator<Renewal> {
    for (const first of this.#pending.values()) {
      for (let request: PendingRequest | undefined = first; request; request = request.next) {
        if (request.renewal.pendingOn === this) yield request.renewal;
      }
    }
  }
}
