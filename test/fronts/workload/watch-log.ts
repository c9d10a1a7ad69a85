import type { EtcdClient, Watcher } from '#src/index.js';
import type { Truth } from '../../chaos/truth.js';
import { checkEvents, eventLine, trueEvents } from '../check/events.js';

/** Everything that a watch of a prefix delivered. */
export class WatchLog {
  readonly seen: string[] = [];
  readonly #prefix: string;
  readonly #from: bigint;
  readonly #watcher: Watcher;
  readonly #ended: Promise<void>;
  #error: unknown;

  private constructor(prefix: string, from: bigint, watcher: Watcher) {
    this.#prefix = prefix;
    this.#from = from;
    this.#watcher = watcher;
    this.#ended = this.#read().catch((error: unknown) => {
      this.#error = error;
    });
  }

  /** Resolves when the watch is live. */
  static async start(client: EtcdClient, prefix: string): Promise<WatchLog> {
    const { revision } = await client.kv.get(prefix);
    const from = revision + 1n;
    const watcher = client.watch({ prefix }, { startRevision: from });
    const log = new WatchLog(prefix, from, watcher);
    await watcher.ready;
    return log;
  }

  get live(): boolean {
    return this.#watcher.live;
  }

  has(key: string, value: string): boolean {
    return this.seen.some((line) => line.endsWith(` ${key} ${value}`));
  }

  /** Whether it has delivered everything up to the end of the history. */
  isComplete(truth: Truth): boolean {
    return (
      this.#error !== undefined || this.seen.length >= trueEvents(truth, this.#prefix, this.#from).length
    );
  }

  check(truth: Truth): string[] {
    const difference = checkEvents(this.seen, trueEvents(truth, this.#prefix, this.#from));
    const end = this.#error === undefined ? undefined : `the watch of ${this.#prefix} ended: ${this.#error}`;
    return [difference, end].filter((problem) => problem !== undefined);
  }

  async close(): Promise<void> {
    await this.#watcher.close();
    await this.#ended;
  }

  async #read(): Promise<void> {
    for await (const { events } of this.#watcher)
      for (const { type, kv } of events)
        this.seen.push(
          eventLine(kv.modRevision, kv.key.toString(), type === 'put' ? kv.value.toString() : undefined),
        );
  }
}
