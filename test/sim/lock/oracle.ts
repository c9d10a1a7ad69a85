import { DeadlineError, type EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import type { Acquired, AcquisitionEffect, AcquisitionInput } from '#src/lock/core/index.js';
import { LockLostError } from '#src/lock/lock-lost-error.js';
import type { KeyValue } from '#src/model/index.js';
import { RetryPacing } from '../retry-pacing.js';
import type { Violation } from '../run-schedule.js';
import { type Attempt, isOpen, newAttempt, type Outcome } from './attempt.js';
import type { Contender } from './contender.js';
import { QueueHistory } from './queue-history.js';
import { type Cause, type Change, keyOf, prefix, type Store } from './store.js';

/** Longer than a late timer. */
const toleranceMs = 50;

/** For this long after a rollback, answers of the former store may arrive. */
const inFlightMs = 10_000;

/** What is true in etcd, against what the contenders report. */
export class Oracle {
  violation: Violation | undefined;
  readonly counts: Record<string, number> = {};
  /** A fault that excuses an error. */
  wasForbidden = false;
  readonly #store: () => Store;
  readonly #now: () => number;
  readonly #attempts = new Map<Contender, Attempt>();
  readonly #history: QueueHistory;
  readonly #usedLeases = new Set<bigint>();
  /** Every acquisition since the last wipe. */
  #acquisitions: (Acquired & { readonly of: Contender })[] = [];
  /** How many keys have left the queue. */
  #departures = 0;
  #rolledBackAt = Number.NEGATIVE_INFINITY;
  /** The token of the last guarded transaction. */
  #loggedToken = 0n;

  constructor(store: () => Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#history = new QueueHistory();
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text };
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  get contenders(): Iterable<Contender> {
    return this.#attempts.keys();
  }

  outcomeOf(contender: Contender): Outcome {
    return this.#of(contender).outcome;
  }

  /** Contenders that have neither ended nor died. */
  get open(): Contender[] {
    return [...this.#attempts]
      .filter(([{ machine }, { outcome }]) => !machine.isDead && isOpen(outcome))
      .map(([contender]) => contender);
  }

  /** Contenders that have not noticed that their key is gone. */
  get unaware(): Contender[] {
    return this.open.filter((contender) => {
      const { createRevision, outcome } = this.#of(contender);
      const { ownKey } = contender;
      if (!ownKey || createRevision === undefined || outcome === 'releasing') return false;
      return this.#store().get(ownKey)?.createRevision !== createRevision;
    });
  }

  // What happens to etcd.

  onAction(): void {
    for (const { pacing } of this.#attempts.values()) pacing.onAction();
  }

  onStoreChange({ key, kv, before, cause }: Change): void {
    const store = this.#store();
    if (!key.subarray(0, prefix.length).equals(prefix)) return;
    if (!kv) this.#departures++;
    for (const [contender, attempt] of this.#attempts) {
      if (contender.ownKey?.equals(key)) this.#onOwnKeyChange(contender, attempt, kv, before, cause);
      else if (kv) attempt.sawOthers = true;
    }
    this.#history.onChange(store.queue[0], store.revision);
    this.checkOwners();
  }

  #onOwnKeyChange(
    { id, lease = 0n }: Contender,
    attempt: Attempt,
    kv: KeyValue | undefined,
    before: KeyValue | undefined,
    cause: Cause,
  ): void {
    // A transaction to join that is sent again creates a key again that was deleted by hand meanwhile.
    const isCreated = kv !== undefined && kv.createRevision === kv.modRevision && kv.lease === lease;
    if (isCreated && !attempt.isJoined) {
      attempt.createRevision = kv.createRevision;
      attempt.isDamaged = false;
    }
    const isGone = before !== undefined && kv?.createRevision !== before.createRevision;
    if (!isGone) return;
    if (cause === 'by hand') attempt.isDamaged = true;
    else if (cause !== 'expiry' && !attempt.left.has(lease))
      this.violate('release', `the key of ${id} was deleted, although it has not left`);
    else if (before.lease === 0n) this.violate('release', `${id} has deleted the key of another client`);
  }

  /** The store was replaced by an empty one, or by a backup: whoever is not in it has lost its place. */
  onRollback(): void {
    const { queue, revision } = this.#store();
    this.#history.clear();
    this.#history.onChange(queue[0], revision);
    this.#rolledBackAt = this.#now();
    for (const [{ ownKey }, attempt] of this.#attempts) {
      const stored = ownKey && this.#store().get(ownKey);
      const isFirst = stored !== undefined && stored === queue[0];
      if (queue.length > 0) attempt.sawOthers = true;
      const isKept =
        attempt.outcome === 'open' ? stored !== undefined : attempt.outcome === 'owning' && isFirst;
      if (ownKey && !isKept) attempt.isDamaged = true;
    }
    // Revisions begin again: tokens of both times cannot be compared.
    this.#acquisitions = [];
    this.#loggedToken = 0n;
  }

  // What contenders do.

  onStart(contender: Contender): void {
    const pacing = new RetryPacing(this.#now, (text) => this.violate('paced', `${contender.id}: ${text}`));
    const sawOthers = this.#store().queue.length > 0;
    this.#attempts.set(contender, newAttempt(contender.machine.now, pacing, sawOthers));
    this.#expectDeadline(contender);
  }

  /** It has a new lease, for a new key. */
  onGranted(contender: Contender, earlier: bigint | undefined): void {
    const attempt = this.#of(contender);
    attempt.isDamaged = false;
    attempt.createRevision = undefined;
    attempt.isJoined = false;
    if (earlier !== undefined && attempt.outcome === 'open' && !contender.options.requeue)
      this.violate('place', `${contender.id} begins again, although it does not requeue`);
  }

  onAbort(contender: Contender): void {
    const attempt = this.#of(contender);
    if (attempt.outcome === 'open') attempt.outcome = 'aborted';
  }

  onRelease(contender: Contender): void {
    this.#of(contender).outcome = 'releasing';
  }

  /** A transaction with the guard was applied. */
  onGuardedTxn(contender: Contender): void {
    const { id, acquired } = contender;
    if (!acquired) return;
    this.count('guarded transactions');
    if (this.#of(contender).isDamaged) {
      // A key that was deleted by hand is not the one that was acquired. A backup may contain a former owner's.
      if (this.#rolledBackAt < 0) this.violate('guard', `a transaction of ${id} was applied without its key`);
      return;
    }
    if (!this.#isHead(acquired))
      this.violate('guard', `a transaction of ${id} was applied, but its key is not the first`);
    if (acquired.token < this.#loggedToken)
      this.violate(
        'guard',
        `a transaction with token ${acquired.token} was applied after ${this.#loggedToken}`,
      );
    this.#loggedToken = acquired.token;
  }

  onEffects(contender: Contender, input: AcquisitionInput, effects: readonly AcquisitionEffect[]): void {
    const wasOwning = this.#of(contender).outcome === 'owning';
    for (const effect of effects) this.#onEffect(contender, effect);
    for (const effect of effects) if (effect.type === 'leave') this.#onLeave(contender, effect.lease);
    const isReleased = effects.some(({ type }) => type === 'released');
    if (isReleased && !(input.type === 'left' && input.lease === contender.acquired?.lease))
      this.violate('release', `${contender.id} is released by '${input.type}' of another lease`);
    const wasRefused = wasOwning && input.type === 'guard-failed';
    if (wasRefused && this.#of(contender).outcome === 'owning')
      this.violate('signal', `${contender.id}: its guard does not match, and its loss is not reported`);
    const endsOwn = input.type === 'lease-ended' && input.lease === contender.acquired?.lease;
    if (wasOwning && endsOwn && this.#of(contender).outcome === 'owning')
      this.violate('signal', `${contender.id}: its lease has ended, and its loss is not reported`);
  }

  /** Whoever holds the lock has the first key of the queue. Called after every change of etcd and of a contender. */
  checkOwners(): void {
    for (const [contender, { acquired, isDamaged }] of this.#attempts) {
      if (!acquired || isDamaged || !contender.held || this.#isHead(acquired)) continue;
      const [head] = this.#store().queue;
      this.violate(
        'exclusion',
        `${contender.id} holds the lock with ${acquired.key}, but the first key is ${head?.key ?? 'missing'}`,
      );
    }
  }

  /**
   * Without faults: each attempt has one grant, a transaction to join, another one to look first or the watch of the key
   * before it, and the watch of its own key. A key that leaves causes at most one read and one new watch, of the waiter
   * behind it.
   */
  checkRequests(): void {
    const { grant = 0, txn = 0, follow = 0 } = this.counts;
    const most = 4 * this.#attempts.size + 2 * this.#departures;
    if (grant + txn + follow > most)
      this.violate(
        'requests',
        `${this.#attempts.size} attempts and ${this.#departures} departures took ${grant} grants, ${txn} transactions and ${follow} watches`,
      );
  }

  #onEffect(contender: Contender, effect: AcquisitionEffect): void {
    const attempt = this.#of(contender);
    const isOver = !isOpen(attempt.outcome);
    if (isOver && !['leave', 'cancel', 'wake-at'].includes(effect.type))
      this.violate('order', `${contender.id}: '${effect.type}' follows its end as ${attempt.outcome}`);
    switch (effect.type) {
      case 'follow':
        if (contender.ownKey?.equals(effect.key)) attempt.isJoined = true;
        else if (contender.options.mode === 'try')
          this.violate('place', `${contender.id} waits, although it only tries`);
        this.#onRequest(attempt, effect.type);
        return;
      case 'grant':
      case 'txn':
        this.#onRequest(attempt, effect.type);
        return;
      case 'acquired':
        this.#onAcquired(contender, attempt, effect);
        return;
      case 'lost':
        this.count(`lost: ${effect.error.loss}`);
        if (attempt.outcome !== 'owning')
          this.violate('order', `${contender.id}: 'lost' follows ${attempt.outcome}`);
        this.#checkLoss(contender, attempt, effect.error);
        attempt.outcome = 'lost';
        return;
      case 'refused':
        this.#checkRefusal(contender, attempt, effect.error);
        attempt.outcome = 'refused';
        return;
      case 'taken':
        this.count('taken');
        if (contender.options.mode !== 'try')
          this.violate('place', `${contender.id} waits, but ended as taken`);
        if (!attempt.sawOthers)
          this.violate('place', `${contender.id} ended as taken, but the queue was empty`);
        attempt.outcome = 'taken';
        return;
      case 'released':
        this.count(effect.error ? 'released late' : 'released');
        if (attempt.outcome !== 'releasing')
          this.violate('order', `${contender.id}: 'released' follows ${attempt.outcome}`);
        if (!effect.error && attempt.acquired && this.#isStored(attempt.acquired) && !this.#isRollingBack)
          this.violate('release', `${contender.id} is released, but ${attempt.acquired.key} remains`);
        attempt.outcome = 'released';
        return;
      case 'leave':
      case 'cancel':
      case 'wake-at':
    }
  }

  #onRequest({ pacing }: Attempt, type: 'grant' | 'txn' | 'follow'): void {
    this.count(type);
    pacing.onRequest();
  }

  /** A waiter gives up its place only when it ends, or when the place is lost. */
  #onLeave(contender: Contender, lease: bigint): void {
    const attempt = this.#of(contender);
    attempt.left.add(lease);
    if (attempt.outcome !== 'open' || attempt.isDamaged || this.#isRollingBack) return;
    const isKept = contender.machine.isHeld(lease) && this.#store().leases.has(lease);
    if (isKept) this.violate('place', `${contender.id} waits, but left its place, which was not lost`);
  }

  #onAcquired(contender: Contender, attempt: Attempt, acquired: Acquired): void {
    this.count('acquired');
    if (attempt.outcome !== 'open')
      this.violate('order', `${contender.id}: 'acquired' follows ${attempt.outcome}`);
    attempt.outcome = 'owning';
    attempt.acquired = acquired;
    const { id } = contender;
    const { key, lease, token, createRevision } = acquired;
    if (this.#usedLeases.has(lease))
      this.violate('own lease', `${id}: lease ${lease} had another acquisition`);
    this.#usedLeases.add(lease);
    if (!key.equals(keyOf(lease))) this.violate('layout', `${id}: its key is ${key}`);
    const stored = this.#store().get(key);
    if (stored?.createRevision === createRevision && stored.lease !== lease)
      this.violate('own lease', `${id} has acquired ${key}, which has the lease ${stored.lease}`);
    // The answer may be that of a former store.
    if (this.#isRollingBack && !this.#isHead(acquired)) attempt.isDamaged = true;
    if (this.#isRollingBack) return;
    const problem = this.#history.problemOf(key, createRevision, token);
    if (problem) this.violate('token', `${id} acquired with token ${token}, but ${problem}`);
    // Its key was deleted by hand and created again before the answer arrived.
    if (createRevision !== attempt.createRevision) attempt.isDamaged = true;
    if (attempt.isDamaged) return;
    for (const former of this.#acquisitions) {
      if (this.#isStored(former))
        this.violate('guard', `${id} has acquired, but the guard of ${former.of.id} still matches`);
      if (former.createRevision < createRevision !== former.token < token)
        this.violate('token', `${id} has token ${token} after ${former.token} of ${former.of.id}`);
    }
    this.#acquisitions.push({ ...acquired, of: contender });
  }

  /** A place is lost only with its lease or its key. */
  #checkLoss(contender: Contender, attempt: Attempt, { loss, message }: LockLostError): void {
    const { lease, machine } = contender;
    if (attempt.isDamaged || this.#isRollingBack || lease === undefined) return;
    const isFalse =
      (loss === 'key-deleted' && contender.ownKey && this.#store().get(contender.ownKey) !== undefined) ||
      (loss === 'lease-expired' && this.#store().leases.has(lease)) ||
      (loss === 'lost-contact' && machine.isHeld(lease)) ||
      (loss === 'unauthorized' && !this.wasForbidden) ||
      loss === 'lease-revoked' ||
      loss === 'closed';
    if (isFalse) this.violate('place', `${contender.id} lost its place: ${message}`);
  }

  #checkRefusal(contender: Contender, attempt: Attempt, error: EtcdError): void {
    this.count(`refused: ${error.name}`);
    const { id, machine, options } = contender;
    if (attempt.outcome !== 'open') this.violate('order', `${id}: 'refused' follows ${attempt.outcome}`);
    if (error instanceof LockLostError) {
      if (options.requeue && error.loss !== 'unauthorized')
        this.violate('place', `${id} requeues, but ended with ${error.message}`);
      this.#checkLoss(contender, attempt, error);
    } else if (error instanceof DeadlineError) {
      if (machine.now < attempt.startedAt + options.timeoutMs)
        this.violate('deadline', `${id} ended too early: ${error.message}`);
    } else if (!(error instanceof PermissionDeniedError && this.wasForbidden)) {
      this.violate('place', `${id} ended with ${error.message}`);
    }
  }

  #expectDeadline(contender: Contender): void {
    const { machine, options } = contender;
    if (options.timeoutMs === Number.POSITIVE_INFINITY) return;
    machine.at(machine.now + options.timeoutMs + toleranceMs, () => {
      if (this.#of(contender).outcome === 'open')
        this.violate('deadline', `${contender.id} waits after its deadline`);
    });
  }

  /** Whether answers of a former store may arrive. */
  get #isRollingBack(): boolean {
    return this.#now() < this.#rolledBackAt + inFlightMs;
  }

  #isHead({ key, createRevision }: Acquired): boolean {
    const [head] = this.#store().queue;
    return head?.createRevision === createRevision && head.key.equals(key);
  }

  #isStored({ key, createRevision }: Acquired): boolean {
    return this.#store().get(key)?.createRevision === createRevision;
  }

  #of(contender: Contender): Attempt {
    const attempt = this.#attempts.get(contender);
    if (!attempt) throw new Error(`the contender ${contender.id} was not started`);
    return attempt;
  }
}
