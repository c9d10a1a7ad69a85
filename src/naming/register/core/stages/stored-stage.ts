import type { Pacer } from '../../../../async/time/pacer.js';
import { type EtcdError, LeaseNotFoundError } from '../../../../errors/index.js';
import type { Txn } from '../../../../kv/index.js';
import type { KeyState, KeyValue, Revision } from '../../../../model/index.js';
import type { RegistrationState } from '../../types.js';
import type { CoreContext } from '../context.js';
import { invalidatesRecord } from '../error-kinds.js';
import type { RequestKey, WriteResult } from '../protocol.js';
import { RecordWrite } from '../record/record-write.js';
import { valueExcerpt } from '../texts.js';
import type { GrantedLease, LeaseStage, StageOutcome } from './lease-stage.js';

/** Maintains a stored record: writes the owner's updates, and restores it after foreign changes. */
export class StoredStage implements LeaseStage {
  readonly held: GrantedLease;
  readonly #context: CoreContext;
  readonly #follow: RequestKey;
  /** Paces retries of failed writes. `#restorePacer` paces restoring after foreign changes. */
  #writePacer: Pacer;
  readonly #restorePacer: Pacer;
  #revision: Revision;
  /** The stored value at that revision. */
  #value: Buffer;
  /** The start of a foreign value that must be overwritten; undefined while the record is as desired. */
  #foreignText: string | undefined;
  #write: RecordWrite | undefined;
  /** Whether the last write failed. */
  #isFailing = false;
  #retryAt: number;
  #restoreAt: number;

  /**
   * @param restores Shared by all records of the registration, so that the pauses grow with repeated foreign changes.
   */
  constructor(context: CoreContext, held: GrantedLease, revision: Revision, restores: Pacer) {
    this.#context = context;
    this.held = held;
    this.#revision = revision;
    this.#value = context.claim.knownValue;
    this.#restorePacer = restores;
    this.#writePacer = context.newPacer();
    this.#retryAt = context.now;
    this.#restoreAt = context.now;
    this.#follow = context.follow(revision);
    context.claim.rememberRevision(revision, held.lease);
  }

  get revision(): Revision {
    return this.#revision;
  }

