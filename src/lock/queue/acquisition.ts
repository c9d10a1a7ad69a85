import { AsyncResource } from 'node:async_hooks';
import {
  EffectLoop,
  inRootContext,
  MovableTimer,
  onAbort,
  refClock,
  systemClock,
} from '../../async/index.js';
import { type EtcdError, RolledBackError, toEtcdError } from '../../errors/index.js';
import type { Txn } from '../../kv/index.js';
import type { HeldLease, LeaseEnd } from '../../lease/index.js';
import { leaseLossError } from '../../lease/lease-loss-error.js';
import { KeyFollower } from '../../mirror/index.js';
import type { LeaseId, Revision } from '../../model/index.js';
import {
  type Acquired,
  AcquisitionCore,
  type AcquisitionCoreOptions,
  type AcquisitionEffect,
  type AcquisitionInput,
  type RequestKey,
} from '../core/index.js';
import type { LockLoss, LockLostError } from '../lock-lost-error.js';
import type { QueueClient } from './ports.js';

export interface AcquisitionCallbacks {
  readonly acquired: (acquired: Acquired, lease: HeldLease) => void;
  readonly taken: () => void;
  readonly refused: (error: EtcdError) => void;
  readonly lost: (error: LockLostError) => void;
  readonly released: (error: EtcdError | undefined) => void;
}

/** A granted lease, and the function that stops listening to its end. */
interface GrantedLease {
  readonly held: HeldLease;
  end?: LeaseEnd;
  readonly removeListener: () => void;
}

/** Performs the core's effects; owns the lease, the requests, the followed keys and the timer. */
export class Acquisition {
  readonly #client: QueueClient;
  readonly #ttlSeconds: number;
  readonly #callbacks: AcquisitionCallbacks;
  readonly #requests = new Map<RequestKey, { abort(): void }>();
  readonly #leases = new Map<LeaseId, GrantedLease>();
  readonly #loop: EffectLoop<AcquisitionInput, AcquisitionEffect>;
  /**
   * The largest revision of an answer for the current place. A store below it was restored, and the order of the queue may
   * be another. When that is found, the queue is read again, and the answers of the old store no longer count.
   */
  #storeRevision: Revision = 0n;
  /** Keeps the process alive during a pause, when nothing else does. */
  readonly #timer = new MovableTimer(refClock, () => this.dispatch({ type: 'timer' }));

  /**
   * The asynchronous context of whoever waits: of the caller until the acquisition has succeeded or failed, and of a caller
   * of `release()`. No caller waits for anything else, such as the loss.
   */
  #caller: AsyncResource | undefined = new AsyncResource('ETCD_ACQUISITION');
  #isReleased = false;

