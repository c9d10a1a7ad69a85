import { backoffDelay, type Clock } from '../async/index.js';
import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import type { LeaseId } from '../model/index.js';
import type { Duplex, LeaseCalls, LeaseKeepAliveResponse } from '../wire/index.js';

export interface KeepAliveUser {
  acked(sentAt: number, ttlMs: number): void;
  streamLost(error: EtcdError): void;
}

const reopen = { baseMs: 100, maxMs: 2_000 };

/**
 * The one keep-alive stream of a client, however many leases it renews. Opened with the first lease, cancelled with
 * the last. Answers are matched to requests in order per lease, as etcd gives them.
 */
export class KeepAliveStream {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #users = new Map<LeaseId, KeepAliveUser>();
  readonly #sentAt = new Map<LeaseId, number[]>();
  #stream: Duplex<{ ID: bigint }> | undefined;
  #openedAt = 0;
  #failures = 0;
  #cancelReopen: (() => void) | undefined;

  constructor(calls: LeaseCalls, clock: Clock, random: () => number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#random = random;
  }

  add(id: LeaseId, user: KeepAliveUser): void {
    this.#users.set(id, user);
  }

  remove(id: LeaseId): void {
    this.#users.delete(id);
    this.#sentAt.delete(id);
    if (this.#users.size === 0) this.#drop();
  }

  /** Sends a renewal, or does nothing while the stream waits to be opened again: its loss was told, and so is its return. */
  renew(id: LeaseId): boolean {
    if (this.#cancelReopen) return false;
    this.#stream ??= this.#open();
    const sent = this.#sentAt.get(id);
    if (sent) sent.push(this.#clock.now());
    else this.#sentAt.set(id, [this.#clock.now()]);
    this.#stream.send({ ID: id });
    return true;
  }

  /** Leaves the present member for another one; the pool picks it. Several leases may ask at once: once a stream. */
  move(mover: LeaseId): void {
    if (!this.#stream || this.#clock.now() - this.#openedAt < 500) return;
    this.#stream.abandon();
    this.#drop();
    // What the other leases asked went with the stream; left to find out alone, each would blame the new member.
    const error = errorFromServer(Code.UNAVAILABLE, 'the member did not answer a renewal in time');
    for (const [id, user] of [...this.#users]) if (id !== mover) user.streamLost(error);
  }

  close(): void {
    this.#users.clear();
    this.#drop();
  }

  #drop(): void {
    this.#cancelReopen?.();
    this.#cancelReopen = undefined;
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#sentAt.clear();
  }

  #open(): Duplex<{ ID: bigint }> {
    this.#openedAt = this.#clock.now();
    return this.#calls.keepAlive(
      { requireLeader: true },
      { message: (response) => this.#received(response), end: (error) => this.#lost(error) },
    );
  }

  #received(response: LeaseKeepAliveResponse): void {
    this.#failures = 0;
    const sentAt = this.#sentAt.get(response.ID)?.shift();
    if (sentAt === undefined) return;
    this.#users.get(response.ID)?.acked(sentAt, Number(response.TTL) * 1000);
  }

  #lost(error: EtcdError): void {
    this.#stream = undefined;
    this.#sentAt.clear();
    if (this.#users.size === 0) return;
    const wait = backoffDelay(reopen, this.#failures++, this.#random);
    this.#cancelReopen = this.#clock.setTimer(wait, () => {
      this.#cancelReopen = undefined;
      for (const user of [...this.#users.values()]) user.streamLost(error);
    });
  }
}
