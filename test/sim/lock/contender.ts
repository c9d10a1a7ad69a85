import { CompactedError, type EtcdError } from '#src/errors/index.js';
import type { Txn, TxnResult } from '#src/kv/index.js';
import {
  type Acquired,
  AcquisitionCore,
  type AcquisitionEffect,
  type AcquisitionInput,
} from '#src/lock/core/index.js';
import type { VirtualClock } from '../clock.js';
import { KeyFollower } from '../key-follower.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace.js';
import type { State } from './coverage.js';
import { describeEffect, describeInput } from './describe.js';
import type { Machine } from './machine.js';
import type { Oracle } from './oracle.js';
import { keyOf, prefix, type Store } from './store.js';

const callTimeoutMs = 4_000;
const leaveTimeoutMs = 10_000;
const resendMs = 60;

export interface ContenderParts {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly oracle: Oracle;
  readonly trace: Trace;
  readonly random: Random;
  readonly nextLease: () => bigint;
}

export interface ContenderOptions {
  readonly mode: 'wait' | 'try';
  readonly requeue: boolean;
  readonly ttlMs: number;
  readonly timeoutMs: number;
  /** Gives the lock back after this long. */
  readonly holdMs: number | undefined;
}

/** An acquisition in a process: performs the core's effects, as the driver does. */
export class Contender {
  readonly id: number;
  readonly machine: Machine;
  readonly options: ContenderOptions;
  acquired: Acquired | undefined;
  /** The last lease that was granted, and its key. */
  lease: bigint | undefined;
  /** The state for the coverage table; undefined when nothing is left to do. */
  state: State | undefined;
  #core: AcquisitionCore;
  #parts: ContenderParts;
  readonly #followers = new Map<number, KeyFollower>();
  readonly #followed = new Map<number, Buffer>();
  #cancelTimer: (() => void) | undefined;
  /** Whether the owner has not given it back, and the core has not reported its loss. */
  #isOwning = false;
  #leaving = 0;

