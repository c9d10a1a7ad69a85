import type { Pacer } from '../../../async/pacer.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../../errors/index.js';
import { type KeyValue, type LeaseId, type Revision, withJson } from '../../../model/index.js';
import type { Endpoint } from '../../endpoint.js';
import { ConflictError } from '../../errors.js';
import type { RegistrationEnd, RegistrationState } from '../types.js';
import { Asking } from './asking.js';
import type { Claim } from './claim.js';
import { Claiming } from './claiming.js';
import { Closing } from './closing.js';
import { CoreContext, withError } from './context.js';
import { isFinal } from './fate.js';
import { InitialRegistration } from './initial-registration.js';
import type { GrantedLease, LifePart, Outcome } from './life.js';
import type { CallKey, RegistrationEffect, RegistrationInput, RequestKey } from './protocol.js';
import { RetiredLeases } from './retired-leases.js';
import { Stored } from './stored.js';
import { replacedText } from './texts.js';

export interface RegistrationCoreOptions {
  readonly claim: Claim;
  /** What to do when an operator deletes the record: store it again, or take it as an order. */
  readonly onDeleted: 'restore' | 'stop';
}

/** One after the other, and again from the first: no lease for a while, a lease asked for, its life. Then the end. */
type Phase =
  | { readonly type: 'pausing'; readonly at: number }
  | { readonly type: 'granting'; readonly request: RequestKey }
  | { readonly type: 'living'; readonly part: LifePart }
  | { readonly type: 'closing'; readonly closing: Closing; readonly part: LifePart | undefined }
  | { readonly type: 'ended' };

/**
 * When a registration's record is stored, whose record it is, what is written there, and what becomes of its leases.
 * Pure: time comes in with every input, what to do goes out as effects, in order.
 */
export class RegistrationCore {
  readonly #context: CoreContext;
  readonly #claim: Claim;
  readonly #onDeleted: 'restore' | 'stop';
  readonly #retired = new RetiredLeases();
  readonly #lives: Pacer;
  readonly #restores: Pacer;
  #phase: Phase = { type: 'pausing', at: Number.POSITIVE_INFINITY };
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor({ claim, onDeleted }: RegistrationCoreOptions, random: () => number) {
    this.#claim = claim;
    this.#onDeleted = onDeleted;
    this.#context = new CoreContext(claim, random);
    this.#lives = this.#context.pacer();
    this.#restores = this.#context.pacer();
  }

  get endpoint(): Endpoint {
    return this.#claim.desired.endpoint;
  }

