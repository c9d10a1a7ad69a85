import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, op } from '#src/index.js';
import { loadPrefix } from '../messages.js';
import { attempt, type LoadContext } from './load.js';

const tickMs = 10;
/** More calls in flight, as in an outage, would measure the queue instead of the client. */
const maxInFlight = 1_000;
const maxHoldMs = 500;
const keys = 1_000;
const valueBytes = 100;

/** Calls etcd at a fixed rate, whatever the answers: an open loop. */
export class SteadyCalls {
  readonly #context: LoadContext;
  readonly #pending = new Set<Promise<void>>();
  #sent = 0;
  #isHeld = false;
  #heldMs = 0;

  constructor(context: LoadContext) {
    this.#context = context;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Resolves when the load has stopped and every call has ended. */
  async run(): Promise<void> {
    const { signal, config } = this.#context;
    const began = performance.now();
    const timer = setInterval(() => {
      if (this.#isHeld) return;
      const loadMs = performance.now() - began - this.#heldMs;
      const due = Math.floor((loadMs / 1_000) * config.callsPerSecond);
      while (this.#sent < due) this.#send();
    }, tickMs);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    clearInterval(timer);
    await Promise.all(this.#pending);
  }

  /** Runs `work` when no call is in flight, or after half a second: what calls in flight need is not a leak. */
  async whileQuiet<T>(work: () => T): Promise<T> {
    const from = performance.now();
    this.#isHeld = true;
    while (this.#pending.size > 0 && performance.now() - from < maxHoldMs) await sleep(tickMs);
    try {
      return work();
    } finally {
      this.#heldMs += performance.now() - from;
      this.#isHeld = false;
    }
  }

  #send(): void {
    const { client, counts, random } = this.#context;
    this.#sent++;
    if (this.#pending.size >= maxInFlight) {
      counts.callsSkipped++;
      return;
    }
    const call = attempt(this.#context, async () => {
      await callOnce(client, random.next());
      counts.callsOk++;
    });
    this.#pending.add(call);
    void call.then(() => this.#pending.delete(call));
  }
}

/** @param choice In [0, 1): which call, and of which key. */
async function callOnce({ kv }: EtcdClient, choice: number): Promise<void> {
  const key = `${loadPrefix}${Math.floor((choice * 1e6) % keys)}`;
  if (choice < 0.35) await kv.get(key);
  else if (choice < 0.5) await kv.get(key, { serializable: true });
  else if (choice < 0.6) await kv.range({ prefix: loadPrefix }, { limit: 20 });
  else if (choice < 0.85) await kv.put(key, Buffer.alloc(valueBytes, 'x'));
  else if (choice < 0.95) await kv.txn({ success: [op.put(key, 'y'), op.get(key)] });
  else await kv.delete(key);
}
