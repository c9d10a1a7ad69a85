import { EtcdClient, encodeEndpoint } from '#src/index.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Resources } from '../resources.js';
import { invalidValues } from './values.js';
import { rareService, service } from './workers.js';

const guestCount = 12;

/** Adds and removes valid and invalid records directly on the members, so that disconnected viewers miss changes. */
export class BackgroundWrites {
  readonly #client: EtcdClient;
  #paused = true;
  #guestTurn = 0;
  #invalidTurn = 0;
  #rareTurn = 0;

  constructor(cluster: EtcdClusterHandle, resources: Resources) {
    this.#client = new EtcdClient({ endpoints: cluster.endpoints, timeoutMs: 2_000 });
    resources.use(this.#client);
    const doEvery = (ms: number, change: () => Promise<unknown>) => {
      // A failed write needs no handling: the truth records what was applied.
      const timer = setInterval(() => void (this.#paused || change().catch(() => {})), ms);
      resources.defer(() => clearInterval(timer));
    };
    doEvery(120, () => this.#changeGuest());
    doEvery(1_700, () => this.#changeInvalid());
    doEvery(1_100, () => (this.#rareTurn++ % 2 === 0 ? this.fillRare() : this.emptyRare()));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  async fillRare(): Promise<void> {
    const put = (id: string, port: number) =>
      this.#client.kv.put(`${rareService}/${id}`, encodeEndpoint({ addr: `10.2.0.1:${port}` }));
    await Promise.all([put('a', 1), put('b', 2)]);
  }

  /** Resolves with the revision at which the service is empty. */
  async emptyRare(): Promise<bigint> {
    return (await this.#client.kv.delete({ prefix: `${rareService}/` })).revision;
  }

  /** Deletes the record as an operator would. */
  async deleteRecord(key: string): Promise<void> {
    await this.#client.kv.delete(key);
  }

  async revokeLease(lease: bigint): Promise<void> {
    await this.#client.lease.revoke(lease);
  }

  async #changeGuest(): Promise<void> {
    const turn = this.#guestTurn++;
    const key = `${service}/guest${turn % guestCount}`;
    const comes = Math.floor(turn / guestCount) % 2 === 0;
    const addr = `10.1.0.${turn % guestCount}:${1 + (turn % 60_000)}`;
    if (comes) await this.#client.kv.put(key, encodeEndpoint({ addr }));
    else await this.#client.kv.delete(key);
  }

  /** Writes under its own key, or over a guest's. */
  async #changeInvalid(): Promise<void> {
    const turn = this.#invalidTurn++;
    const key = turn % 5 === 4 ? `${service}/guest${turn % guestCount}` : `${service}/invalid${turn % 4}`;
    if (turn % 6 === 5) await this.#client.kv.delete(key);
    else await this.#client.kv.put(key, invalidValues[turn % invalidValues.length] ?? '');
  }
}