  get state(): RegistrationState {
    if (this.#isOver) return 'closed';
    return this.#part?.state ?? 'registering';
  }

  /** Of the present record. */
  get lease(): LeaseId | undefined {
    return this.revision === undefined ? undefined : this.#part?.held.lease;
  }

  get revision(): Revision | undefined {
    return this.#part?.revision;
  }

  get lastError(): EtcdError | undefined {
    return this.#context.lastError;
  }

  get registrations(): number {
    return this.#context.registrations;
  }

  handle(input: RegistrationInput, now: number): readonly RegistrationEffect[] {
    const effects: RegistrationEffect[] = [];
    this.#context.effects = effects;
    this.#context.now = now;
    this.#claim.sent.forget(now);
    this.#take(input);
    this.#expire();
    if (now >= this.#due) this.#proceed();
    this.#arm();
    return effects;
  }

  #take(input: RegistrationInput): void {
    switch (input.type) {
      case 'start':
        this.#context.initial = new InitialRegistration(input.timeoutMs, this.#context.now);
        this.#grant();
        return;
      case 'granted':
        this.#granted(input.request, { lease: input.lease, ttlMs: input.ttlMs });
        return;
      case 'failed':
        this.#requestFailed(input.request, input.error);
        return;
      case 'written':
        this.#follow(this.#part?.written(input.request, input.result));
        return;
      case 'state':
        this.#follow(this.#part?.stateSeen(input.request, input));
        return;
      case 'follow-failure':
        if (this.#part?.isFollowing(input.request)) this.#context.lastError = input.error;
        return;
      case 'lease-state':
        this.#follow(this.#part?.leaseAnswered(input.request, input.isAlive));
        return;
      case 'lease-ended':
        if (this.#part?.held.lease === input.lease) this.#follow(this.#part.leaseEnded(input.error));
        return;
      case 'revoked':
        if (this.#phase.type === 'closing') this.#phase.closing.revoked(input.lease, input.isRevoked);
        return;
      case 'orphan-deleted':
        if (this.#phase.type === 'closing') this.#phase.closing.orphanOver(input.request);
        return;
      case 'update':
        this.#change(input.call, input.timeoutMs, () => this.#claim.desired.change(input.change));
        return;
      case 'drain':
        this.#change(input.call, Number.POSITIVE_INFINITY, () => this.#claim.desired.drain());
        return;
      case 'leave':
        this.#context.calls.leave(input.call);
        return;
      case 'timer':
        this.#wakeAt = Number.POSITIVE_INFINITY;
        return;
      case 'close':
        this.#stop({ reason: 'closed' }, new ClosedError(input.what));
    }
  }

  // From one lease to the next.

  #grant(): void {
    const { initial, now } = this.#context;
    const request = this.#context.newRequest();
    this.#phase = { type: 'granting', request };
    this.#context.emit({ type: 'grant', request, ...initial?.callTimeout(now) });
  }

  #granted(request: RequestKey, held: GrantedLease): void {
    if (this.#phase.type !== 'granting' || this.#phase.request !== request) {
      this.#context.emit({ type: 'revoke', lease: held.lease });
      return;
    }
    this.#claim.rememberLease(held.lease);
    this.#live(new Claiming(this.#context, held));
  }

  #live(part: LifePart): void {
    this.#phase = { type: 'living', part };
  }

  get #part(): LifePart | undefined {
    return this.#phase.type === 'living' ? this.#phase.part : undefined;
  }

  #requestFailed(request: RequestKey, error: EtcdError): void {
    const phase = this.#phase;
    if (phase.type === 'granting' && phase.request === request) this.#failed(error);
    else if (phase.type === 'living') this.#follow(phase.part.failed(request, error));
    else if (phase.type === 'closing') phase.closing.orphanOver(request);
  }

