import type { EtcdError } from '#src/errors/index.js';
import type { KeyValue } from '#src/model/index.js';
import type { RegistrationEffect, RegistrationInput } from '#src/naming/register/core/index.js';
import type { RegistrationEnd, RegistrationEvent } from '#src/naming/register/types.js';
import type { Violation } from '../play.js';
import { Pace } from './pace.js';
import { metadataOf, seqOf } from './records.js';
import type { Schedule } from './schedule.js';
import type { By, Store } from './store.js';

/** The present record, as the registration knows it. */
interface Standing {
  readonly lease: bigint | undefined;
  readonly revision: bigint | undefined;
}

interface Call {
  /** The number in the metadata of the update; undefined for a drain. */
  readonly seq: number | undefined;
  readonly until: number;
  outcome: 'open' | 'stored' | 'failed' | 'left';
}

/** Judges what a registration does by what truly stands in the store: R1 to R6, and what its owner is told. */
export class Oracle {
  violation: Violation | undefined;
  readonly counts: Record<string, number> = {};
  readonly calls = new Map<number, Call>();
  readonly #plan: Schedule;
  readonly #store: () => Store;
  readonly #now: () => number;
  readonly #isHeld: (lease: bigint) => boolean;
  readonly #pace: Pace;
  readonly #ownLeases = new Set<bigint>();
  readonly #revoked = new Set<bigint>();
  /** Leases whose record was reported deleted or replaced. */
  readonly #lostLeases = new Set<bigint>();
  /** What the registration sent, at any time. */
  readonly #written = new Set<string>();
  /** What stood under one of its leases, whoever wrote it: it may have been adopted. */
  readonly #stood = new Set<string>();
  /** Records that it stored, by revision, with their leases. */
  readonly #stored = new Map<bigint, bigint>();
  /** Leases that the end waits for, until etcd says that they are gone. */
  readonly #closing = new Set<bigint>();
  #isClosing = false;
  #lease: bigint | undefined;
  #granted: bigint | undefined;
  #registrations = 0;
  #othersChanges = 0;
  #adopted = 0;
  /** The newest update that was ever stored. */
  #storedSeq = 0;
  /** The newest since the store went back. */
  #presentSeq = 0;
  #isMarkStored = false;
  /** The lease of the record that the registration stored last, and those whose records another writer took. */
  #storedLease = 0n;
  readonly #deletedOf = new Set<bigint>();
  readonly #takenOf = new Set<bigint>();

  /** How it must end, once that is certain. */
  expectedReason: RegistrationEnd['reason'] | undefined;
  #wasRestored = false;
  /** The update that the record must have in the end; undefined where that cannot be said. */
  expectedSeq: number | undefined = 0;
  /** The operator's change that must have been adopted in the end. */
  expectedOp: number | undefined;
  isDrained = false;
  /** An update was asked for that cannot be stored: what is stored already may be written again without it. */
  mayRepeat = false;
  started: 'open' | 'ok' | 'failed' = 'open';
  end: RegistrationEnd | undefined;

  /** `isHeld`: whether a lease is kept alive, as far as the process knows. */
  constructor(plan: Schedule, store: () => Store, now: () => number, isHeld: (lease: bigint) => boolean) {
    this.#plan = plan;
    this.#isHeld = isHeld;
    this.#store = store;
    this.#now = now;
    this.#pace = new Pace(now, (text) => this.violate('paced', text));
  }

