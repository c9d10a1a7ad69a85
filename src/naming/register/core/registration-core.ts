import type { Pacer } from '../../../async/time/pacer.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../../errors/index.js';
import { type KeyValue, type LeaseId, type Revision, withJson } from '../../../model/index.js';
import type { Endpoint } from '../../endpoint.js';
import { ConflictError } from '../../errors.js';
import type { RegistrationEnd, RegistrationState } from '../types.js';
import { CoreContext, withError } from './context.js';
import { isFinal } from './error-kinds.js';
import { InitialRegistration } from './initial-registration.js';
import type { CallKey, RegistrationEffect, RegistrationInput, RequestKey } from './protocol.js';
import type { Claim } from './record/claim.js';
import { RetiredLeases } from './retired-leases.js';
import { ClaimStage } from './stages/claim-stage.js';
import { LeaseCheckStage } from './stages/lease-check-stage.js';
import type { GrantedLease, LeaseStage, StageOutcome } from './stages/lease-stage.js';
import { type Mark, Shutdown } from './stages/shutdown.js';
import { StoredStage } from './stages/stored-stage.js';
import { replacedText } from './texts.js';

export interface RegistrationCoreOptions {
  readonly claim: Claim;
  /** What to do when an operator deletes the record: store it again, or end the registration. */
  readonly onDeleted: 'restore' | 'stop';
}

/**
 * A registration cycles through `pausing`, `granting` and `active`, once per lease, and ends with `closing`, `ended`.
 */
type Phase =
  | { readonly type: 'pausing'; readonly at: number }
  | { readonly type: 'granting'; readonly request: RequestKey }
  | { readonly type: 'active'; readonly stage: LeaseStage }
  | { readonly type: 'closing'; readonly shutdown: Shutdown; readonly stage: LeaseStage | undefined }
  | { readonly type: 'ended' };

/**
 * Decides when the record is stored, who owns it, what it contains, and when leases are granted and revoked.
 * Pure: each input carries the time and returns the effects to perform, in order.
 */
export class RegistrationCore {
  readonly #context: CoreContext;
  readonly #claim: Claim;
  readonly #onDeleted: 'restore' | 'stop';
  readonly #retired = new RetiredLeases();
  readonly #leasePacer: Pacer;
  readonly #restorePacer: Pacer;
  #phase: Phase = { type: 'pausing', at: Number.POSITIVE_INFINITY };
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor({ claim, onDeleted }: RegistrationCoreOptions, random: () => number) {
    this.#claim = claim;
    this.#onDeleted = onDeleted;
    this.#context = new CoreContext(claim, random);
    this.#leasePacer = this.#context.newPacer();
    this.#restorePacer = this.#context.newPacer();
  }

  get endpoint(): Endpoint {
    return this.#claim.desired.endpoint;
  }

  /** Whether the record says, or is to say, that its endpoint is draining. */
  get showsDraining(): boolean {
    return this.#claim.desired.showsDraining;
  }

