import type { BackoffOptions } from '../../async/time/backoff.js';
import { Pacer } from '../../async/time/pacer.js';
import { ClosedError, DeadlineError, type EtcdError, LeaseNotFoundError } from '../../errors/index.js';
import type { TxnResult } from '../../kv/index.js';
import { type KeyState, type KeyValue, type LeaseId, printable, type Revision } from '../../model/index.js';
import { type LockLoss, LockLostError } from '../lock-lost-error.js';
import { canRequeue, isFinal, lossOf } from './errors.js';
import { Place } from './place.js';
import type { AcquisitionEffect, AcquisitionInput, RequestKey } from './protocol.js';
import { checkTxn, joinIfEmptyTxn, joinTxn, keyOf, keysOf, leaveTxn, probeTxn } from './requests.js';

export interface AcquisitionCoreOptions {
  /** What errors call it, such as `the lock 'jobs'`. */
  readonly what: string;
  /** The prefix of the queue's keys: the name and a slash. */
  readonly prefix: Buffer;
  /** The value of the own key: empty for a lock, the proposal for an election. */
  readonly value: Buffer;
  /** `try` does not join a queue that has a key. */
  readonly mode: 'wait' | 'try';
  /** Whether to join the queue again, at its end, when the place is lost while waiting. */
  readonly requeue: boolean;
}

/**
 * - `probe`, `grant`, `join`: the transaction or the grant is in flight, or paused after a failure;
 * - `wait`: the own key is in the queue, and the key before it is followed, or the queue is read;
 * - `own`: the own key was the first; `leave`: it is being deleted.
 */
type Step = 'idle' | 'probe' | 'grant' | 'join' | 'wait' | 'own' | 'leave' | 'ended';

/** With jitter, so that the processes that lost etcd together do not retry together. */
const retryBackoff: BackoffOptions = { baseMs: 200, maxMs: 5_000 };

/**
 * Acquires the first place of a queue, with a lease and a key of its own, watches over it, and gives it back. Pure:
 * every input carries the time, and actions are returned as effects, in order.
 */
export class AcquisitionCore {
  readonly #options: AcquisitionCoreOptions;
  readonly #retryPacer: Pacer;
  #effects: AcquisitionEffect[] = [];
  #now = 0;
  #step: Step = 'idle';
  #nextRequest = 1;
  /** The grant or transaction in flight. */
  #request: RequestKey | undefined;
  /** When the step's request is sent again. */
  #retryAt = Number.POSITIVE_INFINITY;
  #timeoutMs = Number.POSITIVE_INFINITY;
  #deadline = Number.POSITIVE_INFINITY;
  #wakeAt = Number.POSITIVE_INFINITY;
  #place: Place | undefined;
  /** The lease that `release` waits for: that of an earlier place may be left at the same time. */
  #releasing: LeaseId | undefined;
  /** The failure that delays the current step. */
  #lastError: EtcdError | undefined;

  /** @param random Returns a number in [0, 1). */
  constructor(options: AcquisitionCoreOptions, random: () => number) {
    this.#options = options;
    this.#retryPacer = new Pacer(retryBackoff, { now: () => this.#now }, random);
  }

