import type { LeaseId } from '../../model/index.js';
import type { StreamKey } from './protocol.js';
import type { AskedStream, Renewal } from './renewal.js';

/** A request that is not answered yet. */
export interface Asked {
  readonly by: Renewal;
  readonly sentAt: number;
  /** The next one for the same lease on the same stream. */
  next: Asked | undefined;
}

/**
 * What one stream owes. Answers are matched in order for each lease, as etcd and its proxy give them; across leases
 * only etcd keeps the order. So a hedge, a keep-alive-once and the keeper may each have a request of one lease
 * under way, and none takes another's answer for its own.
 */
export class StreamState implements AskedStream {
  readonly key: StreamKey;
  #opened = false;
  #silentSince = 0;
  #owed = 0;
  readonly #asked = new Map<LeaseId, Asked>();

  constructor(key: StreamKey) {
    this.key = key;
  }

  get opened(): boolean {
    return this.#opened;
  }

  get silentSince(): number {
    return this.#silentSince;
  }

  /** How many answers are due. */
  get owed(): number {
    return this.#owed;
  }

  /** The oldest request, where all of them are for one lease. */
  get soleAsked(): Asked | undefined {
    const [first] = this.#asked.values();
    return this.#asked.size === 1 ? first : undefined;
  }

  /** A member was found. */
  open(now: number): void {
    this.#opened = true;
    this.#silentSince = now;
  }

  sent(by: Renewal, sentAt: number): void {
    if (this.#owed++ === 0) this.#silentSince = sentAt;
    const asked: Asked = { by, sentAt, next: undefined };
    let last = this.#asked.get(by.lease);
    if (!last) {
      this.#asked.set(by.lease, asked);
      return;
    }
    while (last.next) last = last.next;
    last.next = asked;
  }

  /** The request that an answer belongs to; undefined when none was made. */
  answered(lease: LeaseId, now: number): Asked | undefined {
    const first = this.#asked.get(lease);
    if (!first) return undefined;
    this.#owed--;
    this.#silentSince = now;
    if (first.next) this.#asked.set(lease, first.next);
    else this.#asked.delete(lease);
    return first;
  }

  /** Everybody who waits for an answer here and nowhere else; each once. */
  *waiting(): Generator<Renewal> {
    for (const first of this.#asked.values()) {
      for (let asked: Asked | undefined = first; asked; asked = asked.next) {
        if (asked.by.askedOn === this) yield asked.by;
      }
    }
  }
}
