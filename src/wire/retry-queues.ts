import type { Clock } from '../async/index.js';
import type { IdempotencyLevel } from './method.js';
import { RetryQueue } from './retry-queue.js';

/**
 * The retries of one client. Requests of different kinds wait apart, since etcd refuses them for different reasons: an
 * overloaded member refuses only writes, one without a leader answers serializable reads. Otherwise the reads that are
 * answered would release writes that are not.
 */
export class RetryQueues {
  readonly #localReads: RetryQueue;
  readonly #reads: RetryQueue;
  readonly #writes: RetryQueue;

  constructor(clock: Clock, random: () => number) {
    this.#localReads = new RetryQueue(clock, random);
    this.#reads = new RetryQueue(clock, random);
    this.#writes = new RetryQueue(clock, random);
  }

  for(idempotency: IdempotencyLevel): RetryQueue {
    switch (idempotency) {
      case 'local-read':
        return this.#localReads;
      case 'read':
        return this.#reads;
      case 'idempotent':
      case 'write':
        return this.#writes;
    }
  }

  /** Rejects every call that waits. */
  close(reason: unknown): void {
    for (const queue of [this.#localReads, this.#reads, this.#writes]) queue.close(reason);
  }
}
