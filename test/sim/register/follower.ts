import { type EtcdError, RolledBackError } from '#src/errors/index.js';
import type { KeyState } from '#src/naming/register/core/index.js';
import type { VirtualClock } from '../clock.js';
import type { Network } from './network.js';
import type { Store } from './store.js';

const retryMs = 300;

/**
 * A followed key: its changes in order while the connection stands, and one read of it each time that it is back, which
 * may skip what happened in between.
 */
export class Follower {
  readonly #clock: VirtualClock;
  readonly #network: Network;
  readonly #store: Store;
  readonly #known: () => bigint;
  readonly #seen: (state: KeyState) => void;
  readonly #failed: (error: EtcdError) => void;
  #revision: bigint;
  #lastAt = 0;
  /** Counts connections: what an earlier one had under way is lost. */
  #connection = 0;
  #isConnected = false;
  #isOver = false;

  constructor(
    parts: { readonly clock: VirtualClock; readonly network: Network; readonly store: Store },
    from: bigint,
    known: () => bigint,
    seen: (state: KeyState) => void,
    failed: (error: EtcdError) => void,
  ) {
    this.#clock = parts.clock;
    this.#network = parts.network;
    this.#store = parts.store;
    this.#revision = from;
    this.#known = known;
    this.#seen = seen;
    this.#failed = failed;
    this.#connect();
  }

  cancel(): void {
    this.#isOver = true;
  }

  cut(): void {
    if (this.#isConnected) this.#lost();
  }

  changed(): void {
    if (!this.#isConnected) return;
    if (this.#network.isFair) this.#deliver({ kv: this.#store.kv, revision: this.#store.revision });
    else this.#lost();
  }

  #lost(): void {
    this.#isConnected = false;
    this.#connection++;
    this.#clock.after(retryMs, () => this.#connect());
  }

  #connect(): void {
    if (this.#isOver) return;
    const known = this.#known();
    this.#clock.after(this.#network.delay(), () => {
      if (this.#isOver) return;
      if (!this.#network.isFair) {
        this.#clock.after(retryMs, () => this.#connect());
        return;
      }
      const { kv, revision } = this.#store;
      const least = known > this.#revision ? known : this.#revision;
      if (revision < least) {
        this.#isOver = true;
        this.#failed(new RolledBackError(least, revision));
        return;
      }
      this.#isConnected = true;
      this.#deliver({ kv, revision });
    });
  }

  #deliver(state: KeyState): void {
    const connection = this.#connection;
    const at = Math.max(this.#lastAt, this.#clock.now + this.#network.delay());
    this.#lastAt = at;
    this.#clock.after(at - this.#clock.now, () => {
      if (this.#isOver || connection !== this.#connection || state.revision < this.#revision) return;
      this.#revision = state.revision;
      this.#seen(state);
    });
  }
}
