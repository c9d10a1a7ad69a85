import { EtcdError } from '#src/errors/index.js';
import { recordFormat } from '#src/naming/codec/format-of.js';
import {
  Claim,
  RegistrationCore,
  type RegistrationEffect,
  type RegistrationInput,
} from '#src/naming/register/core/index.js';
import type { VirtualClock } from '../clock.js';
import { KeyFollower } from '../key-follower.js';
import type { Network } from '../network.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace.js';
import { describeEffect, describeInput } from './describe.js';
import { markTimeoutMs } from './mark-check.js';
import type { Oracle } from './oracle.js';
import type { Schedule } from './schedule.js';
import { key, type Store } from './store.js';

const callTimeoutMs = 10_000;
const closeTimeoutMs = 5_000;

export interface OwnerDependencies {
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly store: Store;
  readonly oracle: Oracle;
  readonly trace: Trace;
}

interface RenewedLease {
  readonly ttlMs: number;
  heldUntil: number;
}

/** The process with the registration: performs the core's effects, renews leases, and is paused at times. */
export class Owner {
  readonly core: RegistrationCore;
  readonly #dependencies: OwnerDependencies;
  readonly #ttlMs: number;
  readonly #held = new Map<bigint, RenewedLease>();
  readonly #followers = new Map<number, KeyFollower>();
  readonly #waiting: RegistrationInput[] = [];
  #isAsleep = false;
  #asleepUntil = 0;
  #cancelTimer: (() => void) | undefined;
  #nextLease = 1_000n;

  constructor(plan: Schedule, endpoint: { addr: string }, random: Random, parts: OwnerDependencies) {
    this.#dependencies = parts;
    this.#ttlMs = plan.ttlMs;
    const claim = new Claim(
      key,
      { ...endpoint, metadata: { seq: 0 } },
      plan.onConflict,
      recordFormat('svc', undefined),
    );
    this.core = new RegistrationCore({ claim, onDeleted: plan.onDeleted }, random.next);
  }

  get isAwake(): boolean {
    return !this.#isAsleep;
  }

  get isClosed(): boolean {
    return this.core.state === 'closed';
  }

  isHeld(lease: bigint): boolean {
    return this.#held.has(lease);
  }

  get openFollowers(): number {
    return this.#followers.size;
  }

  get hasTimer(): boolean {
    return this.#cancelTimer !== undefined;
  }

