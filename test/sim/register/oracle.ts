import type { EtcdError } from '#src/errors/index.js';
import type { KeyValue } from '#src/model/index.js';
import type { RegistrationEffect, RegistrationInput } from '#src/naming/register/core/index.js';
import type { RegistrationEnd, RegistrationEvent } from '#src/naming/register/types.js';
import { RetryPacing } from '../retry-pacing.js';
import type { Violation } from '../run-schedule.js';
import { MarkCheck } from './mark-check.js';
import type { Call, RegisteredRecord } from './oracle-state.js';
import { metadataOf, seqOf } from './records.js';
import type { Schedule } from './schedule.js';
import type { Store, Writer } from './store.js';

/** Checks a registration against the real content of the store: R1 to R6, and its events. */
export class Oracle {
  violation: Violation | undefined;
  readonly counts: Record<string, number> = {};
  readonly calls = new Map<number, Call>();
  readonly #plan: Schedule;
  readonly #store: () => Store;
  readonly #now: () => number;
  readonly #isHeld: (lease: bigint) => boolean;
  readonly #pacing: RetryPacing;
  readonly mark: MarkCheck;
  readonly #ownLeases = new Set<bigint>();
  readonly #revoked = new Set<bigint>();
  /** Leases whose record was reported deleted or replaced. */
  readonly #lostLeases = new Set<bigint>();
  /** Every value that the registration sent. */
  readonly #written = new Set<string>();
  /** Every value stored under one of its leases by any writer; it may have been adopted. */
  readonly #storedUnderOwnLease = new Set<string>();
  /** Leases of the records that it stored, by revision. */
  readonly #stored = new Map<bigint, bigint>();
  /** Leases whose revocation the end waits for. */
  readonly #closing = new Set<bigint>();
  #isClosing = false;
  #lease: bigint | undefined;
  #granted: bigint | undefined;
  #registrations = 0;
  #othersChanges = 0;
  #adopted = 0;
  /** The newest update that was ever stored. */
  #storedSeq = 0;
  /** The newest update since the last rollback of the store. */
  #currentSeq = 0;
  #isMarkStored = false;
  /** The lease of the record that it stored last, and leases whose records were deleted or replaced. */
  #storedLease = 0n;
  readonly #deletedOf = new Set<bigint>();
  readonly #takenOf = new Set<bigint>();

  /** The reason of its end, once that is certain. */
  expectedReason: RegistrationEnd['reason'] | undefined;
  #wasRestored = false;
  /** The update that the record must contain at the end; undefined if that is open. */
  expectedSeq: number | undefined = 0;
  /** The operator's change that must have been adopted at the end. */
  expectedOp: number | undefined;
  isDrained = false;
  /** An update that cannot be stored was requested: the stored value may be written again without it. */
  mayRepeat = false;
  started: 'open' | 'ok' | 'failed' = 'open';
  end: RegistrationEnd | undefined;

  /** `isHeld`: whether the process considers the lease alive. */
  constructor(plan: Schedule, store: () => Store, now: () => number, isHeld: (lease: bigint) => boolean) {
    this.#plan = plan;
    this.#isHeld = isHeld;
    this.#store = store;
    this.#now = now;
    this.mark = new MarkCheck({
      now,
      count: (what) => this.count(what),
      violate: (text) => this.violate('mark', text),
    });
    this.#pacing = new RetryPacing(now, (text) => this.violate('paced', text));
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text };
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** An owner, an operator or a fault acted. */
  onAction(): void {
    this.#pacing.onAction();
  }

  onGranted(lease: bigint): void {
    this.#ownLeases.add(lease);
  }

  get openCalls(): number {
    return [...this.calls.values()].filter(({ outcome }) => outcome === 'open').length;
  }

  /** Whether every requested update is known to be stored, with valid revisions. */
  get isSettled(): boolean {
    return !this.#wasRestored && [...this.calls.values()].every(({ outcome }) => outcome === 'stored');
  }