  violate(rule: string, text: string): void {
    this.violation ??= { rule, text };
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** An owner, an operator or a fault did something. */
  acted(): void {
    this.#pace.acted();
  }

  granted(lease: bigint): void {
    this.#ownLeases.add(lease);
  }

  get openCalls(): number {
    return [...this.calls.values()].filter(({ outcome }) => outcome === 'open').length;
  }

  /** Whether every update that was asked for is known to be stored, and revisions say what is newer. */
  get isSettled(): boolean {
    return !this.#wasRestored && [...this.calls.values()].every(({ outcome }) => outcome === 'stored');
  }

  /** Granted leases, but for the present one, that nothing gives back. */
  forgottenLeases(present: bigint | undefined): bigint[] {
    return [...this.#ownLeases].filter((lease) => lease !== present && !this.#revoked.has(lease));
  }

  isOwn(kv: KeyValue): boolean {
    return this.#ownLeases.has(kv.lease);
  }

  /** Whether the registration must know a record without a lease for its own: not one of long ago, from a backup. */
  mayReclaim(kv: KeyValue): boolean {
    return this.#written.has(String(kv.value)) && !this.#wasRestored;
  }

  before(input: RegistrationInput): void {
    if (input.type === 'close') this.#isClosing = true;
    if (input.type === 'revoked' && input.isRevoked) this.#closing.delete(input.lease);
    if (input.type === 'leave') {
      const call = this.calls.get(input.call);
      if (call?.outcome === 'open') call.outcome = 'left';
    }
  }

  /** What an input has made of the registration, which had that record before. */
  handled(
    input: RegistrationInput,
    effects: readonly RegistrationEffect[],
    now: Standing,
    before: Standing,
  ): void {
    if (input.type === 'granted') this.#granted = input.lease;
    if (input.type === 'lease-ended') {
      if (now.lease === input.lease) this.violate('R3', `lease ${input.lease} has ended, and is relied on`);
      const isOther = input.lease !== this.#granted;
      if (isOther && effects.some((effect) => effect.type === 'event' && isSetback(effect.event)))
        this.violate('R3', `the end of lease ${input.lease} counts, which was given up before`);
    }
    const isSame = now.lease !== undefined && now.lease === before.lease && !this.#wasRestored;
    if (isSame && (now.revision ?? 0n) < (before.revision ?? 0n))
      this.violate('R2', `the record's revision went from ${before.revision} to ${now.revision}`);
  }

  effect(effect: RegistrationEffect): void {
    switch (effect.type) {
      case 'grant':
      case 'ask-lease':
        this.#pace.requested();
        return;
      case 'write':
        this.#pace.requested();
        this.count('writes');
        for (const op of effect.txn.success ?? []) if (op.type === 'put') this.#written.add(String(op.value));
        return;
      case 'revoke':
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

  /** The store went back to an earlier state. */
  restored(kv: KeyValue | undefined): void {
    this.#wasRestored = true;
    this.#presentSeq = kv ? (seqOf(kv) ?? 0) : 0;
  }

  /** The record was changed, by whomever. */
  changed(by: By, before: KeyValue | undefined): void {
    const { kv } = this.#store();
    if (kv && this.isOwn(kv)) this.#stood.add(String(kv.value));
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
    if (this.end && this.end.expiresInMs === undefined)
      this.violate('R4', `a record came back after the end: ${kv.value}`);
    if (before && !this.#mayReplace(before))
      this.violate('R5', `${before.value} of lease ${before.lease} was written over with ${kv.value}`);
    const isSame = before?.value.equals(kv.value) && before.lease === kv.lease;
    const isChanged = 'status' in metadataOf(kv) || 'op' in metadataOf(kv);
    if (isSame && !this.mayRepeat && !isChanged)
      this.violate('needless write', `${kv.value} was stored twice`);
    const seq = seqOf(kv) ?? 0;
    if (before && this.isOwn(before) && seq < this.#presentSeq)
      this.violate('update order', `${kv.value} was stored, and update ${this.#presentSeq} before it`);
    this.#presentSeq = Math.max(this.#presentSeq, seq);
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    if (metadataOf(kv)['status'] === 'draining') this.#isMarkStored = true;
  }

  #mayReplace(before: KeyValue): boolean {
    // A store that went back may have another's record at the very revision of ours: a compare cannot tell them apart.
    if (this.isOwn(before) || this.#wasRestored) return true;
    if (before.lease === 0n && this.#isOrphan(before)) return true;
    if (this.#registrations > 0) return false;
    return this.#plan.onConflict === 'takeover' || before.value.includes('"a:1"');
  }

  #isOrphan({ value }: KeyValue): boolean {
    return this.#written.has(String(value)) || this.#stood.has(String(value));
  }

  #ownerDeleted(before: KeyValue | undefined): void {
    if (!this.#isClosing || before?.lease !== 0n || !this.#isOrphan(before))
      this.violate('R5', `the record ${before?.value} was deleted`);
  }

  /** Whoever believes every event sees no delete while the registration goes on. */
  #revokedRecord(before: KeyValue | undefined): void {
    if (!before || this.#isClosing || this.#wasRestored || this.#lostLeases.has(before.lease)) return;
    this.violate('no gap', `the record went with its lease ${before.lease}, which was revoked too soon`);
  }

  #settled(key: number, error: EtcdError | undefined): void {
    const call = this.calls.get(key);
    if (!call) return;
    if (call.outcome !== 'open') this.violate('settled once', `call ${key} is ${call.outcome} already`);
    call.outcome = error ? 'failed' : 'stored';
    if (error?.name === 'DeadlineError' && this.#now() < call.until)
      this.violate('update deadline', `call ${key} ended ${call.until - this.#now()} ms too soon`);
    if (error) return;
    if (call.seq === undefined) {
      if (!this.#isMarkStored) this.violate('update stored', `the mark of call ${key} is not stored`);
    } else if (call.seq > this.#storedSeq) {
      this.violate(
        'update stored',
        `update ${call.seq} is said to be stored; the newest is ${this.#storedSeq}`,
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
          this.violate('R2', `nothing of lease ${event.lease} was stored at ${event.revision}`);
        this.#lease = event.lease;
        return;
      case 'lost':
        this.#pace.setBack();
        this.#lost(event.cause, event.error);
        return;
      case 'trouble':
        if (this.started === 'open' && event.error.verdict === 'final' && !isOfTheStore(event.error))
          this.violate('start', `it is tried again after ${event.error.message}`);
        this.#pace.trouble(event.retryInMs);
        return;
      case 'adopted':
        if (++this.#adopted > this.#othersChanges && !this.#wasRestored)
          this.violate('adopted', `${JSON.stringify(event.endpoint)} is nobody else's`);
        return;
      case 'waiting':
        this.#pace.setBack();
        if (this.#plan.onConflict !== 'wait') this.violate('R5', 'it waits, and was not to');
        if (this.#registrations === 0 && event.value.includes('"a:1"'))
          this.violate('R5', 'it waits for the record of its own process before a restart');
        return;
      case 'restored':
      case 'ended':
        this.#pace.setBack();
    }
  }

  #lost(cause: 'lease' | 'deleted' | 'replaced', error: EtcdError | undefined): void {
    const lease = this.#lease ?? 0n;
    if (cause !== 'lease') this.#lostLeases.add(lease);
    if (cause === 'replaced' && this.#plan.onConflict !== 'wait') this.expectedReason = 'replaced';
    if (cause === 'deleted' && this.#plan.onDeleted === 'stop') this.expectedReason = 'deleted';
    if (this.#wasRestored) return; // it may have brought back anything, or nothing
    if (cause === 'deleted' && !this.#deletedOf.has(lease))
      this.violate('lost truly', 'it is said to be deleted, and nobody deleted it');
    if (cause === 'replaced' && !this.#takenOf.has(lease))
      this.violate('lost truly', 'it is said to be replaced, and nobody took it');
    const isAlive = this.#store().leases.has(lease);
    if (cause === 'lease' && isAlive && (!error || this.#isHeld(lease)))
      this.violate('lost truly', `lease ${lease} is said to be gone, and is alive`);
  }

  #ended(end: RegistrationEnd): void {
    if (this.end) this.violate('ended once', 'it ended twice');
    this.end = end;
    const store = this.#store();
    const left = this.#isLeft();
    if ((end.expiresInMs ?? 0) !== left)
      this.violate(
        'R6',
        `the record is said to stand for ${end.expiresInMs ?? 0} ms, and may for ${left} ms`,
      );
    const { kv } = store;
    if (left === 0 && kv && this.isOwn(kv) && !this.#wasRestored)
      this.violate('R4', `it ended, and its record stands under lease ${kv.lease}`);
    this.#checkReason(end);
  }

  /** For how long a lease may live that was to be given back at the end. */
  #isLeft(): number {
    return [...this.#closing].some((lease) => this.#givenBackAtEnd.has(lease)) ? this.#plan.ttlMs : 0;
  }

  /** Set by the world when the end begins. */
  #givenBackAtEnd: ReadonlySet<bigint> = new Set();

  closes(leases: ReadonlySet<bigint>): void {
    this.#givenBackAtEnd = leases;
    this.#isClosing = true;
  }

  #checkReason({ reason }: RegistrationEnd): void {
    const { onConflict, onDeleted } = this.#plan;
    if (this.expectedReason && reason !== this.expectedReason)
      this.violate('end reason', `it ended as ${reason}, not as ${this.expectedReason}`);
    if (
      reason === 'deleted' &&
      (onDeleted !== 'stop' || !(this.#wasRestored || this.#deletedOf.has(this.#lease ?? 0n)))
    )
      this.violate('end reason', 'it ended as deleted');
    if (reason === 'replaced' && onConflict === 'wait') this.violate('R5', 'it left, and was to wait');
    if (reason === 'closed' && !this.#isClosing) this.violate('end reason', 'it ended, and nobody closed it');
  }
}

function isSetback({ type }: RegistrationEvent): boolean {
  return type === 'lost' || type === 'trouble';
}

function isOfTheStore({ name }: EtcdError): boolean {
  return name === 'RolledBackError' || name === 'LeaseNotFoundError';
}
