import type { Pacer } from '../../../async/pacer.js';
import { type EtcdError, LeaseNotFoundError } from '../../../errors/index.js';
import type { KeyValue, Revision } from '../../../model/index.js';
import type { RegistrationState } from '../types.js';
import type { CoreContext } from './context.js';
import { endsLife } from './fate.js';
import type { GrantedLease, LifePart, Outcome } from './life.js';
import type { KeyState, RequestKey, WriteResult } from './protocol.js';
import { RecordWrite } from './record-write.js';
import { textOf } from './texts.js';

/** A record that is stored, as far as is known: changed in place to what its owner updates, and back after others. */
export class Stored implements LifePart {
  readonly held: GrantedLease;
  readonly #context: CoreContext;
  readonly #follow: RequestKey;
  /** The pauses before writes again that failed, and before another writer's record is restored. */
  #retries: Pacer;
  readonly #restores: Pacer;
  #revision: Revision;
  /** What stands there at that revision. */
  #value: Buffer;
  /** What another writer put there in place of ours; undefined when it is as it should be. */
  #foreign: string | undefined;
  #write: RecordWrite | undefined;
  /** Whether the last write failed. */
  #isFailing = false;
  #retryAt: number;
  #restoreAt: number;

  /** `restores` outlives a record: another writer who takes it again and again is answered ever more slowly. */
  constructor(context: CoreContext, held: GrantedLease, revision: Revision, restores: Pacer) {
    this.#context = context;
    this.held = held;
    this.#revision = revision;
    this.#value = context.claim.knownValue;
    this.#restores = restores;
    this.#retries = context.pacer();
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

  /** Never, while the record is as it should be or a write is under way. */
  get due(): number {
    if (this.#write) return Number.POSITIVE_INFINITY;
    if (this.#context.claim.desired.isDirty) return this.#retryAt;
    return this.#foreign === undefined ? Number.POSITIVE_INFINITY : Math.max(this.#retryAt, this.#restoreAt);
  }

  proceed(): void {
    this.#write = new RecordWrite(this.#context, this.held.lease, this.#revision);
  }

  written(request: RequestKey, result: WriteResult): Outcome | undefined {
    const write = this.#write;
    if (write?.request !== request) return undefined;
    if (result.type === 'stored') return this.#confirm(write, result.revision);
    const { kv } = result;
    if (kv && write.hasStored(kv)) return this.#confirm(write, kv.modRevision);
    this.#write = undefined;
    write.refused();
    this.#retryAt = this.#context.now + this.#retries.nextDelayMs();
    return this.#judge(result);
  }

  stateSeen(request: RequestKey, state: KeyState): Outcome | undefined {
    return this.isFollowing(request) ? this.#judge(state) : undefined;
  }

  leaseAnswered(): undefined {
    return undefined;
  }

  failed(request: RequestKey, error: EtcdError): Outcome | undefined {
    if (this.isFollowing(request)) return { type: 'failed', error };
    const write = this.#write;
    if (write?.request !== request) return undefined;
    this.#write = undefined;
    write.failed(error);
    if (error instanceof LeaseNotFoundError) return { type: 'lease-lost', error };
    if (endsLife(error)) return { type: 'failed', error };
    this.#isFailing = true;
    this.#settle();
    if (!this.#isFailing) return undefined; // the update was taken back, and its owner has the error
    const retryInMs = this.#retries.nextDelayMs();
    this.#retryAt = this.#context.now + retryInMs;
    this.#context.failure(error, retryInMs);
    return undefined;
  }

  leaseEnded(error: EtcdError): Outcome {
    return { type: 'lease-lost', error };
  }

  isFollowing(request: RequestKey): boolean {
    return this.#follow === request;
  }

  leave(): void {
    this.#context.cancel(this.#follow);
    this.#write?.abandon();
    this.#write = undefined;
  }

  #judge(state: KeyState): Outcome | undefined {
    const { kv } = state;
    const finding = this.#context.claim.judge(state, this.held.lease, this.#revision);
    // A store that was restored may have come to the very revision again, with another record.
    if (finding === 'known' && kv?.modRevision === this.#revision && !kv.value.equals(this.#value))
      return this.#changed(kv);
    if (finding === 'known') {
      if (!this.#isFailing) this.#context.lastError = undefined;
      return undefined;
    }
    if (finding === 'gone' || !kv) return { type: 'gone' };
    if (finding === 'replaced') return { type: 'replaced', kv };
    const write = this.#write;
    if (!write?.hasStored(kv)) return this.#changed(kv);
    // The record itself is the answer, and sooner.
    this.#context.cancel(write.request);
    return this.#confirm(write, kv.modRevision);
  }

  /** The write is stored at that revision, as its answer or the record itself says. */
  #confirm(write: RecordWrite, revision: Revision): undefined {
    const isNewest = revision > this.#revision;
    this.#write = undefined;
    this.#isFailing = false;
    this.#retries = this.#context.pacer();
    this.#retryAt = this.#context.now;
    write.confirm(isNewest);
    if (!isNewest) return;
    const foreign = this.#foreign;
    this.#foreign = undefined;
    this.#know(revision, this.#context.claim.knownValue);
    if (foreign !== undefined) this.#context.tell({ type: 'restored', value: foreign });
  }

  /** Another writer changed the record: what it says of its own is taken over, or ours is stored again. */
  #changed(kv: KeyValue): undefined {
    const { claim, now } = this.#context;
    // What comes from a backup is older, or stands under an earlier lease.
    const isNews = kv.modRevision > this.#revision && (kv.lease === this.held.lease || kv.lease === 0n);
    this.#know(kv.modRevision, kv.value);
    if (!this.#write && claim.desired.isDirty && this.#isAsDesired(kv)) this.#confirmAll();
    const endpoint = isNews ? claim.learn(kv) : undefined;
    if (endpoint) this.#context.tell({ type: 'adopted', endpoint });
    const { desired } = claim;
    if (kv.value.equals(desired.settledValue)) claim.rememberValue(kv.value);
    // What is about to be written over is as it should be.
    const isRight = kv.value.equals(desired.settledValue) || (desired.isDirty && claim.isOurs(kv.value));
    const isAsItShouldBe = isRight && kv.lease === this.held.lease;
    this.#foreign = isAsItShouldBe ? undefined : textOf(kv);
    if (!isAsItShouldBe) this.#restoreAt = now + this.#restores.nextDelayMs();
    this.#settle();
  }

  #isAsDesired(kv: KeyValue): boolean {
    return kv.lease === this.held.lease && kv.value.equals(this.#context.claim.desired.value);
  }

  /** A write whose answer was lost has stored all that is desired. */
  #confirmAll(): void {
    const { claim, calls } = this.#context;
    claim.desired.send();
    claim.desired.confirm(true);
    claim.sent.confirmed();
    calls.settle(claim.desired.latest);
  }

  /** Where nothing is left to be written, nothing fails. */
  #settle(): void {
    if (this.#context.claim.desired.isDirty || this.#foreign !== undefined) return;
    this.#isFailing = false;
    this.#context.lastError = undefined;
  }

  #know(revision: Revision, value: Buffer): void {
    this.#revision = revision;
    this.#value = value;
    this.#context.claim.rememberRevision(revision, this.held.lease);
  }
}