  get state(): RegistrationState {
    if (this.#context.claim.desired.isDraining) return 'draining';
    return this.#isFailing ? 'outdated' : 'registered';
  }

  /** Infinity while the record is as desired or a write is in flight. */
  get nextActionAt(): number {
    if (this.#write) return Number.POSITIVE_INFINITY;
    if (this.#context.claim.desired.hasUnconfirmedChanges) return this.#retryAt;
    return this.#foreignText === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(this.#retryAt, this.#restoreAt);
  }

  act(): void {
    this.#write = new RecordWrite(this.#context, this.held.lease, this.#revision);
  }

  onWriteResult(request: RequestKey, result: WriteResult): StageOutcome | undefined {
    const write = this.#write;
    if (write?.request !== request) return undefined;
    if (result.type === 'stored') return this.#confirm(write, result.revision);
    const { kv } = result;
    if (kv && write.isStoredAs(kv)) return this.#confirm(write, kv.modRevision);
    this.#write = undefined;
    this.#retryAt = this.#context.now + this.#writePacer.nextDelayMs();
    return this.#handleState(result);
  }

  onKeyState(request: RequestKey, state: KeyState): StageOutcome | undefined {
    return this.isFollowing(request) ? this.#handleState(state) : undefined;
  }

  onRequestFailed(request: RequestKey, error: EtcdError): StageOutcome | undefined {
    if (this.isFollowing(request)) return { type: 'failed', error };
    const write = this.#write;
    if (write?.request !== request) return undefined;
    this.#write = undefined;
    write.onFailed(error);
    if (error instanceof LeaseNotFoundError) return { type: 'lease-lost', error };
    if (invalidatesRecord(error)) return { type: 'failed', error };
    this.#isFailing = true;
    this.#clearFailureIfConfirmed();
    if (!this.#isFailing) return undefined; // the change was discarded, and its call rejected
    const retryInMs = this.#writePacer.nextDelayMs();
    this.#retryAt = this.#context.now + retryInMs;
    this.#context.reportFailure(error, retryInMs);
    return undefined;
  }

  onLeaseEnded(error: EtcdError): StageOutcome {
    return { type: 'lease-lost', error };
  }

  drainingTxn(): Txn | undefined {
    const { claim, lastError } = this.#context;
    const isAsConfirmed = !this.#write && this.#value.equals(claim.desired.confirmedValue);
    if (!isAsConfirmed || lastError !== undefined) return undefined;
    return claim.drainingTxn(this.held.lease, this.#revision);
  }

  isFollowing(request: RequestKey): boolean {
    return this.#follow === request;
  }

  cancelRequests(): void {
    this.#context.cancel(this.#follow);
    this.#write?.abandon();
    this.#write = undefined;
  }

  #handleState(state: KeyState): StageOutcome | undefined {
    const { kv } = state;
    const finding = this.#context.claim.classify(state, this.held.lease, this.#revision);
    // A restored store may reach the same revision again, with another record.
    if (finding === 'known' && kv?.modRevision === this.#revision && !kv.value.equals(this.#value))
      return this.#onForeignChange(kv);
    if (finding === 'known') {
      if (!this.#isFailing) this.#context.lastError = undefined;
      return undefined;
    }
    if (!kv) return { type: 'gone' };
    if (finding === 'replaced') return { type: 'replaced', kv };
    const write = this.#write;
    if (!write?.isStoredAs(kv)) return this.#onForeignChange(kv);
    // The record arrived before the answer to the write.
    this.#context.cancel(write.request);
    return this.#confirm(write, kv.modRevision);
  }

  /** The write is stored at that revision, according to its answer or to the record. */
  #confirm(write: RecordWrite, revision: Revision): undefined {
    const isNewest = revision > this.#revision;
    this.#write = undefined;
    this.#isFailing = false;
    this.#writePacer = this.#context.newPacer();
    this.#retryAt = this.#context.now;
    write.confirm(isNewest);
    if (!isNewest) return;
    const foreign = this.#foreignText;
    this.#foreignText = undefined;
    this.#remember(revision, this.#context.claim.knownValue);
    if (foreign !== undefined) this.#context.emitEvent({ type: 'restored', value: foreign });
  }

  /** Another writer changed the record: its metadata is adopted, or our record is restored. */
  #onForeignChange(kv: KeyValue): undefined {
    const { claim, now } = this.#context;
    // A record from a backup is older, or has an earlier lease.
    const isNewer = kv.modRevision > this.#revision && kv.lease === this.held.lease;
    this.#remember(kv.modRevision, kv.value);
    if (!this.#write && this.#isAsDesired(kv)) this.#confirmDesired();
    const endpoint = isNewer ? claim.adopt(kv) : undefined;
    if (endpoint) this.#context.emitEvent({ type: 'adopted', endpoint });
    const { desired } = claim;
    if (kv.value.equals(desired.confirmedValue)) claim.rememberValue(kv.value);
    // A foreign value is accepted if the next write replaces it anyway.
    const isAccepted =
      kv.value.equals(desired.confirmedValue) ||
      (desired.hasUnconfirmedChanges && claim.isOwnValue(kv.value));
    const needsRestore = !isAccepted || kv.lease !== this.held.lease;
    this.#foreignText = needsRestore ? valueExcerpt(kv) : undefined;
    // A pending restore keeps its time: of many random pauses, the shortest would count.
    if (needsRestore && this.#restoreAt <= now) this.#restoreAt = now + this.#restorePacer.nextDelayMs();
    this.#clearFailureIfConfirmed();
  }

  #isAsDesired(kv: KeyValue): boolean {
    return kv.lease === this.held.lease && kv.value.equals(this.#context.claim.desired.value);
  }

  /** The record has all desired changes: a write whose answer was lost stored it. */
  #confirmDesired(): void {
    const { claim, updates } = this.#context;
    claim.desired.beginWrite();
    claim.desired.confirmWrite(true);
    claim.unconfirmed.onConfirmed();
    updates.settle(claim.desired.lastChange);
  }

  /** Clears the failure when there is nothing left to write. */
  #clearFailureIfConfirmed(): void {
    if (this.#context.claim.desired.hasUnconfirmedChanges || this.#foreignText !== undefined) return;
    this.#isFailing = false;
    this.#context.lastError = undefined;
  }

  #remember(revision: Revision, value: Buffer): void {
    this.#revision = revision;
    this.#value = value;
    this.#context.claim.rememberRevision(revision, this.held.lease);
  }
}