  constructor(
    client: QueueClient,
    options: AcquisitionCoreOptions & { readonly ttlSeconds: number },
    callbacks: AcquisitionCallbacks,
  ) {
    this.#client = client;
    this.#ttlSeconds = options.ttlSeconds;
    this.#callbacks = callbacks;
    const core = new AcquisitionCore(options, Math.random);
    this.#loop = new EffectLoop(
      (input) => core.handle(input, systemClock.now()),
      (effect) => this.#performInContext(effect),
    );
  }

  dispatch(input: AcquisitionInput): void {
    if (input.type === 'abort') this.#caller = undefined;
    if (input.type === 'release') {
      this.#caller = new AsyncResource('ETCD_RELEASE');
      this.#isReleased = true;
    }
    this.#loop.dispatch(input);
  }

  #performInContext(effect: AcquisitionEffect): void {
    const caller = this.#isInBackground(effect) ? undefined : this.#caller;
    if (endsWait(effect)) this.#caller = undefined;
    const perform = () => this.#perform(effect);
    if (caller) caller.runInAsyncScope(perform);
    else inRootContext(perform);
  }

  /** The own key is followed as long as it exists. No caller waits for the clean-up, except after `release()`. */
  #isInBackground({ type }: AcquisitionEffect): boolean {
    return type === 'follow' || (type === 'leave' && !this.#isReleased);
  }

  #perform(effect: AcquisitionEffect): void {
    switch (effect.type) {
      case 'grant':
        this.#grant(effect.request);
        return;
      case 'txn':
        this.#txn(effect.request, effect.txn);
        return;
      case 'follow':
        this.#follow(effect.request, effect.key, effect.from);
        return;
      case 'cancel':
        this.#requests.get(effect.request)?.abort();
        this.#requests.delete(effect.request);
        return;
      case 'leave':
        this.#leave(effect.lease, effect.txn);
        return;
      case 'wake-at':
        this.#timer.setAt(effect.at);
        return;
      case 'acquired':
        this.#acquired(effect);
        return;
      case 'taken':
        this.#callbacks.taken();
        return;
      case 'refused':
        this.#callbacks.refused(effect.error);
        return;
      case 'lost':
        this.#callbacks.lost(effect.error);
        return;
      case 'released':
        this.#callbacks.released(effect.error);
    }
  }

  #grant(request: RequestKey): void {
    this.#storeRevision = 0n; // a new place, perhaps in another store
    this.#client.lease.hold({ ttlSeconds: this.#ttlSeconds }).then(
      (held) => this.#granted(request, held),
      (error: unknown) => this.#failed(request, error),
    );
  }

  #granted(request: RequestKey, held: HeldLease): void {
    let removeListener = () => {};
    this.#leases.set(held.id, { held, removeListener: () => removeListener() });
    this.dispatch({ type: 'granted', request, lease: held.id });
    if (!this.#leases.has(held.id)) return;
    // The signal and not the promise: it aborts synchronously, so the core learns of the end before any later answer.
    removeListener = onAbort(held.signal, (end) => this.#leaseEnded(held, end as LeaseEnd));
  }

  #leaseEnded(held: HeldLease, end: LeaseEnd): void {
    const granted = this.#leases.get(held.id);
    if (granted) granted.end = end;
    const error = leaseLossError(held, end);
    this.dispatch({ type: 'lease-ended', lease: held.id, loss: lossOfEnd(end), error });
  }

  #txn(request: RequestKey, txn: Txn): void {
    const controller = new AbortController();
    this.#requests.set(request, controller);
    this.#client.kv.txn(txn, { signal: controller.signal, idempotent: true }).then(
      (result) => {
        this.#requests.delete(request);
        this.#endExpiredLeases();
        if (result.revision > this.#storeRevision) this.#storeRevision = result.revision;
        this.dispatch({ type: 'answered', request, result });
      },
      (error: unknown) => this.#failed(request, error),
    );
  }

  /**
   * The process may have been blocked since the answer was received: a lease that expired meanwhile must end first, or
   * the answer would be taken for an acquisition.
   */
  #endExpiredLeases(): void {
    for (const { held } of this.#leases.values()) void held.held;
  }

  #follow(request: RequestKey, key: Buffer, from: Revision): void {
    const follower = new KeyFollower(this.#client, {
      key,
      from,
      knownRevision: () => this.#storeRevision,
      onState: (state) => this.dispatch({ type: 'state', request, ...state }),
      onFailure: (error) => this.dispatch({ type: 'follow-failure', request, error }),
      onEnd: (error) => this.#followEnded(request, error),
    });
    this.#requests.set(request, follower);
    follower.start();
  }

  #followEnded(request: RequestKey, error: unknown): void {
    if (error instanceof RolledBackError) this.#storeRevision = 0n;
    this.#failed(request, error);
  }

  #failed(request: RequestKey, error: unknown): void {
    this.#requests.delete(request);
    this.dispatch({ type: 'failed', request, error: toEtcdError(error) });
  }

  #acquired(acquired: Acquired): void {
    const lease = this.#leases.get(acquired.lease);
    if (lease) this.#callbacks.acquired(acquired, lease.held);
  }

  #leave(id: LeaseId, txn: Txn | undefined): void {
    const lease = this.#leases.get(id);
    if (!lease) return;
    this.#leases.delete(id);
    lease.removeListener();
    // A lock that is held when the client closes is not released.
    if (lease.end?.reason === 'closed') return;
    const work: Promise<unknown>[] = txn ? [this.#client.kv.txn(txn, { idempotent: true })] : [];
    // After a revoke by this process, another one would be answered that there is no such lease.
    if (lease.end?.reason !== 'revoked') work.push(lease.held.revoke());
    void Promise.allSettled(work).then((outcomes) => {
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
      // Either of them deletes the key. It is reported when both have ended, so that no request is left then.
      const [first] = failures.length === outcomes.length ? failures : [];
      this.dispatch({ type: 'left', lease: id, ...(first && { error: toEtcdError(first.reason) }) });
    });
  }
}

function endsWait({ type }: AcquisitionEffect): boolean {
  return type === 'acquired' || type === 'taken' || type === 'refused' || type === 'released';
}

function lossOfEnd({ reason }: LeaseEnd): LockLoss {
  switch (reason) {
    case 'expired':
      return 'lease-expired';
    case 'revoked':
      return 'lease-revoked';
    default:
      return reason;
  }
}
