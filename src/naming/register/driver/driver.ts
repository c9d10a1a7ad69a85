import { AsyncResource } from 'node:async_hooks';
import { EffectLoop, inRootContext, MovableTimer, refClock, systemClock } from '../../../async/index.js';
import { type EtcdError, toEtcdError } from '../../../errors/index.js';
import type { Txn, TxnResult } from '../../../kv/index.js';
import type { HeldLease } from '../../../lease/index.js';
import { leaseLossError } from '../../../lease/lease-loss-error.js';
import { KeyFollower } from '../../../mirror/index.js';
import type { LeaseId, Revision } from '../../../model/index.js';
import type { NamingClient } from '../../ports.js';
import type {
  CallKey,
  RegistrationCore,
  RegistrationEffect,
  RegistrationInput,
  RequestKey,
  WriteResult,
} from '../core/index.js';
import type { RegistrationEnd, RegistrationEvent } from '../types.js';

export interface DriverCallbacks {
  /** The core has handled an input; its effects follow. */
  readonly handled: (input: RegistrationInput, effects: readonly RegistrationEffect[]) => void;
  readonly started: (error: EtcdError | undefined) => void;
  readonly settled: (call: CallKey, error: EtcdError | undefined) => void;
  readonly event: (event: RegistrationEvent) => void;
  readonly ended: (end: RegistrationEnd) => void;
}

/** Performs the core's effects; owns the requests, the leases and the timer. */
export class RegistrationDriver {
  readonly #core: RegistrationCore;
  readonly #client: NamingClient;
  readonly #key: string;
  readonly #ttlSeconds: number;
  readonly #callbacks: DriverCallbacks;
  readonly #requests = new Map<RequestKey, { abort(): void }>();
  /** Whether the record was ever stored. */
  #isStored = false;
  /** Set when the record is marked at the end: the client may be closed before the lease is revoked. */
  #isClosedByOwner = false;
  readonly #leases = new Map<LeaseId, HeldLease>();
  readonly #loop: EffectLoop<RegistrationInput, RegistrationEffect>;
  /** Keeps the process alive, because between two leases nothing else does. */
  readonly #timer = new MovableTimer(refClock, () => this.dispatch({ type: 'timer' }));
  /**
   * The asynchronous context of the caller of `register()`, while it waits. All later work has the context of no caller,
   * also that which a caller causes: several updates are one write, and a drain or a close includes earlier updates.
   */
  #caller: AsyncResource | undefined = new AsyncResource('ETCD_REGISTRATION');

