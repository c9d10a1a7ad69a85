import type { Clock } from '../../../async/index.js';
import { PermissionDeniedError } from '../../../errors/index.js';

/** Where the interval is this times exceeded without an answer, etcd counts as silent. */
const silenceFactor = 1.5;

export interface SilencePorts {
  readonly clock: Clock;
  /** Below it, etcd is not asked again. */
  readonly intervalMs: number;
  /** Whether etcd is asked at all. If not, only pauses of this process are noticed. */
  readonly readsEnabled: boolean;
  /** How long the end of a silence counts. */
  readonly protectionMs: number;
  /** One linearizable read of a key. */
  read(key: string, options: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<unknown>;
}

/**
 * Knows whether etcd was unresponsive a moment ago, although no connection broke: an etcd that stood still expires every
 * lease when it goes on, before it takes the renewals that waited, and notifies the watchers as of any other delete.
 *
 * Watches of a healthy etcd are quiet, too, so it asks: one small linearizable read for all services, an interval after
 * the last request that was answered had been sent. Only the time of *sending* counts: etcd lived at some time after it.
 * When an answer is handled, or an event of a watch, says nothing: it may have waited on the way, or in this process.
 *
 * Silent means that the last such request was sent longer ago than one and a half intervals. One comparison covers an
 * etcd that stands still, a network that does, an event loop that is blocked, a process that is stopped, and these one
 * after the other: while it says no, none of them lasted longer than that.
 */
export class SilenceDetector {
  readonly #ports: SilencePorts;
  readonly #silenceLimitMs: number;
  /** The keys to read, one for each service; the first is read. */
  readonly #followed = new Set<{ readonly key: string }>();
  #answeredRequestSentAt = Number.NEGATIVE_INFINITY;
  #lastSilentAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #attempt: AbortController | undefined;

  constructor(ports: SilencePorts) {
    this.#ports = ports;
    this.#silenceLimitMs = silenceFactor * ports.intervalMs;
  }

  /** When etcd was last found to be silent; -Infinity for never. */
  get lastSilentAt(): number {
    const now = this.#ports.clock.now();
    if (this.#followed.size > 0 && now - this.#answeredRequestSentAt > this.#silenceLimitMs)
      this.#lastSilentAt = now;
    return this.#lastSilentAt;
  }

  /**
   * Whether what etcd deletes may be what it expires after a silence: etcd is silent, or was, less than a protection time
   * ago. It may answer what waited before it expires what ran out: it looks for that each half second, and revokes 1,000
   * leases a second.
   */
  get wasRecentlySilent(): boolean {
    return this.#ports.clock.now() - this.lastSilentAt < this.#ports.protectionMs;
  }

  /** A service is followed; the returned function ends that. Nothing is asked while none is. */
  follow(key: string): () => void {
    if (this.#ports.protectionMs === 0) return () => {}; // nothing is doubted
    const registration = { key };
    this.#followed.add(registration);
    if (this.#followed.size === 1) this.#startDetection();
    return () => {
      if (this.#followed.delete(registration) && this.#followed.size === 0) this.#stopDetection();
    };
  }

  /** A linearizable request that was sent then, or later, has been answered. */
  recordAnswer(sentAt: number): void {
    void this.lastSilentAt; // a silence that ends with this answer is seen only now
    this.#answeredRequestSentAt = Math.max(this.#answeredRequestSentAt, sentAt);
  }

  /** What was before is not known, and is taken for well. */
  #startDetection(): void {
    this.#answeredRequestSentAt = this.#ports.clock.now();
    this.#schedule(this.#answeredRequestSentAt);
  }

  #stopDetection(): void {
    this.#cancelTimer?.();
    this.#attempt?.abort();
  }

  #schedule(from: number): void {
    const { clock, intervalMs } = this.#ports;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.setTimer(from + intervalMs - clock.now(), () => this.#tick());
  }

  #tick(): void {
    const { clock, intervalMs, readsEnabled: reads } = this.#ports;
    const now = clock.now();
    if (!reads) this.recordAnswer(now); // of this process alone
    if (now < this.#answeredRequestSentAt + intervalMs) this.#schedule(this.#answeredRequestSentAt);
    else void this.#read(now);
  }

  async #read(sentAt: number): Promise<void> {
    const [first] = this.#followed;
    if (!first) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { signal } = attempt;
    try {
      await this.#ports.read(first.key, { signal, timeoutMs: this.#ports.intervalMs });
      this.recordAnswer(sentAt);
    } catch (error) {
      // To be refused is an answer as well: permissions are checked after the agreement with the leader.
      if (error instanceof PermissionDeniedError) this.recordAnswer(sentAt);
    }
    if (!signal.aborted) this.#schedule(sentAt);
  }
}
