import { CompactedError, type EtcdClient, type Watcher } from '#src/index.js';
import { type Counts, eventPrefix } from '../messages.js';
import { EventChecker } from './event-checker.js';
import { type LoadContext, pause, repeat } from './load.js';

const writers = 5;

/** Puts a few keys again and again, at the rate of the configuration. */
export async function writeEvents(context: LoadContext): Promise<void> {
  const { client, config, counts } = context;
  const pauseMs = Math.round((1_000 * writers) / config.eventsPerSecond);
  const write = (key: string) => async () => {
    await client.kv.put(key, String(counts.eventsWritten));
    counts.eventsWritten++;
  };
  const keys = Array.from({ length: writers }, (_, i) => `${eventPrefix}${i}`);
  await Promise.all(keys.map((key) => repeat(context, [pauseMs, pauseMs], write(key))));
}

/** A watch of the written keys that lasts the whole run. */
export class CheckedWatch {
  readonly #client: EtcdClient;
  readonly #counts: Counts;
  readonly #checker = new EventChecker();
  readonly #stop = new AbortController();
  #watcher: Watcher;
  readonly #running: Promise<void>;

  constructor(client: EtcdClient, counts: Counts, onUnexpected: (error: unknown) => void) {
    this.#client = client;
    this.#counts = counts;
    this.#watcher = this.#open();
    this.#running = this.#run().catch(onUnexpected);
  }

  async ready(): Promise<void> {
    await this.#watcher.ready;
  }

  /** Counts what the watch has not delivered of what the store has, once it had time to. */
  async checkEnd(): Promise<void> {
    const { kvs } = await this.#client.kv.range({ prefix: eventPrefix });
    const behind = () => kvs.reduce((sum, kv) => sum + this.#checker.behind(kv), 0);
    const until = performance.now() + 30_000;
    while (behind() > 0 && performance.now() < until) await pause(50, this.#stop.signal);
    this.#counts.eventsMissed += behind();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watcher.close();
    await this.#running;
  }

  #open(): Watcher {
    const watcher = this.#client.watch({ prefix: eventPrefix });
    watcher.ready.then(
      (revision) => this.#checker.begin(revision),
      () => {}, // the iteration throws it too
    );
    return watcher;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#read();
        return;
      } catch (error) {
        if (!(error instanceof CompactedError)) throw error;
        this.#counts.watchesCompacted++;
        this.#checker.restart();
        this.#watcher = this.#open();
      }
    }
  }

  async #read(): Promise<void> {
    for await (const { events } of this.#watcher) {
      this.#checker.onEvents(events);
      this.#counts.eventsSeen += events.length;
      this.#counts.eventsMissed += take(this.#checker, 'missed');
      this.#counts.eventsDuplicated += take(this.#checker, 'duplicated');
    }
  }
}

/** Reads a count of a checker and sets it to 0. */
export function take(checker: EventChecker, count: 'missed' | 'duplicated'): number {
  const value = checker[count];
  checker[count] = 0;
  return value;
}