  handle(input: AcquisitionInput, now: number): readonly AcquisitionEffect[] {
    const effects: AcquisitionEffect[] = [];
    this.#effects = effects;
    this.#now = now;
    this.#dispatch(input);
    if (this.#isAcquiring && now >= this.#deadline) this.#refuse(this.#deadlineError());
    if (now >= this.#retryAt) this.#sendRequest();
    this.#armTimer();
    return effects;
  }

  #dispatch(input: AcquisitionInput): void {
    switch (input.type) {
      case 'start':
        this.#timeoutMs = input.timeoutMs;
        this.#deadline = this.#now + input.timeoutMs;
        this.#begin(this.#options.mode === 'try' ? 'probe' : 'grant');
        return;
      case 'granted':
        this.#onGranted(input.request, input.lease);
        return;
      case 'answered':
        if (input.request === this.#request) this.#onAnswer(input.result);
        return;
      case 'failed':
        this.#onFailed(input.request, input.error);
        return;
      case 'state':
        this.#onState(input.request, input);
        return;
      case 'follow-failure':
        if (this.#place?.isFollowing(input.request)) this.#lastError ??= input.error;
        return;
      case 'lease-ended':
        if (input.lease === this.#place?.lease) this.#lose(input.loss, input.error.message, input.error);
        return;
      case 'guard-failed':
        if (this.#step === 'own') this.#loseKey();
        return;
      case 'abort':
        if (this.#isAcquiring) this.#end();
        return;
      case 'release':
        if (this.#step === 'own') this.#release();
        return;
      case 'left':
        if (input.lease === this.#releasing) this.#onReleased(input.error);
        return;
      case 'timer':
        return;
    }
  }

  get #isAcquiring(): boolean {
    return this.#step === 'probe' || this.#step === 'grant' || this.#step === 'join' || this.#step === 'wait';
  }

  // Requests.

  #begin(step: Step): void {
    this.#step = step;
    this.#sendRequest();
  }

  /** Sends the request of the current step. */
  #sendRequest(): void {
    this.#retryAt = Number.POSITIVE_INFINITY;
    const request = this.#nextRequest++;
    this.#request = request;
    const { prefix, value, mode } = this.#options;
    const queue = { prefix };
    if (this.#step === 'grant') {
      this.#emit({ type: 'grant', request });
    } else if (this.#step === 'probe') {
      this.#emit({ type: 'txn', request, txn: probeTxn(queue) });
    } else if (this.#place) {
      const { createRevision } = this.#place;
      const join = mode === 'try' ? joinIfEmptyTxn : joinTxn;
      const txn =
        createRevision === undefined
          ? join(queue, this.#place, value)
          : checkTxn(queue, this.#place, createRevision);
      this.#emit({ type: 'txn', request, txn });
    }
  }

  #retryLater(error: EtcdError | undefined): void {
    this.#lastError = error;
    this.#retryAt = this.#now + this.#retryPacer.nextDelayMs();
  }

  #onGranted(request: RequestKey, lease: LeaseId): void {
    if (this.#step !== 'grant' || request !== this.#request) {
      this.#emit({ type: 'leave', lease }); // granted after an abort
      return;
    }
    this.#lastError = undefined;
    this.#place = new Place(keyOf(this.#options, lease), lease);
    this.#begin('join');
  }

  #onFailed(request: RequestKey, error: EtcdError): void {
    if (request === this.#request) {
      this.#request = undefined;
      this.#onRequestFailed(error);
    } else if (this.#place?.endFollow(request)) {
      this.#onFollowEnded(error);
    }
  }

  #onRequestFailed(error: EtcdError): void {
    if (this.#place && error instanceof LeaseNotFoundError) this.#lose('lease-expired', error.message, error);
    else if (isFinal(error)) this.#onFinalError(error);
    else this.#retryLater(error);
  }

  /** The store was wiped, restored or replaced: the queue is read again, and shows whether the key survived. */
  #onFollowEnded(error: EtcdError): void {
    if (isFinal(error)) this.#onFinalError(error);
    else if (this.#isIdle) this.#retryLater(error);
  }

  #onFinalError(error: EtcdError): void {
    if (this.#step !== 'own') this.#refuse(error);
    else this.#lose(lossOf(error), error.message, error);
  }

  /** Whether no request is in flight and none is planned. */
  get #isIdle(): boolean {
    return this.#request === undefined && this.#retryAt === Number.POSITIVE_INFINITY;
  }

  // Answers.

  #onAnswer(result: TxnResult): void {
    this.#request = undefined;
    this.#lastError = undefined;
    if (!this.#place) this.#onProbed(result);
    else if (this.#step === 'join') this.#onJoined(this.#place, result);
    else this.#onView(this.#place, keysOf(result, 0)[0], keysOf(result, 1)[0], result.revision);
  }

  #onProbed(result: TxnResult): void {
    if (keysOf(result, 0).length > 0) this.#onTaken();
    else this.#begin('grant');
  }

  #onJoined(place: Place, result: TxnResult): void {
    const [own, predecessor] = keysOf(result, result.succeeded ? 1 : 0);
    if (!own) {
      this.#onTaken(); // only with the mode `try`
      return;
    }
    // A client created the key again, without the lease, after the earlier attempt whose answer was lost.
    if (!result.succeeded && own.lease !== place.lease) {
      this.#loseKey();
      return;
    }
    place.createRevision = own.createRevision;
    this.#step = 'wait';
    if (result.succeeded) this.#onView(place, own, predecessor, result.revision);
    // An earlier attempt was applied and its answer lost: whether there is an older key is not known.
    else this.#sendRequest();
  }

  #onTaken(): void {
    this.#end();
    this.#emit({ type: 'taken' });
  }

  /** Decides by one view of the store: the own key, and the newest of the older ones. */
  #onView(
    place: Place,
    own: KeyValue | undefined,
    predecessor: KeyValue | undefined,
    revision: Revision,
  ): void {
    if (!place.isOwn(own) || (this.#step === 'own' && predecessor)) {
      this.#loseKey();
      return;
    }
    place.ownFollow ??= this.#follow(place.key, revision);
    if (this.#step === 'own') return;
    if (predecessor) this.#followPredecessor(place, predecessor, revision);
    else this.#acquire(place, own.createRevision, revision);
  }

  #acquire(place: Place, createRevision: Revision, token: Revision): void {
    this.#cancel(place.predecessor?.request);
    place.predecessor = undefined;
    this.#step = 'own';
    this.#emit({ type: 'acquired', lease: place.lease, key: place.key, createRevision, token });
  }

  // Followed keys.

  #followPredecessor(place: Place, { key, createRevision }: KeyValue, revision: Revision): void {
    if (place.predecessor?.createRevision === createRevision) return;
    this.#cancel(place.predecessor?.request);
    place.predecessor = { request: this.#follow(key, revision), key, createRevision };
  }

  #follow(key: Buffer, from: Revision): RequestKey {
    const request = this.#nextRequest++;
    this.#emit({ type: 'follow', request, key, from });
    return request;
  }