  get state(): RegistrationState {
    if (this.#isStopped) return 'closed';
    return this.#stage?.state ?? 'registering';
  }

  /** The lease of the stored record. */
  get lease(): LeaseId | undefined {
    const stage = this.#stage;
    return stage?.revision === undefined ? undefined : stage.held.lease;
  }

  get revision(): Revision | undefined {
    return this.#stage?.revision;
  }

  get lastError(): EtcdError | undefined {
    return this.#context.lastError;
  }

  get registrationCount(): number {
    return this.#context.registrationCount;
  }

  handle(input: RegistrationInput, now: number): readonly RegistrationEffect[] {
    const effects: RegistrationEffect[] = [];
    this.#context.effects = effects;
    this.#context.now = now;
    this.#claim.unconfirmed.prune(now);
    this.#dispatch(input);
    this.#checkDeadlines();
    if (now >= this.#nextActionAt) this.#runDue();
    this.#armTimer();
    return effects;
  }

  #dispatch(input: RegistrationInput): void {
    switch (input.type) {
      case 'start':
        this.#context.initial = new InitialRegistration(input.timeoutMs, this.#context.now);
        this.#grant();
        return;
      case 'granted':
        this.#onGranted(input.request, { lease: input.lease, ttlMs: input.ttlMs });
        return;
      case 'failed':
        this.#onRequestFailed(input.request, input.error);
        return;
      case 'written':
        this.#applyOutcome(this.#stage?.onWriteResult(input.request, input.result));
        return;
      case 'state':
        this.#applyOutcome(this.#stage?.onKeyState(input.request, input));
        return;
      case 'follow-failure':
        if (this.#stage?.isFollowing(input.request)) this.#context.lastError = input.error;
        return;
      case 'lease-state':
        this.#applyOutcome(this.#stage?.onLeaseStatus?.(input.request, input.isAlive));
        return;
      case 'lease-ended':
        if (this.#stage?.held.lease === input.lease)
          this.#applyOutcome(this.#stage.onLeaseEnded(input.error));
        return;
      case 'revoked':
        if (this.#phase.type === 'closing') this.#phase.shutdown.onRevoked(input.lease, input.isRevoked);
        return;
      case 'marked':
      case 'orphan-deleted':
        if (this.#phase.type === 'closing') this.#phase.shutdown.onSettled(input.request);
        return;
      case 'update':
        this.#requestChange(input.call, input.timeoutMs, () => this.#claim.desired.change(input.change));
        return;
      case 'drain':
        this.#requestChange(input.call, Number.POSITIVE_INFINITY, () => this.#claim.desired.startDraining());
        return;
      case 'abandon-call':
        this.#context.updates.remove(input.call);
        return;
      case 'timer':
        this.#wakeAt = Number.POSITIVE_INFINITY;
        return;
      case 'close':
        this.#close(input.what);
    }
  }

  // From one lease to the next.

  #grant(): void {
    const { initial, now } = this.#context;
    const request = this.#context.newRequest();
    this.#phase = { type: 'granting', request };
    this.#context.emit({ type: 'grant', request, ...initial?.requestTimeout(now) });
  }

  #onGranted(request: RequestKey, held: GrantedLease): void {
    if (this.#phase.type !== 'granting' || this.#phase.request !== request) {
      this.#context.emit({ type: 'revoke', lease: held.lease });
      return;
    }
    this.#claim.rememberLease(held.lease);
    this.#enterStage(new ClaimStage(this.#context, held));
  }

  #enterStage(stage: LeaseStage): void {
    this.#phase = { type: 'active', stage };
  }

  get #stage(): LeaseStage | undefined {
    return this.#phase.type === 'active' ? this.#phase.stage : undefined;
  }

  #onRequestFailed(request: RequestKey, error: EtcdError): void {
    const phase = this.#phase;
    if (phase.type === 'granting' && phase.request === request) this.#onFailed(error);
    else if (phase.type === 'active') this.#applyOutcome(phase.stage.onRequestFailed(request, error));
    else if (phase.type === 'closing') phase.shutdown.onSettled(request);
  }

