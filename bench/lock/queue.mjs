// The queue of a lock with the keys of Go's layout.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support.mjs';
import { settledCounts } from './requests.mjs';

/** Knows when every waiter is in the queue. */
export class Queue {
  #etcd;
  #client;
  #name;
  #size;

  constructor(etcd, client, name, size) {
    this.#etcd = etcd;
    this.#client = client;
    this.#name = name;
    this.#size = size;
  }

  /** Every waiter has its key, and etcd has brought every watch up to date, which it does every 100 ms. */
  async full() {
    await eventually(`${this.#size} keys`, async () => {
      const { count } = await this.#client.kv.range({ prefix: `${this.#name}/` }, { countOnly: true });
      return count === BigInt(this.#size);
    });
    await this.settled();
    await eventually(
      'the watches are up to date',
      async () => (await this.#etcd.metric('etcd_debugging_mvcc_slow_watcher_total')) === 0,
    );
  }

  /** The counts of the requests, once no request arrives. */
  settled() {
    return settledCounts(this.#etcd);
  }
}

/** Of a client whose waiters have no key: some time in which each of them tries again, and none is in step with the others. */
export const noQueue = { full: () => sleep(150 + 100 * Math.random()) };
