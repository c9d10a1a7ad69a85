import type { ClientDiagnostics, MetricsSource, MutableMetrics } from '../diagnostics/index.js';
import type { RetryQueues } from './call/retry-queues.js';
import type { MemberPool } from './member/pool.js';

/** The state of a client's calls, members and token, for its metrics. */
export class TransportMetrics implements MetricsSource {
  readonly #pool: MemberPool;
  readonly #retries: readonly RetryQueues[];
  readonly #counters: ClientDiagnostics['counters'] | undefined;

  /** @param counters Those of the token; undefined without credentials. */
  constructor(
    pool: MemberPool,
    retries: readonly RetryQueues[],
    counters: ClientDiagnostics['counters'] | undefined,
  ) {
    this.#pool = pool;
    this.#retries = retries;
    this.#counters = counters;
  }

  addTo(metrics: MutableMetrics): void {
    for (const queues of this.#retries) queues.addTo(metrics.retries);
    for (const { member, failure } of this.#pool.members)
      metrics.members.push({
        endpoint: member.endpoint,
        healthy: failure === undefined,
        ...(failure === undefined ? {} : { failure }),
        connected: member.readyChannel !== undefined,
        preferred: member === this.#pool.preferred,
      });
    const counters = this.#counters;
    if (counters) metrics.token = { renewals: { ...counters.tokens }, failures: counters.tokenFailures };
  }
}
