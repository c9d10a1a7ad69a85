import { type EtcdError, RolledBackError } from '#src/errors/index.js';
import type { KeyState } from '#src/model/index.js';
import type { VirtualClock } from '../clock.js';
import type { Network } from './network.js';
import type { Store } from './store.js';

const retryMs = 300;

/** Follows a key: changes in order while connected, and one read after each reconnect, which may skip changes. */
export class KeyFollower {
  readonly #clock: VirtualClock;
  readonly #network: Network;
  readonly #store: Store;
  readonly #knownRevision: () => bigint;
  readonly #onState: (state: KeyState) => void;
  readonly #onFailure: (error: EtcdError) => void;
  #revision: bigint;
  #lastAt = 0;
  /** Counts connections; messages of an earlier connection are lost. */
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
    this.#knownRevision = known;
    this.#onState = seen;
    this.#onFailure = failed;
    this.#connect();
  }

  cancel(): void {
    this.#isOver = true;
  }

  cut(): void {
    if (this.#isConnected) this.#disconnect();
  }

  onChange(): void {
    if (!this.#isConnected) return;
    if (this.#network.isUp) this.#deliver({ kv: this.#store.kv, revision: this.#store.revision });
    else this.#disconnect();
  }

  #disconnect(): void {
    this.#isConnected = false;
    this.#connection++;
    this.#clock.after(retryMs, () => this.#connect());
  }

  #connect(): void {
    if (this.#isOver) return;
    const known = this.#knownRevision();
    this.#clock.after(this.#network.delay(), () => {
      if (this.#isOver) return;
      if (!this.#network.isUp) {
        this.#clock.after(retryMs, () => this.#connect());
        return;
      }
      const { kv, revision } = this.#store;
      const least = known > this.#revision ? known : this.#revision;
      if (revision < least) {
        this.#isOver = true;
        this.#onFailure(new RolledBackError(least, revision));
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
      this.#onState(state);
    });
  }
}