  /** What a part of a life has come to, and what comes next. */
  #follow(outcome: Outcome | undefined): void {
    const part = this.#part;
    if (!outcome || !part) return;
    part.leave();
    switch (outcome.type) {
      case 'stored':
        this.#stored(part.held, outcome.revision);
        return;
      case 'gone':
        this.#live(new Asking(this.#context, part.held));
        return;
      case 'deleted':
        this.#deleted(part.held);
        return;
      case 'replaced':
        this.#replaced(part.held, outcome.kv);
        return;
      case 'lease-lost':
        this.#retire(part.held);
        this.#lost('lease', outcome.error);
        this.#pause();
        return;
      case 'failed':
        this.#retire(part.held);
        this.#failed(outcome.error);
    }
  }

  #stored(held: GrantedLease, revision: Revision): void {
    const context = this.#context;
    this.#live(new Stored(context, held, revision, this.#restores));
    context.registrations++;
    for (const { lease } of this.#retired.takeAll()) context.emit({ type: 'revoke', lease });
    const again = context.registrations > 1;
    context.tell(withJson({ type: 'registered', again, lease: held.lease, revision }));
    this.#started();
  }

  /** By an operator: its lease is alive. */
  #deleted(held: GrantedLease): void {
    this.#lost('deleted', undefined);
    if (this.#onDeleted === 'stop') this.#stop({ reason: 'deleted' }, undefined, held);
    else this.#leaveLease(held);
  }

  #replaced(held: GrantedLease, kv: KeyValue): void {
    const error = new ConflictError(replacedText(this.#claim.key, kv, this.#claim.hasOwnAddr(kv)));
    this.#lost('replaced', error);
    // Two that take from each other would never rest: the loser goes.
    if (this.#claim.conflictPolicy === 'fail') this.#stop({ reason: 'replaced', error }, error, held);
    else this.#leaveLease(held);
  }

  #lost(cause: 'lease' | 'deleted' | 'replaced', error: EtcdError | undefined): void {
    if (error) this.#context.lastError = error;
    this.#context.tell({ type: 'lost', cause, error });
  }

  /** No record of ours is attached to it any more. */
  #leaveLease({ lease }: GrantedLease): void {
    this.#context.emit({ type: 'revoke', lease });
    this.#pause();
  }

  #retire(held: GrantedLease): void {
    const oldest = this.#retired.add(held);
    if (oldest) this.#context.emit({ type: 'revoke', lease: oldest.lease });
  }

  /** The next lease is tried for after a pause, unless waiting changes nothing. */
  #failed(error: EtcdError): void {
    const context = this.#context;
    context.lastError = error;
    if (context.initial && isFinal(error)) this.#stop({ reason: 'closed' }, error);
    else if (error instanceof ConflictError) this.#stop({ reason: 'replaced', error }, error);
    else context.failure(error, this.#pause());
  }

  #pause(): number {
    const pauseMs = this.#lives.nextDelayMs();
    this.#phase = { type: 'pausing', at: this.#context.now + pauseMs };
    return pauseMs;
  }

  // Owners.

  #change(call: CallKey, timeoutMs: number, change: () => number): void {
    const { calls, now } = this.#context;
    try {
      if (this.#isOver) throw new ClosedError('the registration');
      calls.add(call, change(), timeoutMs, now);
    } catch (error) {
      this.#context.emit({ type: 'settle', call, error: toEtcdError(error) });
    }
  }

  get #isOver(): boolean {
    return this.#phase.type === 'closing' || this.#phase.type === 'ended';
  }

  #started(error?: EtcdError): void {
    if (!this.#context.initial) return;
    this.#context.initial = undefined;
    this.#context.emit({ type: 'started', ...withError(error) });
  }

  // The end.

  #stop(end: RegistrationEnd, error: EtcdError | undefined, left?: GrantedLease): void {
    if (this.#isOver) return;
    const phase = this.#phase;
    const part = this.#part;
    const held = left ?? part?.held;
    const leases = [...this.#retired.takeAll()];
    if (held && !leases.includes(held)) leases.push(held);
    if (phase.type === 'granting') this.#context.cancel(phase.request);
    this.#phase = { type: 'closing', closing: new Closing(this.#context, end, leases), part };
    this.#context.calls.settleAll(new ClosedError('the registration'));
    this.#started(error ?? new ClosedError('the registration'));
  }

  // What time brings.

  #expire(): void {
    const { calls, initial, lastError, now } = this.#context;
    const { key } = this.#claim;
    calls.expire(key, now, lastError);
    if (initial && now >= initial.deadline) this.#stop({ reason: 'closed' }, initial.late(key, lastError));
  }

  #proceed(): void {
    const phase = this.#phase;
    switch (phase.type) {
      case 'pausing':
        this.#grant();
        return;
      case 'living':
        phase.part.proceed();
        return;
      case 'closing': {
        const { end } = phase.closing;
        // Not sooner: etcd 3.4 keeps a watcher forever whose stream is cancelled while it is being created.
        phase.part?.leave();
        this.#phase = { type: 'ended' };
        this.#context.tell({ type: 'ended', ...end });
        this.#context.emit({ type: 'end', end });
        return;
      }
      case 'granting':
      case 'ended':
        return;
    }
  }

  /** When the present phase goes on without anything having happened. */
  get #due(): number {
    const phase = this.#phase;
    if (phase.type === 'pausing') return phase.at;
    if (phase.type === 'living') return phase.part.due;
    return phase.type === 'closing' ? phase.closing.due : Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const { calls, initial } = this.#context;
    const at = Math.min(this.#due, calls.nextDeadline, initial?.deadline ?? Number.POSITIVE_INFINITY);
    if (at === this.#wakeAt) return;
    this.#wakeAt = at;
    this.#context.emit({ type: 'wake-at', at });
  }
}
