import type { Pacer } from '../../../../async/time/pacer.js';
import type { EtcdError } from '../../../../errors/index.js';
import type { KeyState, KeyValue, Revision } from '../../../../model/index.js';
import { ConflictError } from '../../../errors.js';
import type { RegistrationState } from '../../types.js';
import type { CoreContext } from '../context.js';
import { invalidatesRecord, isFinal } from '../error-kinds.js';
import type { RequestKey, WriteResult } from '../protocol.js';
import { RecordWrite } from '../record/record-write.js';
import { conflictText, valueExcerpt, waitingText } from '../texts.js';
import type { GrantedLease, LeaseStage, StageOutcome } from './lease-stage.js';

/** Stores the record under a lease once the key is absent or its record may be overwritten. */
export class ClaimStage implements LeaseStage {
  readonly held: GrantedLease;
  readonly revision = undefined;
  readonly #context: CoreContext;
  readonly #retryPacer: Pacer;
  /** Whether the one retry without a pause has been used. */
  #hasClaimedImmediately = false;
  #hasWaited = false;
  #expectedRevision: Revision | undefined;
  #writeAt: number;
  #write: RecordWrite | undefined;
  /** Set while another registration's record has the key. */
  #conflict: { readonly follow: RequestKey; found: KeyValue } | undefined;

  constructor(context: CoreContext, held: GrantedLease) {
    this.#context = context;
    this.held = held;
    this.#retryPacer = context.newPacer();
    this.#writeAt = context.now;
  }

  get state(): RegistrationState {
    return this.#hasWaited ? 'waiting' : 'registering';
  }

  get nextActionAt(): number {
    return this.#write || this.#conflict ? Number.POSITIVE_INFINITY : this.#writeAt;
  }

  act(): void {
    this.#write = new RecordWrite(this.#context, this.held.lease, this.#expectedRevision);
  }

  onWriteResult(request: RequestKey, result: WriteResult): StageOutcome | undefined {
    const write = this.#write;
    if (write?.request !== request) return undefined;
    this.#write = undefined;
    if (result.type === 'stored') return this.#stored(write, result.revision);
    const { kv } = result;
    // An earlier attempt stored it; its answer was lost.
    if (kv && write.isStoredAs(kv)) return this.#stored(write, kv.modRevision);
    if (!kv || this.#mayReplace(kv)) this.#scheduleWrite(kv, kv === undefined);
    else return this.#onConflict(kv, result.revision);
    return undefined;
  }

  onKeyState(request: RequestKey, { kv }: KeyState): StageOutcome | undefined {
    const conflict = this.#conflict;
    if (conflict?.follow !== request) return undefined;
    if (!kv || this.#mayReplace(kv)) {
      this.#stopWaiting();
      this.#scheduleWrite(kv, false);
      return undefined;
    }
    if (!kv.value.equals(conflict.found.value)) this.#reportWaiting(kv);
    conflict.found = kv;
    return undefined;
  }

  onRequestFailed(request: RequestKey, error: EtcdError): StageOutcome | undefined {
    if (this.isFollowing(request)) return { type: 'failed', error };
    const write = this.#write;
    if (write?.request !== request) return undefined;
    this.#write = undefined;
    write.onFailed(error);
    const { initial, now } = this.#context;
    if (invalidatesRecord(error) || (initial && isFinal(error))) return { type: 'failed', error };
    const retryInMs = this.#retryPacer.nextDelayMs();
    this.#writeAt = now + retryInMs;
    this.#context.reportFailure(error, retryInMs);
    return undefined;
  }

  onLeaseEnded(error: EtcdError): StageOutcome {
    return { type: 'failed', error };
  }

  isFollowing(request: RequestKey): boolean {
    return this.#conflict?.follow === request;
  }

  cancelRequests(): void {
    this.#write?.abandon();
    this.#write = undefined;
    this.#stopWaiting();
  }

  #stored(write: RecordWrite, revision: Revision): StageOutcome {
    write.confirm(true);
    return { type: 'stored', revision };
  }

  #mayReplace(kv: KeyValue): boolean {
    return this.#context.claim.mayReplace(kv, this.#context.isFirstRegistration);
  }

  /**
   * Schedules the write over the record that was found. The first such write needs no pause. Later ones do, and so does
   * one after a contradictory answer (the compare failed, but the key is absent): the key may change repeatedly.
   */
  #scheduleWrite(kv: KeyValue | undefined, isContradiction: boolean): void {
    const { claim, now } = this.#context;
    const endpoint = kv && claim.isNewerThanKnown(kv) ? claim.adopt(kv) : undefined;
    if (endpoint) this.#context.emitEvent({ type: 'adopted', endpoint });
    const isImmediate = !this.#hasClaimedImmediately && !isContradiction;
    this.#hasClaimedImmediately = true;
    this.#expectedRevision = kv?.modRevision;
    this.#writeAt = isImmediate ? now : now + this.#retryPacer.nextDelayMs();
  }

  #onConflict(kv: KeyValue, revision: Revision): StageOutcome | undefined {
    const { claim } = this.#context;
    if (claim.failsOnConflict)
      return { type: 'failed', error: new ConflictError(conflictText(claim.key, kv)) };
    this.#conflict = { follow: this.#context.follow(revision), found: kv };
    this.#hasWaited = true;
    this.#reportWaiting(kv);
    return undefined;
  }

  #reportWaiting(kv: KeyValue): void {
    const { claim } = this.#context;
    const error = new ConflictError(waitingText(claim.key, kv, claim.hasOwnAddr(kv)));
    this.#context.lastError = error;
    this.#context.emitEvent({ type: 'waiting', value: valueExcerpt(kv), error });
  }

  #stopWaiting(): void {
    this.#context.cancel(this.#conflict?.follow);
    this.#conflict = undefined;
  }
}
