import type { EtcdHandle } from '#src/testing/index.js';
import { usageOf } from './etcd-usage.js';
import { peakOf } from './spread.js';

const everyMs = 200;

/** Counts the messages that etcd receives, by its metrics, until it is stopped. */
export class RequestRate {
  readonly #etcd: EtcdHandle;
  readonly #samples: { atMs: number; count: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  /** @param etcd one that is down, and starts a moment later: counting begins at zero. */
  constructor(etcd: EtcdHandle) {
    this.#etcd = etcd;
    this.#samples.push({ atMs: performance.now(), count: 0 });
    this.#timer = setInterval(() => {
      this.#reading = this.#reading.then(() => this.#read()).catch(() => {}); // etcd does not answer yet
    }, everyMs);
  }

  /** Stops. Returns all messages, and those within the busiest second. */
  async stop(): Promise<{ total: number; peak: number }> {
    clearInterval(this.#timer);
    await this.#reading;
    await this.#read();
    return { total: this.#samples.at(-1)?.count ?? 0, peak: peakOf(this.#samples, 1_000) };
  }

  async #read(): Promise<void> {
    const { atMs, messages } = await usageOf(this.#etcd);
    this.#samples.push({ atMs, count: messages });
  }
}
