import type { Pacer } from '../../../async/pacer.js';
import type { EtcdError } from '../../../errors/index.js';
import type { KeyValue, Revision } from '../../../model/index.js';
import { ConflictError } from '../../errors.js';
import type { RegistrationState } from '../types.js';
import type { CoreContext } from './context.js';
import { endsLife, isFinal } from './fate.js';
import type { GrantedLease, LifePart, Outcome } from './life.js';
import type { KeyState, RequestKey, WriteResult } from './protocol.js';
import { RecordWrite } from './record-write.js';
import { leftText, textOf, waitingText } from './texts.js';

/** Stores the record under a lease as soon as the key is free or its record may be replaced. */
export class Claiming implements LifePart {
  readonly held: GrantedLease;
  readonly revision = undefined;
  readonly #context: CoreContext;
  readonly #pauses: Pacer;
  /** Whether the attempt that needs no pause was made. */
  #hasTried = false;
  #hasWaited = false;
  #expected: Revision | undefined;
  #writeAt: number;
  #write: RecordWrite | undefined;
  /** While another's record is waited for to go. */
  #waiting: { readonly follow: RequestKey; found: KeyValue } | undefined;

  constructor(context: CoreContext, held: GrantedLease) {
    this.#context = context;
    this.held = held;
    this.#pauses = context.pacer();
    this.#writeAt = context.now;
  }

  get state(): RegistrationState {
    return this.#hasWaited ? 'waiting' : 'registering';
  }

  get due(): number {
    return this.#write || this.#waiting ? Number.POSITIVE_INFINITY : this.#writeAt;
  }

  proceed(): void {
    this.#write = new RecordWrite(this.#context, this.held.lease, this.#expected);
  }

  written(request: RequestKey, result: WriteResult): Outcome | undefined {
    const write = this.#write;
    if (write?.request !== request) return undefined;
    this.#write = undefined;
    if (result.type === 'stored') return this.#stored(write, result.revision);
    const { kv } = result;
    // The answer to an earlier attempt was lost.
    if (kv && write.hasStored(kv)) return this.#stored(write, kv.modRevision);
    write.refused();
    if (!kv || this.#mayReplace(kv)) this.#claimOver(kv, kv === undefined);
    else return this.#meet(kv, result.revision);
    return undefined;
  }

  stateSeen(request: RequestKey, { kv }: KeyState): Outcome | undefined {
    const waiting = this.#waiting;
    if (waiting?.follow !== request) return undefined;
    if (!kv || this.#mayReplace(kv)) {
      this.#stopWaiting();
      this.#claimOver(kv, false);
      return undefined;
    }
    if (!kv.value.equals(waiting.found.value)) this.#waitFor(kv);
    waiting.found = kv;
    return undefined;
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
    const { initial, now } = this.#context;
    if (endsLife(error) || (initial && isFinal(error))) return { type: 'failed', error };
    const retryInMs = this.#pauses.nextDelayMs();
    this.#writeAt = now + retryInMs;
    this.#context.failure(error, retryInMs);
    return undefined;
  }

  leaseEnded(error: EtcdError): Outcome {
    return { type: 'failed', error };
  }

  isFollowing(request: RequestKey): boolean {
    return this.#waiting?.follow === request;
  }

  leave(): void {
    this.#write?.abandon();
    this.#write = undefined;
    this.#stopWaiting();
  }

  #stored(write: RecordWrite, revision: Revision): Outcome {
    write.confirm(true);
    return { type: 'stored', revision };
  }

  #mayReplace(kv: KeyValue): boolean {
    return this.#context.claim.mayReplace(kv, this.#context.isFirst);
  }

  /**
   * Tries to store the record over what was found. The first record that may be replaced, or has gone, is reason to
   * try at once. A key that is taken again and again, or said not to be free when it is free, is not.
   */
  #claimOver(kv: KeyValue | undefined, isContradiction: boolean): void {
    const { claim, now } = this.#context;
    const endpoint = kv && claim.isNews(kv) ? claim.learn(kv) : undefined;
    if (endpoint) this.#context.tell({ type: 'adopted', endpoint });
    const isAtOnce = !this.#hasTried && !isContradiction;
    this.#hasTried = true;
    this.#expected = kv?.modRevision;
    this.#writeAt = isAtOnce ? now : now + this.#pauses.nextDelayMs();
  }

  #meet(kv: KeyValue, revision: Revision): Outcome | undefined {
    const { claim } = this.#context;
    if (claim.conflictPolicy === 'fail')
      return { type: 'failed', error: new ConflictError(leftText(claim.key, kv)) };
    this.#waiting = { follow: this.#context.follow(revision), found: kv };
    this.#hasWaited = true;
    this.#waitFor(kv);
    return undefined;
  }

  #waitFor(kv: KeyValue): void {
    const { claim } = this.#context;
    const error = new ConflictError(waitingText(claim.key, kv, claim.hasOwnAddr(kv)));
    this.#context.lastError = error;
    this.#context.tell({ type: 'waiting', value: textOf(kv), error });
  }

  #stopWaiting(): void {
    this.#context.cancel(this.#waiting?.follow);
    this.#waiting = undefined;
  }
}
