import { EtcdClient, encodeEndpoint } from '#src/index.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Resources } from '../resources.js';

const guests = 12;
const everyMs = 120;

/** Guests that come and go, so that there is something to miss; straight to the members, past every proxy. */
export class Churn {
  readonly #client: EtcdClient;
  readonly #target: string;
  #paused = false;
  #turn = 0;

  constructor(cluster: EtcdClusterHandle, target: string, resources: Resources) {
    this.#client = new EtcdClient({ endpoints: cluster.endpoints, timeoutMs: 2_000 });
    this.#target = target;
    resources.use(this.#client);
    const timer = setInterval(() => void this.#change(), everyMs);
    resources.defer(() => clearInterval(timer));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  async #change(): Promise<void> {
    if (this.#paused) return;
    const turn = this.#turn++;
    const key = `${this.#target}/guest${turn % guests}`;
    const comes = Math.floor(turn / guests) % 2 === 0;
    const change = comes
      ? this.#client.kv.put(key, encodeEndpoint({ addr: `10.1.0.${turn % guests}:${1 + (turn % 60_000)}` }))
      : this.#client.kv.delete(key);
    await change.catch(() => {}); // the truth tells what came of it
  }
}
