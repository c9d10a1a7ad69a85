import { type EtcdError, errorFromServer } from '#src/errors/index.js';
import { heldUntil } from '#src/lease/core/index.js';
import type { VirtualClock } from '../clock.js';
import { Network } from '../network.js';
import type { Random } from '../random.js';
import type { Store } from './store.js';

const renewalTimeoutMs = 2_000;

interface RenewedLease {
  readonly ttlMs: number;
  /** On the machine's clock. */
  heldUntil: number;
  readonly onEnd: (end: LeaseEnd) => void;
}

/** Why a lease ended that was not released. */
export interface LeaseEnd {
  readonly loss: 'lease-expired' | 'lost-contact';
  readonly error: EtcdError;
}

/** A process on a machine: its clock, its connection to etcd, its pauses, and the leases that it renews. */
export class Machine {
  readonly network: Network;
  readonly #clock: VirtualClock;
  readonly #store: Store;
  /** The machine's clock runs slightly faster or slower than the servers'. */
  readonly #rate: number;
  readonly #leases = new Map<bigint, RenewedLease>();
  readonly #waiting: (() => void)[] = [];
  #asleepUntil = 0;
  #isAsleep = false;
  #isDead = false;

  constructor(clock: VirtualClock, random: Random, store: Store) {
    this.#clock = clock;
    this.#store = store;
    this.network = new Network(clock, random);
    this.#rate = 1 + (random.next() - 0.5) * 0.02;
  }

  /** The machine's own clock. */
  get now(): number {
    return 1_000_000 + this.#clock.now * this.#rate;
  }

  get isAwake(): boolean {
    return !this.#isAsleep && !this.#isDead;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** How many leases it renews. */
  get renewals(): number {
    return this.#leases.size;
  }

  /** Runs something in the process: at once, when the process continues, or never after a kill. */
  run(action: () => void): void {
    if (this.#isDead) return;
    if (this.#isAsleep) this.#waiting.push(action);
    else action();
  }

  /** Runs something at a time of this machine's clock. */
  at(time: number, action: () => void): () => void {
    const delay = Math.max(0, Math.ceil((time - this.now) / this.#rate));
    return this.#clock.after(delay, () => this.run(action));
  }

  sleep(ms: number): void {
    this.#isAsleep = true;
    this.#asleepUntil = Math.max(this.#asleepUntil, this.#clock.now + ms);
    this.#clock.after(ms, () => this.#wake());
  }

  kill(): void {
    this.#isDead = true;
    this.#leases.clear();
    this.#waiting.length = 0;
  }

  /** Keeps a granted lease alive. `onEnd` runs once when it ends, unless it is released. */
  hold(lease: bigint, ttlMs: number, sentAt: number, onEnd: (end: LeaseEnd) => void): void {
    const held: RenewedLease = { ttlMs, heldUntil: heldUntil(sentAt, ttlMs), onEnd };
    this.#leases.set(lease, held);
    this.#renewLater(lease, held);
    this.#expireAt(lease, held);
  }

  /** Stops renewing. */
  release(lease: bigint): void {
    this.#leases.delete(lease);
  }

  /** As `HeldLease.held`, which reads the clock: also right while the process is paused. */
  isHeld(lease: bigint): boolean {
    const held = this.#leases.get(lease);
    return held !== undefined && this.now < held.heldUntil;
  }

  #wake(): void {
    if (this.#clock.now < this.#asleepUntil || this.#isDead) return;
    this.#isAsleep = false;
    // As the lease client does: what expired during the pause ends before anything else runs.
    for (const [lease, held] of [...this.#leases]) this.#endIfExpired(lease, held);
    while (this.isAwake) {
      const next = this.#waiting.shift();
      if (!next) return;
      next();
    }
  }

  #renewLater(lease: bigint, held: RenewedLease): void {
    this.at(this.now + held.ttlMs / 3, () => this.#renew(lease, held));
  }

  #renew(lease: bigint, held: RenewedLease): void {
    if (this.#leases.get(lease) !== held) return;
    const sentAt = this.now;
    this.#renewLater(lease, held);
    this.network.request(
      renewalTimeoutMs,
      () => this.#store.keepAlive(lease, this.#clock.now),
      (answer) =>
        this.run(() => {
          if (this.#leases.get(lease) !== held) return;
          if ('value' in answer) held.heldUntil = Math.max(held.heldUntil, heldUntil(sentAt, held.ttlMs));
          else if (answer.error.reason === 'LeaseNotFound')
            this.#end(lease, held, { loss: 'lease-expired', error: answer.error });
        }),
    );
  }

  #expireAt(lease: bigint, held: RenewedLease): void {
    this.at(held.heldUntil, () => {
      if (this.#leases.get(lease) !== held) return;
      if (!this.#endIfExpired(lease, held)) this.#expireAt(lease, held);
    });
  }

  #endIfExpired(lease: bigint, held: RenewedLease): boolean {
    if (this.now < held.heldUntil) return false;
    this.#end(lease, held, {
      loss: 'lost-contact',
      error: errorFromServer(14, 'no renewal was acknowledged'),
    });
    return true;
  }

  #end(lease: bigint, held: RenewedLease, end: LeaseEnd): void {
    if (this.#leases.get(lease) !== held) return;
    this.#leases.delete(lease);
    held.onEnd(end);
  }
}
