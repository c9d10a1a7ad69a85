import { type EtcdError, RolledBackError, toEtcdError } from '#src/errors/index.js';
import type { KeyState } from '#src/model/index.js';
import type { VirtualClock } from './clock.js';
import type { Network } from './network.js';

const retryMs = 300;

export interface KeyFollowerParts {
  readonly clock: VirtualClock;
  readonly network: Network;
  /** Reads the key's state in etcd. @throws etcd's error, which ends the follower. */
  readonly read: () => KeyState;
}

/** Follows a key: changes in order while connected, and one read after each reconnect, which may skip changes. */
export class KeyFollower {
  readonly #clock: VirtualClock;
  readonly #network: Network;
  readonly #read: () => KeyState;
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
    parts: KeyFollowerParts,
    from: bigint,
    known: () => bigint,
    seen: (state: KeyState) => void,
    failed: (error: EtcdError) => void,
  ) {
    this.#clock = parts.clock;
    this.#network = parts.network;
    this.#read = parts.read;
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
    if (!this.#network.isUp) {
      this.#disconnect();
      return;
    }
    try {
      this.#deliver(this.#read());
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    this.#isOver = true;
    this.#onFailure(toEtcdError(error));
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
      const least = known > this.#revision ? known : this.#revision;
      try {
        const state = this.#read();
        if (state.revision < least) throw new RolledBackError(least, state.revision);
        this.#isConnected = true;
        this.#deliver(state);
      } catch (error) {
        this.#end(error);
      }
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
