import { isReasonOf } from '../../async/index.js';
import type { MemberHealth } from '../member/health.js';
import type { IdempotencyLevel, TracedCallOptions } from '../method.js';
import type { AttemptOptions } from './attempt.js';
import { attemptTimeoutMs } from './retry-rule.js';
import type { UnaryPorts } from './unary-ports.js';

/** An attempt that failed. */
export interface FailedAttempt {
  readonly error: unknown;
  readonly health: MemberHealth;
  readonly sentAt: number;
  /** The generation of its token; 0 without one. */
  readonly generation: number;
  /** Whether it was the attempt of several reads, and its end is recorded with the member. */
  readonly isShared?: boolean;
}

/** The records of one attempt: with its member, with the client and with the caller, when it is sent and answered. */
export class SentAttempt {
  readonly #ports: UnaryPorts;
  readonly #idempotency: IdempotencyLevel;
  readonly #options: TracedCallOptions;
  readonly #health: MemberHealth;
  readonly #sentAt: number;
  readonly #generation: number;
  readonly #connectionId: number;

  /** @param now On the client's clock. */
  constructor(
    ports: UnaryPorts,
    idempotency: IdempotencyLevel,
    options: TracedCallOptions,
    health: MemberHealth,
    now: number,
  ) {
    this.#ports = ports;
    this.#idempotency = idempotency;
    this.#options = options;
    this.#health = health;
    this.#sentAt = now;
    this.#generation = ports.token?.generation ?? 0;
    this.#connectionId = health.member.connectionId;
  }

  /** Called immediately before the attempt is sent. */
  begin(): void {
    this.#options.onSend?.();
    this.#options.trace?.attemptSent(this.#health.member.endpoint);
    this.#health.callSent(this.#sentAt);
    this.#ports.diagnostics.counters.attempts++;
    this.#ports.onSend();
  }

  /** @param deadline The call's, on the client's clock. */
  optionsUntil(deadline: number): AttemptOptions {
    const { metadata, maxReceiveBytes, pool, running, token } = this.#ports;
    const idempotency = this.#idempotency;
    return {
      metadata: metadata().for(idempotency),
      timeoutMs: attemptTimeoutMs(deadline - this.#sentAt, idempotency, pool.hasOthers()),
      maxReceiveBytes,
      signal: this.#options.signal,
      outlivesClose: this.#options.outlivesClose,
      running,
      tokenUse: token && { member: this.#health.member, generation: this.#generation, idempotency },
    };
  }

  /**
   * @param bytes The size of the encoded answer.
   * @param recovers Whether the answer ends the member's ejection.
   */
  recordAnswer(answer: unknown, bytes: number, recovers = false): void {
    const { clock, diagnostics, pool, retries, store } = this.#ports;
    diagnostics.counters.answers++;
    this.#options.trace?.answered(answer, bytes);
    const { member } = this.#health;
    this.#health.callSettled(clock.now(), true);
    retries.for(this.#idempotency).recordAnswer();
    if (recovers) pool.markHealthy(this.#health);
    store.observe(answer, member.endpoint);
    const { connectionId } = member;
    this.#options.onAnswer?.(connectionId === this.#connectionId ? connectionId : undefined);
  }

  /** Records that the attempt failed, or that the signal of its call ended it, which is not a failure. */
  failedWith(error: unknown): FailedAttempt {
    const { signal, trace } = this.#options;
    const isCancelled = isReasonOf(signal, error);
    if (!isCancelled) this.#ports.diagnostics.counters.failures++;
    trace?.attemptEnded(isCancelled ? undefined : error);
    return this.asFailed(error);
  }

  /** The attempt as a failed one of a call, with an error of its own. */
  asFailed(error: unknown): FailedAttempt {
    return { error, health: this.#health, sentAt: this.#sentAt, generation: this.#generation };
  }
}