  /** Ends the current stage and starts what follows from its outcome. */
  #applyOutcome(outcome: StageOutcome | undefined): void {
    const stage = this.#stage;
    if (!outcome || !stage) return;
    stage.cancelRequests();
    switch (outcome.type) {
      case 'stored':
        this.#onStored(stage.held, outcome.revision);
        return;
      case 'gone':
        this.#enterStage(new LeaseCheckStage(this.#context, stage.held));
        return;
      case 'deleted':
        this.#onDeletedByOperator(stage.held);
        return;
      case 'replaced':
        this.#onReplaced(stage.held, outcome.kv);
        return;
      case 'lease-lost':
        this.#retire(stage.held);
        this.#reportLost('lease', outcome.error);
        this.#pause();
        return;
      case 'failed':
        this.#retire(stage.held);
        this.#onFailed(outcome.error);
    }
  }

  #onStored(held: GrantedLease, revision: Revision): void {
    const context = this.#context;
    this.#enterStage(new StoredStage(context, held, revision, this.#restorePacer));
    context.registrationCount++;
    for (const { lease } of this.#retired.takeAll()) context.emit({ type: 'revoke', lease });
    const again = context.registrationCount > 1;
    context.emitEvent(withJson({ type: 'registered', again, lease: held.lease, revision }));
    this.#settleStart();
  }

  /** The lease is alive, so an operator deleted the record. */
  #onDeletedByOperator(held: GrantedLease): void {
    this.#reportLost('deleted', undefined);
    if (this.#onDeleted === 'stop') this.#stop({ reason: 'deleted' }, undefined, { held });
    else this.#revokeAndPause(held);
  }

  #onReplaced(held: GrantedLease, kv: KeyValue): void {
    const error = new ConflictError(replacedText(this.#claim.key, kv, this.#claim.hasOwnAddr(kv)));
    this.#reportLost('replaced', error);
    // Two registrations that overwrite each other would never stop, so the one that was overwritten ends.
    if (this.#claim.failsOnConflict) this.#stop({ reason: 'replaced', error }, error, { held });
    else this.#revokeAndPause(held);
  }

  #reportLost(cause: 'lease' | 'deleted' | 'replaced', error: EtcdError | undefined): void {
    if (error) this.#context.lastError = error;
    this.#context.emitEvent({ type: 'lost', cause, error });
  }

  /** For a lease without a record. */
  #revokeAndPause({ lease }: GrantedLease): void {
    this.#context.emit({ type: 'revoke', lease });
    this.#pause();
  }

  #retire(held: GrantedLease): void {
    const oldest = this.#retired.add(held);
    if (oldest) this.#context.emit({ type: 'revoke', lease: oldest.lease });
  }

  /** Retries with a new lease after a pause, unless no retry can succeed. */
  #onFailed(error: EtcdError): void {
    const context = this.#context;
    context.lastError = error;
    if (context.initial && isFinal(error)) this.#stop({ reason: 'closed' }, error);
    else if (error instanceof ConflictError) this.#stop({ reason: 'replaced', error }, error);
    else context.reportFailure(error, this.#pause());
  }

  #pause(): number {
    const pauseMs = this.#leasePacer.nextDelayMs();
    this.#phase = { type: 'pausing', at: this.#context.now + pauseMs };
    return pauseMs;
  }

  // Calls of the owner.

  #requestChange(call: CallKey, timeoutMs: number, change: () => number): void {
    const { updates, now } = this.#context;
    try {
      if (this.#isStopped) throw new ClosedError('the registration');
      updates.add(call, change(), timeoutMs, now);
    } catch (error) {
      this.#context.emit({ type: 'settle', call, error: toEtcdError(error) });
    }
  }

  get #isStopped(): boolean {
    return this.#phase.type === 'closing' || this.#phase.type === 'ended';
  }

  #settleStart(error?: EtcdError): void {
    if (!this.#context.initial) return;
    this.#context.initial = undefined;
    this.#context.emit({ type: 'started', ...withError(error) });
  }

  // The end.

  /**
   * A client that is closed sends nothing: the record expires with its lease. But the end of a registration that was
   * closed before is completed: while the client closes, the last revokes can be sent.
   */
  #close(what: 'the client' | 'the registration'): void {
    if (this.#phase.type === 'closing' && what === 'the client') this.#phase.shutdown.stopMarking();
    const mark = what === 'the registration' ? this.#mark : undefined;
    this.#stop({ reason: 'closed' }, new ClosedError(what), { mark });
  }

  get #mark(): Mark | undefined {
    const stage = this.#stage;
    const txn = stage?.drainingTxn?.();
    return stage && txn && { lease: stage.held.lease, txn };
  }

  #stop(
    end: RegistrationEnd,
    error: EtcdError | undefined,
    left: { readonly held?: GrantedLease; readonly mark?: Mark | undefined } = {},
  ): void {
    if (this.#isStopped) return;
    const phase = this.#phase;
    const stage = this.#stage;
    const { held = stage?.held, mark } = left;
    const leases = [...this.#retired.takeAll()];
    if (held && !leases.includes(held)) leases.push(held);
    if (phase.type === 'granting') this.#context.cancel(phase.request);
    this.#phase = { type: 'closing', shutdown: new Shutdown(this.#context, end, leases, mark), stage };
    this.#context.updates.settleAll(new ClosedError('the registration'));
    this.#settleStart(error);
  }

  // Time.

  #checkDeadlines(): void {
    const { updates, initial, lastError, now } = this.#context;
    const { key } = this.#claim;
    updates.rejectLate(key, now, lastError);
    if (initial && now >= initial.deadline)
      this.#stop({ reason: 'closed' }, initial.toDeadlineError(key, lastError));
  }

  #runDue(): void {
    const phase = this.#phase;
    if (phase.type === 'pausing') this.#grant();
    else if (phase.type === 'active') phase.stage.act();
    else if (phase.type === 'closing') this.#continueClosing(phase.shutdown, phase.stage);
  }

  #continueClosing(shutdown: Shutdown, stage: LeaseStage | undefined): void {
    shutdown.stopMarking();
    if (shutdown.isOver) this.#finish(shutdown.end, stage);
  }

  #finish(end: RegistrationEnd, stage: LeaseStage | undefined): void {
    // Workaround (etcd 3.4; https://github.com/etcd-io/etcd/issues/18704): etcd keeps a watcher forever if its stream is
    // cancelled while the watcher is being created, so this is done last. Remove when etcd 3.4 is not supported.
    stage?.cancelRequests();
    this.#phase = { type: 'ended' };
    this.#context.emitEvent({ type: 'ended', ...end });
    this.#context.emit({ type: 'end', end });
  }

  /** When the current phase acts on its own, in milliseconds of the clock; Infinity for never. */
  get #nextActionAt(): number {
    const phase = this.#phase;
    if (phase.type === 'pausing') return phase.at;
    if (phase.type === 'active') return phase.stage.nextActionAt;
    return phase.type === 'closing' ? phase.shutdown.nextActionAt : Number.POSITIVE_INFINITY;
  }

  #armTimer(): void {
    const { updates, initial } = this.#context;
    const at = Math.min(
      this.#nextActionAt,
      updates.nextDeadline,
      initial?.deadline ?? Number.POSITIVE_INFINITY,
    );
    if (at === this.#wakeAt) return;
    this.#wakeAt = at;
    this.#context.emit({ type: 'wake-at', at });
  }
}
