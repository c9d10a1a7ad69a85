import type { MetricsSource, MutableMetrics } from '../diagnostics/index.js';
import type { RetryQueues } from './call/retry-queues.js';
import type { MemberPool } from './member/pool.js';

/** The state of a client's calls and members, for its metrics. */
export class TransportMetrics implements MetricsSource {
  readonly #pool: MemberPool;
  readonly #retries: readonly RetryQueues[];

  constructor(pool: MemberPool, retries: readonly RetryQueues[]) {
    this.#pool = pool;
    this.#retries = retries;
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
  }
}