  sleep(ms: number): void {
    const { clock } = this.#dependencies;
    this.#isAsleep = true;
    this.#asleepUntil = Math.max(this.#asleepUntil, clock.now + ms);
    clock.after(ms, () => this.#wake());
  }

  onChange(): void {
    for (const follower of [...this.#followers.values()]) follower.onChange();
  }

  cut(): void {
    for (const follower of [...this.#followers.values()]) follower.cut();
  }

  input(input: RegistrationInput): void {
    if (this.isAwake) this.#handle(input);
    else this.#waiting.push(input);
  }

  #wake(): void {
    if (this.#dependencies.clock.now < this.#asleepUntil) return;
    this.#isAsleep = false;
    this.#checkLeases();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#handle(next);
  }

  #handle(input: RegistrationInput): void {
    const { clock, oracle, trace } = this.#dependencies;
    trace.record(clock.now, 2, input.type.length, 0, () => `> ${describeInput(input)}`);
    oracle.beforeInput(input);
    const { lease, revision } = this.core;
    const wasClosed = this.isClosed;
    const effects = this.core.handle(input, clock.now);
    if (!wasClosed && this.isClosed) {
      oracle.onClose(givenBackBy(effects, lease));
      this.#expectEnd(clock.now + closeTimeoutMs);
    }
    oracle.afterInput(input, effects, this.core, { lease, revision });
    for (const effect of effects) {
      trace.record(clock.now, 3, effect.type.length, 'request' in effect ? effect.request : 0, () =>
        describeEffect(effect),
      );
      oracle.checkEffect(effect);
      this.#perform(effect);
      if (effect.type === 'mark') this.#expectRevoke(clock.now + markTimeoutMs);
    }
  }

  #expectRevoke(at: number): void {
    const { clock, oracle } = this.#dependencies;
    clock.after(at + 20 - clock.now, () => {
      if (!this.isAwake) this.#expectRevoke(clock.now + 50);
      else if (oracle.mark.isPending) oracle.violate('mark', 'the revoke waits for the mark for too long');
    });
  }

  #expectEnd(at: number): void {
    const { clock, oracle } = this.#dependencies;
    clock.after(at + 20 - clock.now, () => {
      if (!this.isAwake) this.#expectEnd(clock.now + 50);
      else if (!oracle.end) oracle.violate('R6', 'the end takes too long');
    });
  }

  #perform(effect: RegistrationEffect): void {
    const { clock, network, store } = this.#dependencies;
    switch (effect.type) {
      case 'grant':
        this.#grant(effect.request, effect.timeoutMs);
        return;
      case 'write':
        this.#request(
          effect.request,
          effect.timeoutMs,
          () => store.txn(effect.txn),
          (result) => ({
            type: 'written',
            request: effect.request,
            result,
          }),
        );
        return;
      case 'follow':
        this.#follow(effect.request, effect.from);
        return;
      case 'check-lease':
        this.#request(
          effect.request,
          undefined,
          () => store.leases.has(effect.lease),
          (isAlive) => ({
            type: 'lease-state',
            request: effect.request,
            isAlive,
          }),
        );
        return;
      case 'cancel':
        this.#followers.get(effect.request)?.cancel();
        this.#followers.delete(effect.request);
        return;
      case 'revoke':
        this.#held.delete(effect.lease);
        network.request(
          callTimeoutMs,
          () => store.revoke(effect.lease, 'revoke'),
          (answer) => this.input({ type: 'revoked', lease: effect.lease, isRevoked: 'value' in answer }),
        );
        return;
      case 'mark':
        this.#request(
          effect.request,
          undefined,
          () => store.txn(effect.txn),
          () => ({ type: 'marked', request: effect.request }),
        );
        return;
      case 'delete-orphan':
        this.#request(
          effect.request,
          effect.timeoutMs,
          () => store.txn(effect.txn),
          () => ({
            type: 'orphan-deleted',
            request: effect.request,
          }),
        );
        return;
      case 'wake-at':
        this.#cancelTimer?.();
        this.#cancelTimer =
          effect.at === Number.POSITIVE_INFINITY
            ? undefined
            : clock.after(Math.max(0, effect.at - clock.now), () => {
                this.#cancelTimer = undefined;
                this.input({ type: 'timer' });
              });
        return;
      case 'started':
      case 'settle':
      case 'event':
      case 'end':
        return;
    }
  }

  #request<T>(
    request: number,
    timeoutMs: number | undefined,
    serve: () => T,
    toInput: (value: T) => RegistrationInput,
  ): void {
    this.#dependencies.network.request(timeoutMs ?? callTimeoutMs, serve, (answer) =>
      this.input(
        'value' in answer ? toInput(answer.value) : { type: 'failed', request, error: answer.error },
      ),
    );
  }

  #grant(request: number, timeoutMs: number | undefined): void {
    const { clock, network, oracle, store } = this.#dependencies;
    const lease = this.#nextLease++;
    const sentAt = clock.now;
    network.request(
      timeoutMs ?? callTimeoutMs,
      () => store.grant(lease, this.#ttlMs, clock.now, true),
      (answer) => {
        // As LeaseClient.hold does: revokes a lease that may have been granted.
        if ('error' in answer) {
          network.request(
            callTimeoutMs,
            () => store.revoke(lease, 'revoke'),
            () => {},
          );
          this.input({ type: 'failed', request, error: answer.error });
          return;
        }
        oracle.onGranted(lease);
        const held = { ttlMs: this.#ttlMs, heldUntil: sentAt + this.#ttlMs * 0.98 };
        this.#held.set(lease, held);
        this.#renewLater(lease, held);
        this.#watchEnd(lease, held);
        this.input({ type: 'granted', request, lease, ttlMs: this.#ttlMs });
      },
    );
  }

  #follow(request: number, from: bigint): void {
    const { clock, network, store } = this.#dependencies;
    const follower = new KeyFollower(
      { clock, network, read: () => ({ kv: store.kv, revision: store.revision }) },
      from,
      () => this.core.revision ?? 0n,
      ({ kv, revision }) => this.input({ type: 'state', request, kv, revision }),
      (error) => this.input({ type: 'failed', request, error }),
    );
    this.#followers.set(request, follower);
  }

  // Leases.

  #renewLater(lease: bigint, held: RenewedLease): void {
    const { clock, network } = this.#dependencies;
    clock.after(network.isUp ? held.ttlMs / 3 : 500, () => this.#renew(lease, held));
  }

  #renew(lease: bigint, held: RenewedLease): void {
    const { clock, network, store } = this.#dependencies;
    if (this.#held.get(lease) !== held) return;
    if (!this.isAwake || !network.isUp) {
      clock.after(500, () => this.#renew(lease, held));
      return;
    }
    const sentAt = clock.now;
    network.request(
      callTimeoutMs,
      () => {
        const found = store.leases.get(lease);
        if (found) found.endsAt = clock.now + found.ttlMs;
        return found !== undefined;
      },
      (answer) => {
        if (this.#held.get(lease) !== held) return;
        if ('value' in answer && !answer.value) this.#end(lease, 'expired');
        else if ('value' in answer) held.heldUntil = Math.max(held.heldUntil, sentAt + held.ttlMs * 0.98);
      },
    );
    this.#renewLater(lease, held);
  }

  #watchEnd(lease: bigint, held: RenewedLease): void {
    const { clock } = this.#dependencies;
    clock.after(Math.max(1, held.heldUntil - clock.now), () => {
      if (this.#held.get(lease) !== held) return;
      if (this.isAwake) this.#checkLeases();
      this.#watchEnd(lease, held);
    });
  }

  #checkLeases(): void {
    for (const [lease, { heldUntil }] of [...this.#held])
      if (this.#dependencies.clock.now >= heldUntil) this.#end(lease, 'lost-contact');
  }

  #end(lease: bigint, reason: string): void {
    this.#held.delete(lease);
    const error = new EtcdError(`the lease has ended: ${reason}`, { code: 5, verdict: 'not-applied' });
    this.input({ type: 'lease-ended', lease, error });
  }
}

/** The leases that a close revokes, at once or after the mark. */
function givenBackBy(effects: readonly RegistrationEffect[], recordLease: bigint | undefined): Set<bigint> {
  const leases = new Set(effects.flatMap((effect) => (effect.type === 'revoke' ? [effect.lease] : [])));
  if (recordLease !== undefined) leases.add(recordLease);
  return leases;
}