  constructor(id: number, machine: Machine, options: ContenderOptions, parts: ContenderParts) {
    this.id = id;
    this.machine = machine;
    this.options = options;
    this.#parts = parts;
    const { mode, requeue } = options;
    this.#core = new AcquisitionCore(
      { what: 'the lock', prefix, value: Buffer.from(String(id)), mode, requeue },
      parts.random.next,
    );
    parts.oracle.onStart(this);
    this.input({ type: 'start', timeoutMs: options.timeoutMs });
  }

  /** `Lock.held`: reads the clock. */
  get held(): boolean {
    const { acquired, machine } = this;
    return this.#isOwning && acquired !== undefined && !machine.isDead && machine.isHeld(acquired.lease);
  }

  /** The key of its last lease. */
  get ownKey(): Buffer | undefined {
    return this.lease === undefined ? undefined : keyOf(this.lease);
  }

  /** Whether its driver has nothing left to do. */
  get isIdle(): boolean {
    return this.#followers.size === 0 && this.#cancelTimer === undefined && this.#leaving === 0;
  }

  get isOwning(): boolean {
    return this.#isOwning && !this.machine.isDead;
  }

  abort(): void {
    this.machine.run(() => {
      this.#parts.oracle.onAbort(this);
      this.input({ type: 'abort' });
    });
  }

  release(): void {
    this.machine.run(() => {
      if (!this.#isOwning) return;
      this.#isOwning = false;
      this.#parts.oracle.onRelease(this);
      this.input({ type: 'release' });
    });
  }

  /** `Lock.txn`, also of a lock that is not held any more. It changes the own key's value, as `proclaim` does. */
  guardedTxn(proclaims: boolean): void {
    const { acquired, machine } = this;
    if (!acquired || !machine.isAwake) return;
    const { key, createRevision } = acquired;
    const { oracle, store } = this.#parts;
    machine.network.request(
      callTimeoutMs,
      () => {
        const result = store.txn({
          compare: [{ target: 'create', key, result: '=', value: createRevision }],
          success: [
            proclaims
              ? { type: 'put', key, value: 'changed', options: { ignoreLease: true } }
              : { type: 'put', key: 'log', value: String(acquired.token) },
          ],
        });
        if (result.succeeded) oracle.onGuardedTxn(this);
        return result;
      },
      (answer) => {
        if ('value' in answer && !answer.value.succeeded)
          machine.run(() => this.input({ type: 'guard-failed' }));
      },
    );
  }

  /** The key has changed in the store. */
  onChange(key: Buffer): void {
    for (const [request, follower] of [...this.#followers])
      if (this.#followed.get(request)?.equals(key)) follower.onChange();
  }

  /** Its watches lose their connection. */
  cut(): void {
    for (const follower of [...this.#followers.values()]) follower.cut();
  }

  /** Its watches end, because the revision at which they would continue is compacted. */
  compact(): void {
    for (const [request, follower] of [...this.#followers]) {
      follower.cancel();
      this.#followers.delete(request);
      this.input({ type: 'failed', request, error: new CompactedError('compacted', 1n) });
    }
  }

  kill(): void {
    for (const follower of this.#followers.values()) follower.cancel();
    this.#followers.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#leaving = 0;
    this.state = undefined;
  }

  input(input: AcquisitionInput): void {
    this.machine.run(() => this.#handle(input));
  }

  #handle(input: AcquisitionInput): void {
    const { clock, oracle, trace } = this.#parts;
    trace.record(clock.now, 2, this.id, input.type.length, () => `${this.id}> ${describeInput(input)}`);
    const effects = this.#core.handle(input, this.machine.now);
    oracle.onEffects(this, input, effects);
    for (const effect of effects) {
      trace.record(clock.now, 3, this.id, effect.type.length, () => `${this.id} ${describeEffect(effect)}`);
      this.#perform(effect);
    }
    oracle.checkOwners();
  }

  #perform(effect: AcquisitionEffect): void {
    switch (effect.type) {
      case 'grant':
        this.state = 'granting';
        this.#grant(effect.request);
        return;
      case 'txn':
        if (this.state !== 'owning') this.state = this.#followers.size > 0 ? 'checking' : 'joining';
        this.#send(effect.request, effect.txn);
        return;
      case 'follow':
        if (this.state !== 'owning') this.state = 'waiting';
        this.#follow(effect.request, effect.key, effect.from);
        return;
      case 'cancel':
        this.#followers.get(effect.request)?.cancel();
        this.#followers.delete(effect.request);
        return;
      case 'leave':
        this.#leave(effect);
        return;
      case 'wake-at':
        this.#wakeAt(effect.at);
        return;
      case 'acquired':
        this.state = 'owning';
        this.acquired = effect;
        this.#isOwning = true;
        if (this.options.holdMs !== undefined)
          this.#parts.clock.after(this.options.holdMs, () => this.release());
        return;
      case 'lost':
        this.#isOwning = false;
        return;
      case 'taken':
      case 'refused':
      case 'released':
        if (this.#leaving === 0) this.state = undefined;
    }
  }

  #grant(request: number): void {
    const { clock, oracle, store } = this.#parts;
    const { machine, options } = this;
    const lease = this.#parts.nextLease();
    const sentAt = machine.now;
    machine.network.request(
      callTimeoutMs,
      () => store.grant(lease, options.ttlMs, clock.now),
      (answer) =>
        machine.run(() => {
          if ('error' in answer) {
            // As LeaseClient.hold does: revokes a lease that may have been granted.
            this.#revoke(lease, () => {});
            this.input({ type: 'failed', request, error: answer.error });
            return;
          }
          const earlier = this.lease;
          this.lease = lease;
          oracle.onGranted(this, earlier);
          machine.hold(lease, options.ttlMs, sentAt, (end) =>
            this.input({ type: 'lease-ended', lease, ...end }),
          );
          this.input({ type: 'granted', request, lease });
        }),
    );
  }

  /** A transaction may be sent again when its answer is lost. A cancelled one may still be executed and answered. */
  #send(request: number, txn: Txn): void {
    const { store, random, clock } = this.#parts;
    const { machine } = this;
    const answered = (answer: { readonly value: TxnResult } | { readonly error: EtcdError }) => {
      if ('value' in answer) this.input({ type: 'answered', request, result: answer.value });
      else if (answer.error.verdict === 'maybe-applied' && random.chance(0.5))
        clock.after(resendMs, () => machine.run(() => this.#send(request, txn)));
      else this.input({ type: 'failed', request, error: answer.error });
    };
    machine.network.request(
      callTimeoutMs,
      () => store.txn(txn),
      (answer) => machine.run(() => answered(answer)),
    );
  }

  #follow(request: number, key: Buffer, from: bigint): void {
    const { clock, store } = this.#parts;
    const { machine } = this;
    const read = () => {
      const { kvs, revision } = store.range(key);
      return { kv: kvs[0], revision };
    };
    this.#followed.set(request, key);
    const follower = new KeyFollower(
      { clock, network: machine.network, read },
      from,
      () => 0n,
      ({ kv, revision }) =>
        machine.run(() => {
          if (this.#followers.has(request)) this.input({ type: 'state', request, kv, revision });
        }),
      (error) =>
        machine.run(() => {
          if (this.#followers.delete(request)) this.input({ type: 'failed', request, error });
        }),
    );
    this.#followers.set(request, follower);
  }

  #leave({ lease, txn }: AcquisitionEffect & { readonly type: 'leave' }): void {
    const { store } = this.#parts;
    this.#leaving++;
    this.state = 'leaving';
    this.machine.release(lease);
    let open = txn ? 2 : 1;
    let isGone = false;
    let failure: EtcdError | undefined;
    const ended = (error: EtcdError | undefined) => {
      open--;
      if (error === undefined) isGone = true;
      else failure = error;
      if (open > 0) return;
      this.#leaving--;
      if (this.#leaving === 0 && this.state === 'leaving') this.state = undefined;
      this.input({ type: 'left', lease, ...(isGone || !failure ? {} : { error: failure }) });
    };
    this.#revoke(lease, ended);
    if (!txn) return;
    this.machine.network.request(
      leaveTimeoutMs,
      () => store.txn(txn),
      (answer) => this.machine.run(() => ended('error' in answer ? answer.error : undefined)),
    );
  }

  #revoke(lease: bigint, ended: (error: EtcdError | undefined) => void): void {
    const { store } = this.#parts;
    this.machine.network.request(
      leaveTimeoutMs,
      () => store.revoke(lease, 'revoke'),
      (answer) => this.machine.run(() => ended('error' in answer ? answer.error : undefined)),
    );
  }

  #wakeAt(at: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : this.machine.at(at, () => {
            this.#cancelTimer = undefined;
            this.#handle({ type: 'timer' });
          });
  }
}
