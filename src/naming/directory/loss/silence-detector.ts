import { type Clock, MovableTimer } from '../../../async/index.js';
import { PermissionDeniedError } from '../../../errors/index.js';

/** etcd counts as silent after this many intervals without an answer. */
const silenceFactor = 1.5;

export interface SilencePorts {
  readonly clock: Clock;
  /** The interval between reads, in milliseconds. */
  readonly intervalMs: number;
  /** Whether to read at all. If not, only pauses of this process are detected. */
  readonly readsEnabled: boolean;
  /** How long after a silence its losses are suspect, in milliseconds. */
  readonly protectionMs: number;
  /** Reads a key, linearizably. */
  read(key: string, options: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<unknown>;
}

/**
 * Detects whether etcd was unresponsive recently although no connection broke.
 *
 * Workaround (etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/15247): an etcd that resumes after a stall
 * expires every lease before it processes the queued renewals, and watchers cannot distinguish these deletes from
 * others. Remove when a lessor that was stalled extends its leases first.
 *
 * Watches of a healthy etcd are quiet too, so the detector reads: one small linearizable read for all services, one
 * interval after the last answered request was sent. Only the time of *sending* counts: etcd was alive at some time
 * after it. The time at which an answer or a watch event is processed proves nothing, because it may have been delayed
 * on the network or in this process.
 *
 * etcd is silent when the last answered request was sent more than one and a half intervals ago. This one comparison
 * covers a stalled etcd, a stalled network, a blocked event loop, a stopped process, and any sequence of these: while
 * it is false, none of them lasted longer than that.
 */
export class SilenceDetector {
  readonly #ports: SilencePorts;
  readonly #silenceLimitMs: number;
  /** The keys to read, one for each service; the first one is read. */
  readonly #followed = new Set<{ readonly key: string }>();
  #answeredRequestSentAt = Number.NEGATIVE_INFINITY;
  #lastSilentAt = Number.NEGATIVE_INFINITY;
  readonly #timer: MovableTimer;
  #readAbort: AbortController | undefined;

  constructor(ports: SilencePorts) {
    this.#ports = ports;
    this.#silenceLimitMs = silenceFactor * ports.intervalMs;
    this.#timer = new MovableTimer(ports.clock, () => this.#tick());
  }

  /** When etcd was last found to be silent; -Infinity for never. */
  get lastSilentAt(): number {
    const now = this.#ports.clock.now();
    if (this.#followed.size > 0 && now - this.#answeredRequestSentAt > this.#silenceLimitMs)
      this.#lastSilentAt = now;
    return this.#lastSilentAt;
  }

  /**
   * Whether a delete may be an expiry caused by a silence: etcd is silent, or was within the last protection time. After
   * a silence etcd may answer queued requests before it expires leases: it looks for expired leases every half second,
   * and revokes 1,000 per second.
   *
   * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/lease/lessor.go#L46
   * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/lease/lessor.go#L623
   */
  get wasRecentlySilent(): boolean {
    return this.#ports.clock.now() - this.lastSilentAt < this.#ports.protectionMs;
  }

  /** Starts the detection for a service; the returned function ends it. There are no reads while no service is followed. */
  follow(key: string): () => void {
    if (this.#ports.protectionMs === 0) return () => {}; // the protection is off
    const registration = { key };
    this.#followed.add(registration);
    if (this.#followed.size === 1) this.#startDetection();
    return () => {
      if (this.#followed.delete(registration) && this.#followed.size === 0) this.#stopDetection();
    };
  }

  /** Records that a linearizable request that was sent at or after `sentAt` has been answered. */
  recordAnswer(sentAt: number): void {
    void this.lastSilentAt; // records a silence that ends with this answer
    this.#answeredRequestSentAt = Math.max(this.#answeredRequestSentAt, sentAt);
  }

  /** Starts with etcd counted as responsive, because nothing is known about the time before. */
  #startDetection(): void {
    this.#answeredRequestSentAt = this.#ports.clock.now();
    this.#schedule(this.#answeredRequestSentAt);
  }

  #stopDetection(): void {
    this.#timer.cancel();
    this.#readAbort?.abort();
  }

  #schedule(from: number): void {
    this.#timer.setAt(from + this.#ports.intervalMs);
  }

  #tick(): void {
    const { clock, intervalMs, readsEnabled } = this.#ports;
    const now = clock.now();
    if (!readsEnabled) this.recordAnswer(now); // detects pauses of this process only
    if (now < this.#answeredRequestSentAt + intervalMs) this.#schedule(this.#answeredRequestSentAt);
    else void this.#read(now);
  }

  async #read(sentAt: number): Promise<void> {
    const [first] = this.#followed;
    if (!first) return;
    const abort = new AbortController();
    this.#readAbort = abort;
    const { signal } = abort;
    try {
      await this.#ports.read(first.key, { signal, timeoutMs: this.#ports.intervalMs });
      this.recordAnswer(sentAt);
    } catch (error) {
      // A denied read is an answer too: etcd checks permissions after the agreement with the leader.
      if (error instanceof PermissionDeniedError) this.recordAnswer(sentAt);
    }
    if (!signal.aborted) this.#schedule(sentAt);
  }
}
