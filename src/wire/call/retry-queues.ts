import type { Clock } from '../../async/index.js';
import type { IdempotencyLevel } from '../method.js';
import { RetryQueue } from './retry-queue.js';

/**
 * The retry queues of one client. Serializable reads, linearizable reads and writes have a queue each, because etcd
 * refuses them for different reasons: an overloaded member refuses only writes, a member without a leader still answers
 * serializable reads. In one queue, answered reads would permit retries of failing writes.
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

  /** Adds the numbers of calls that wait. */
  addTo(waiting: { localReads: number; reads: number; writes: number }): void {
    waiting.localReads += this.#localReads.size;
    waiting.reads += this.#reads.size;
    waiting.writes += this.#writes.size;
  }

  /** Rejects all waiting calls and all later ones. */
  close(reason: unknown): void {
    for (const queue of [this.#localReads, this.#reads, this.#writes]) queue.close(reason);
  }
}