  #onState(request: RequestKey, { kv }: KeyState): void {
    const place = this.#place;
    if (!place) return;
    if (request === place.ownFollow) {
      if (!place.isOwn(kv)) this.#loseKey();
    } else if (request === place.predecessor?.request) {
      if (kv?.createRevision !== place.predecessor.createRevision) this.#onPredecessorGone(place, request);
    }
  }

  /** The predecessor may have been a waiter that gave up: the queue is read to see which key is before the own one. */
  #onPredecessorGone(place: Place, request: RequestKey): void {
    this.#cancel(request);
    place.predecessor = undefined;
    if (this.#isIdle) this.#sendRequest();
  }

  // Ends.

  #loseKey(): void {
    this.#lose(
      'key-deleted',
      'its key is gone: its lease ended, a client deleted it, or the store was replaced',
    );
  }

  #lose(loss: LockLoss, why: string, cause?: EtcdError): void {
    const error = new LockLostError(this.#options.what, loss, why, cause);
    if (this.#step === 'own') {
      // First of all, so that the owner learns of it before anything else happens.
      this.#emit({ type: 'lost', error });
      this.#end();
    } else if (this.#options.requeue && canRequeue(loss)) {
      this.#leave();
      this.#step = 'grant';
      this.#retryLater(error);
    } else {
      this.#refuse(loss === 'closed' ? new ClosedError('the client') : error);
    }
  }

  #refuse(error: EtcdError): void {
    this.#end();
    this.#emit({ type: 'refused', error });
  }

  #release(): void {
    this.#releasing = this.#place?.lease;
    this.#leave();
    this.#step = 'leave';
  }

  #onReleased(error: EtcdError | undefined): void {
    this.#releasing = undefined;
    this.#step = 'ended';
    this.#emit({ type: 'released', ...(error === undefined ? {} : { error }) });
  }

  /** Ends the acquisition. The lease of a grant in flight is revoked when it is granted. */
  #end(): void {
    this.#leave();
    this.#step = 'ended';
  }

  #leave(): void {
    const place = this.#place;
    this.#retryAt = Number.POSITIVE_INFINITY;
    if (this.#step !== 'grant') this.#cancel(this.#request);
    this.#request = undefined;
    this.#place = undefined;
    if (!place) return;
    this.#cancel(place.ownFollow);
    this.#cancel(place.predecessor?.request);
    const { lease, createRevision } = place;
    const txn = createRevision === undefined ? {} : { txn: leaveTxn(place, createRevision) };
    this.#emit({ type: 'leave', lease, ...txn });
  }

  #cancel(request: RequestKey | undefined): void {
    if (request !== undefined) this.#emit({ type: 'cancel', request });
  }

  #emit(effect: AcquisitionEffect): void {
    this.#effects.push(effect);
  }

  #deadlineError(): DeadlineError {
    const { predecessor } = this.#place ?? {};
    const waitsFor = predecessor ? `: it waits for the key '${printable(predecessor.key)}'` : '';
    const why = this.#lastError ? `: ${this.#lastError.message}` : waitsFor;
    return new DeadlineError(`${this.#options.what} was not acquired within ${this.#timeoutMs} ms${why}`, {
      verdict: 'not-applied',
      cause: this.#lastError,
    });
  }

  #armTimer(): void {
    const at = Math.min(this.#retryAt, this.#isAcquiring ? this.#deadline : Number.POSITIVE_INFINITY);
    if (at === this.#wakeAt) return;
    this.#wakeAt = at;
    this.#emit({ type: 'wake-at', at });
  }
}