  /** Granted leases, except the current one, that were never revoked. */
  leakedLeases(present: bigint | undefined): bigint[] {
    return [...this.#ownLeases].filter((lease) => lease !== present && !this.#revoked.has(lease));
  }

  isOwn(kv: KeyValue): boolean {
    return this.#ownLeases.has(kv.lease);
  }

  /** Whether the registration must reclaim a record without a lease. Not one from an old backup. */
  mayReclaim(kv: KeyValue): boolean {
    return this.#written.has(String(kv.value)) && !this.#wasRestored;
  }

  beforeInput(input: RegistrationInput): void {
    if (input.type === 'marked' || input.type === 'failed') this.mark.onAnswer(input.request);
    if (input.type === 'close') this.#isClosing = true;
    if (input.type === 'revoked' && input.isRevoked) this.#closing.delete(input.lease);
    if (input.type === 'abandon-call') {
      const call = this.calls.get(input.call);
      if (call?.outcome === 'open') call.outcome = 'left';
    }
  }

  /** Checks the registration after an input; `before` is its record before it. */
  afterInput(
    input: RegistrationInput,
    effects: readonly RegistrationEffect[],
    now: RegisteredRecord,
    before: RegisteredRecord,
  ): void {
    if (input.type === 'granted') this.#granted = input.lease;
    this.mark.afterInput(effects);
    if (input.type === 'lease-ended') {
      if (now.lease === input.lease) this.violate('R3', `lease ${input.lease} has ended, but is still used`);
      const isOther = input.lease !== this.#granted;
      if (isOther && effects.some((effect) => effect.type === 'event' && isFailureEvent(effect.event)))
        this.violate(
          'R3',
          `the end of lease ${input.lease}, which was given up before, caused a failure event`,
        );
    }
    const isSame = now.lease !== undefined && now.lease === before.lease && !this.#wasRestored;
    if (isSame && (now.revision ?? 0n) < (before.revision ?? 0n))
      this.violate('R2', `the record's revision went from ${before.revision} to ${now.revision}`);
  }

  checkEffect(effect: RegistrationEffect): void {
    switch (effect.type) {
      case 'grant':
      case 'check-lease':
        this.#pacing.onRequest();
        return;
      case 'write':
        this.#pacing.onRequest();
        this.count('writes');
        for (const op of effect.txn.success ?? []) if (op.type === 'put') this.#written.add(String(op.value));
        return;
      case 'mark':
        for (const op of effect.txn.success ?? []) if (op.type === 'put') this.#written.add(String(op.value));
        this.mark.onSent(effect.request, this.#lease ?? 0n);
        return;
      case 'cancel':
        this.mark.onCancel(effect.request);
        return;
      case 'revoke':
        this.mark.onRevoke(effect.lease);
        this.#revoked.add(effect.lease);
        this.#closing.add(effect.lease);
        return;
      case 'started':
        if (this.started !== 'open') this.violate('started once', 'start was settled twice');
        this.started = effect.error ? 'failed' : 'ok';
        if (effect.error) this.#isClosing = true;
        return;
      case 'settle':
        this.#settled(effect.call, effect.error);
        return;
      case 'event':
        this.#event(effect.event);
        return;
      case 'end':
        this.#ended(effect.end);
        return;
      default:
    }
  }

  /** The store was rolled back. */
  onStoreRestored(kv: KeyValue | undefined): void {
    this.#wasRestored = true;
    this.#currentSeq = kv ? (seqOf(kv) ?? 0) : 0;
  }

  /** Any writer changed the record. */
  onRecordChanged(by: Writer, before: KeyValue | undefined): void {
    const { kv } = this.#store();
    if (kv && this.isOwn(kv)) this.#storedUnderOwnLease.add(String(kv.value));
    switch (by) {
      case 'owner':
        if (kv) this.#ownerPut(kv, before);
        else this.#ownerDeleted(before);
        return;
      case 'revoke':
        this.#revokedRecord(before);
        return;
      case 'wipe':
        this.expectedOp = undefined;
        return;
      case 'expiry':
        this.expectedOp = undefined;
        return;
      case 'other':
        this.#othersChanges++;
        if (!kv) this.#deletedOf.add(this.#storedLease);
        else if (!this.isOwn(kv)) this.#takenOf.add(this.#storedLease);
        if (!kv || !this.isOwn(kv)) this.expectedOp = undefined;
    }
  }

  #ownerPut(kv: KeyValue, before: KeyValue | undefined): void {
    this.count('stored');
    this.#stored.set(kv.modRevision, kv.lease);
    this.#storedLease = kv.lease;
    if (kv.lease === 0n)
      this.violate('R4', `${kv.value} was stored without a lease, and would remain forever`);
    if (this.end && this.end.expiresInMs === undefined)
      this.violate('R4', `a record was stored after the end: ${kv.value}`);
    if (before && !this.#mayReplace(before))
      this.violate('R5', `${before.value} of lease ${before.lease} was overwritten with ${kv.value}`);
    const isSame = before?.value.equals(kv.value) && before.lease === kv.lease;
    const isChanged = 'status' in metadataOf(kv) || 'op' in metadataOf(kv);
    if (isSame && !this.mayRepeat && !isChanged)
      this.violate('needless write', `${kv.value} was stored twice`);
    const seq = seqOf(kv) ?? 0;
    if (before && this.isOwn(before) && seq < this.#currentSeq)
      this.violate('update order', `${kv.value} was stored after update ${this.#currentSeq}`);
    this.#currentSeq = Math.max(this.#currentSeq, seq);
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    if (metadataOf(kv)['status'] === 'draining') this.#isMarkStored = true;
  }

  #mayReplace(before: KeyValue): boolean {
    // After a rollback, another's record may have the revision of ours; a compare cannot distinguish them.
    if (this.isOwn(before) || this.#wasRestored) return true;
    if (before.lease === 0n && this.#isOrphan(before)) return true;
    if (this.#registrations > 0) return false;
    return this.#plan.onConflict === 'takeover' || before.value.includes('"a:1"');
  }

  #isOrphan({ value }: KeyValue): boolean {
    return this.#written.has(String(value)) || this.#storedUnderOwnLease.has(String(value));
  }

  #ownerDeleted(before: KeyValue | undefined): void {
    if (!this.#isClosing || before?.lease !== 0n || !this.#isOrphan(before))
      this.violate('R5', `the record ${before?.value} was deleted`);
  }

  /** A watcher of every event sees no delete while the registration continues. */
  #revokedRecord(before: KeyValue | undefined): void {
    if (!before || this.#isClosing || this.#wasRestored || this.#lostLeases.has(before.lease)) return;
    this.violate(
      'no gap',
      `the record was deleted with its lease ${before.lease}, which was revoked too early`,
    );
  }

  #settled(key: number, error: EtcdError | undefined): void {
    const call = this.calls.get(key);
    if (!call) return;
    if (call.outcome !== 'open') this.violate('settled once', `call ${key} is already ${call.outcome}`);
    call.outcome = error ? 'failed' : 'stored';
    if (error?.name === 'DeadlineError' && this.#now() < call.until)
      this.violate('update deadline', `call ${key} ended ${call.until - this.#now()} ms too early`);
    if (error) return;
    if (call.seq === undefined) {
      if (!this.#isMarkStored)
        this.violate('update stored', `the draining mark of call ${key} is not stored`);
    } else if (call.seq > this.#storedSeq) {
      this.violate(
        'update stored',
        `update ${call.seq} is reported as stored; the newest is ${this.#storedSeq}`,
      );
    }
  }

  #event(event: RegistrationEvent): void {
    this.count(event.type);
    switch (event.type) {
      case 'registered':
        this.#registrations++;
        if (event.again !== this.#registrations > 1) this.violate('events', '`again` is wrong');
        if (event.lease === this.#lease) this.violate('R3', `lease ${event.lease} is used again`);
        if (this.#stored.get(event.revision) !== event.lease)
          this.violate('R2', `no record of lease ${event.lease} was stored at ${event.revision}`);
        this.#lease = event.lease;
        return;
      case 'lost':
        this.#pacing.recordFailure();
        this.#lost(event.cause, event.error);
        return;
      case 'failure':
        if (this.started === 'open' && event.error.verdict === 'final' && !isStoreError(event.error))
          this.violate('start', `start is retried after ${event.error.message}`);
        this.#pacing.onFailure(event.retryInMs);
        return;
      case 'adopted':
        if (++this.#adopted > this.#othersChanges && !this.#wasRestored)
          this.violate('adopted', `${JSON.stringify(event.endpoint)} was not written by another writer`);
        return;
      case 'waiting':
        this.#pacing.recordFailure();
        if (this.#plan.onConflict !== 'wait') this.violate('R5', "waits, although onConflict is not 'wait'");
        if (this.#registrations === 0 && event.value.includes('"a:1"'))
          this.violate('R5', 'waits for the record of its own address');
        return;
      case 'restored':
      case 'ended':
        this.#pacing.recordFailure();
    }
  }

  #lost(cause: 'lease' | 'deleted' | 'replaced', error: EtcdError | undefined): void {
    const lease = this.#lease ?? 0n;
    if (cause !== 'lease') this.#lostLeases.add(lease);
    if (cause === 'replaced' && this.#plan.onConflict !== 'wait') this.expectedReason = 'replaced';
    if (cause === 'deleted' && this.#plan.onDeleted === 'stop') this.expectedReason = 'deleted';
    if (this.#wasRestored) return; // a rollback may have restored any record
    if (cause === 'deleted' && !this.#deletedOf.has(lease))
      this.violate('loss is real', 'reported as deleted, but no one deleted the record');
    if (cause === 'replaced' && !this.#takenOf.has(lease))
      this.violate('loss is real', 'reported as replaced, but no one replaced the record');
    const isAlive = this.#store().leases.has(lease);
    if (cause === 'lease' && isAlive && (!error || this.#isHeld(lease)))
      this.violate('loss is real', `lease ${lease} is reported as gone, but is alive`);
  }

  #ended(end: RegistrationEnd): void {
    if (this.end) this.violate('ended once', 'ended twice');
    this.end = end;
    const store = this.#store();
    const left = this.#expectedExpiryMs();
    if ((end.expiresInMs ?? 0) !== left)
      this.violate('R6', `expiresInMs is ${end.expiresInMs ?? 0}, but the record may remain for ${left} ms`);
    const { kv } = store;
    if (left === 0 && kv && this.isOwn(kv) && !this.#wasRestored)
      this.violate('R4', `ended, but its record remains under lease ${kv.lease}`);
    this.#checkReason(end);
  }

  /** How long a lease that the end failed to revoke may remain. */
  #expectedExpiryMs(): number {
    return [...this.#closing].some((lease) => this.#givenBackAtEnd.has(lease)) ? this.#plan.ttlMs : 0;
  }

  /** Set by the world when the end begins. */
  #givenBackAtEnd: ReadonlySet<bigint> = new Set();

  onClose(leases: ReadonlySet<bigint>): void {
    this.#givenBackAtEnd = leases;
    this.#isClosing = true;
  }

  #checkReason({ reason }: RegistrationEnd): void {
    const { onConflict, onDeleted } = this.#plan;
    if (this.expectedReason && reason !== this.expectedReason)
      this.violate('end reason', `ended as ${reason} instead of ${this.expectedReason}`);
    if (
      reason === 'deleted' &&
      (onDeleted !== 'stop' || !(this.#wasRestored || this.#deletedOf.has(this.#lease ?? 0n)))
    )
      this.violate('end reason', 'ended as deleted');
    if (reason === 'replaced' && onConflict === 'wait')
      this.violate('R5', "ended, although onConflict is 'wait'");
    if (reason === 'closed' && !this.#isClosing)
      this.violate('end reason', 'ended as closed, but was not closed');
  }
}

function isFailureEvent({ type }: RegistrationEvent): boolean {
  return type === 'lost' || type === 'failure';
}

function isStoreError({ name }: EtcdError): boolean {
  return name === 'RolledBackError' || name === 'LeaseNotFoundError';
}
