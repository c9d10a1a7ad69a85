import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError, op } from '#src/index.js';
import type { TracedWrite } from '../check/writes.js';

const pauseMs = 25;

/** Puts, transactions and reads, one after the other of each kind. Each value is written once. */
export class Traffic {
  readonly writes: TracedWrite[] = [];
  /** What no error or answer may be. */
  readonly problems: string[] = [];
  /** The different errors of calls. */
  readonly errors = new Set<string>();
  calls = 0;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;
  #isPaused = false;
  #lastRevision = 0n;

  constructor(client: EtcdClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  start(): void {
    this.#loops.push(
      this.#repeat(() => this.put('put')),
      this.#repeat(() => this.#txn()),
      this.#repeat(() => this.#get()),
    );
  }

  /** The loops make no call until `resume()`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  /** Puts a new value below the prefix. Returns whether it was applied, as far as the client knows. */
  async put(name: string, text = '', timeoutMs?: number): Promise<string | undefined> {
    const key = this.#prefix + name;
    const value = `${name}-${this.calls++}${text}`;
    const isApplied = await this.#write([key], value, async () => {
      const { revision } = await this.#client.kv.put(
        key,
        value,
        timeoutMs === undefined ? {} : { timeoutMs },
      );
      this.#lastRevision = name === 'put' ? revision : this.#lastRevision;
    });
    return isApplied ? value : undefined;
  }

  async #txn(): Promise<void> {
    const keys = [`${this.#prefix}txn-a`, `${this.#prefix}txn-b`];
    const value = `txn-${this.calls++}`;
    await this.#write(keys, value, () =>
      this.#client.kv.txn({ success: keys.map((key) => op.put(key, value)) }),
    );
  }

  async #get(): Promise<void> {
    this.calls++;
    const floor = this.#lastRevision;
    const { kv } = await this.#client.kv.get(`${this.#prefix}put`);
    if ((kv?.modRevision ?? 0n) < floor)
      this.problems.push(`a read returned revision ${kv?.modRevision}, after a put at ${floor}`);
  }

  async #write(keys: readonly string[], value: string, send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      this.writes.push({ keys, value, outcome: 'applied' });
      return true;
    } catch (error) {
      const outcome =
        error instanceof EtcdError && error.verdict !== 'maybe-applied' ? 'not-applied' : 'ambiguous';
      this.writes.push({ keys, value, outcome });
      this.#onError(error);
      return false;
    }
  }

  #onError(error: unknown): void {
    if (error instanceof EtcdError) this.errors.add(`${error.name}: ${error.message}`);
    else this.problems.push(`an error without a type: ${error}`);
  }

  async #repeat(call: () => Promise<unknown>): Promise<void> {
    while (!this.#isStopped) {
      if (!this.#isPaused) await call().catch((error: unknown) => this.#onError(error));
      await sleep(pauseMs);
    }
  }
}