  constructor(
    core: RegistrationCore,
    client: NamingClient,
    key: string,
    ttlSeconds: number,
    callbacks: DriverCallbacks,
  ) {
    this.#core = core;
    this.#client = client;
    this.#key = key;
    this.#ttlSeconds = ttlSeconds;
    this.#callbacks = callbacks;
    this.#loop = new EffectLoop(
      (input) => {
        const effects = core.handle(input, systemClock.now());
        callbacks.handled(input, effects);
        return effects;
      },
      (effect) => this.#performInContext(effect),
    );
  }

  dispatch(input: RegistrationInput): void {
    if (input.type === 'close') this.#caller = undefined;
    this.#inContext(this.#caller, () => this.#loop.dispatch(input));
  }

  #inContext(caller: AsyncResource | undefined, work: () => void): void {
    if (caller) caller.runInAsyncScope(work);
    else inRootContext(work);
  }

  #performInContext(effect: RegistrationEffect): void {
    const caller = isInBackground(effect) ? undefined : this.#caller;
    if (effect.type === 'started') this.#caller = undefined;
    this.#inContext(caller, () => this.#perform(effect));
  }

  #perform(effect: RegistrationEffect): void {
    switch (effect.type) {
      case 'grant':
        this.#grant(effect.request, effect.timeoutMs);
        return;
      case 'write':
        this.#write(effect.request, effect.txn, effect.timeoutMs);
        return;
      case 'follow':
        this.#follow(effect.request, effect.from);
        return;
      case 'check-lease':
        this.#checkLease(effect.request, effect.lease);
        return;
      case 'cancel':
        this.#requests.get(effect.request)?.abort();
        this.#requests.delete(effect.request);
        return;
      case 'revoke':
        this.#revoke(effect.lease);
        return;
      case 'mark':
        this.#mark(effect.request, effect.txn);
        return;
      case 'delete-orphan':
        this.#deleteOrphan(effect.request, effect.txn, effect.timeoutMs);
        return;
      case 'wake-at':
        this.#timer.setAt(effect.at);
        return;
      case 'started':
        this.#callbacks.started(effect.error);
        return;
      case 'settle':
        this.#callbacks.settled(effect.call, effect.error);
        return;
      case 'event':
        this.#callbacks.event(effect.event);
        return;
      case 'end':
        this.#callbacks.ended(effect.end);
    }
  }

  /** Returns the signal of a request; the effect `cancel` aborts it. */
  #signalFor(request: RequestKey): AbortSignal {
    const controller = new AbortController();
    this.#requests.set(request, controller);
    return controller.signal;
  }

  /** Passes the answer of a request to the core. */
  #forwardAnswer<T>(request: RequestKey, answer: Promise<T>, toInput: (value: T) => RegistrationInput): void {
    answer.then(
      (value) => {
        this.#requests.delete(request);
        this.dispatch(toInput(value));
      },
      (error: unknown) => this.#failed(request, error),
    );
  }

  #grant(request: RequestKey, timeoutMs: number | undefined): void {
    const options = {
      ttlSeconds: this.#ttlSeconds,
      signal: this.#signalFor(request),
      ...timeoutOption(timeoutMs),
    };
    this.#client.lease.hold(options).then(
      (lease) => this.#granted(request, lease),
      (error: unknown) => this.#failed(request, error),
    );
  }

  #granted(request: RequestKey, lease: HeldLease): void {
    this.#requests.delete(request);
    this.#leases.set(lease.id, lease);
    this.dispatch({ type: 'granted', request, lease: lease.id, ttlMs: lease.ttlSeconds * 1_000 });
    // The promise, because an abort signal with a listener needs five times the memory.
    void inRootContext(() =>
      lease.ended.then((end) => {
        if (this.#leases.get(lease.id) === lease)
          this.dispatch({ type: 'lease-ended', lease: lease.id, error: leaseLossError(lease, end) });
      }),
    );
  }

  #failed(request: RequestKey, error: unknown): void {
    this.#requests.delete(request);
    this.dispatch({ type: 'failed', request, error: toEtcdError(error) });
  }

  #write(request: RequestKey, txn: Txn, timeoutMs: number | undefined): void {
    const options = { signal: this.#signalFor(request), idempotent: true, ...timeoutOption(timeoutMs) };
    this.#forwardAnswer(request, this.#client.kv.txn(txn, options), (answer) => {
      const result = toWriteResult(answer);
      if (result.type === 'stored') this.#isStored = true;
      return { type: 'written', request, result };
    });
  }

  #follow(request: RequestKey, from: Revision): void {
    const follower = new KeyFollower(this.#client, {
      key: this.#key,
      from,
      knownRevision: () => this.#core.revision ?? 0n,
      onState: (state) => this.dispatch({ type: 'state', request, ...state }),
      onFailure: (error) => this.dispatch({ type: 'follow-failure', request, error }),
      onEnd: (error) => this.#failed(request, error),
    });
    this.#requests.set(request, follower);
    follower.start();
  }

  #checkLease(request: RequestKey, lease: LeaseId): void {
    const answer = this.#client.lease.timeToLive(lease, { signal: this.#signalFor(request) });
    this.#forwardAnswer(request, answer, (found) => ({
      type: 'lease-state',
      request,
      isAlive: found !== undefined,
    }));
  }

  #revoke(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (!lease) return;
    this.#leases.delete(id);
    // A record that is stored when the client closes is not deleted: it expires with its lease.
    const isLeft = this.#client.closed && this.#isStored && !this.#isClosedByOwner;
    const revoked = isLeft ? lease.close().then(() => false) : lease.revoke().then(() => true);
    revoked.then(
      (isRevoked) => this.dispatch({ type: 'revoked', lease: id, isRevoked }),
      () => this.dispatch({ type: 'revoked', lease: id, isRevoked: false }),
    );
  }

  /** Not declared as idempotent: it is not sent again if it may have been applied. */
  #mark(request: RequestKey, txn: Txn): void {
    this.#isClosedByOwner = true;
    const answer = this.#client.kv.txn(txn, { signal: this.#signalFor(request) });
    this.#forwardAnswer(request, answer, () => ({ type: 'marked', request }));
  }

  #deleteOrphan(request: RequestKey, txn: Txn, timeoutMs: number): void {
    const answer = this.#client.kv.txn(txn, {
      signal: this.#signalFor(request),
      idempotent: true,
      timeoutMs,
    });
    this.#forwardAnswer(request, answer, () => ({ type: 'orphan-deleted', request }));
  }
}

/** No caller waits for the watch, or for the clean-up of a registration that failed. */
function isInBackground({ type }: RegistrationEffect): boolean {
  return type === 'follow' || type === 'revoke' || type === 'mark' || type === 'delete-orphan';
}

function timeoutOption(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}

function toWriteResult({ succeeded, results, revision }: TxnResult): WriteResult {
  if (succeeded) return { type: 'stored', revision };
  return { type: 'found', kv: results[0]?.type === 'range' ? results[0].kvs[0] : undefined, revision };
}
