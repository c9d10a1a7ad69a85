import type { Pacer } from '../../../../async/time/pacer.js';
import type { EtcdError } from '../../../../errors/index.js';
import type { CoreContext } from '../context.js';
import { isFinal } from '../error-kinds.js';
import type { RequestKey } from '../protocol.js';
import type { GrantedLease, LeaseStage, StageOutcome } from './lease-stage.js';

/**
 * Determines why the record is gone: an operator deleted it, or its lease is gone as well. Repeats the request until etcd
 * answers or the lease ends, because a wrong guess would undo an operator's delete.
 */
export class LeaseCheckStage implements LeaseStage {
  readonly held: GrantedLease;
  readonly state = 'registering';
  readonly revision = undefined;
  readonly #context: CoreContext;
  readonly #retryPacer: Pacer;
  #checkAt: number;
  #request: RequestKey | undefined;

  constructor(context: CoreContext, held: GrantedLease) {
    this.#context = context;
    this.held = held;
    this.#retryPacer = context.newPacer();
    this.#checkAt = context.now;
  }

  get nextActionAt(): number {
    return this.#request === undefined ? this.#checkAt : Number.POSITIVE_INFINITY;
  }

  act(): void {
    this.#request = this.#context.newRequest();
    this.#context.emit({ type: 'check-lease', request: this.#request, lease: this.held.lease });
  }

  onLeaseStatus(request: RequestKey, isAlive: boolean): StageOutcome | undefined {
    if (this.#request !== request) return undefined;
    return isAlive ? { type: 'deleted' } : { type: 'lease-lost', error: undefined };
  }

  onRequestFailed(request: RequestKey, error: EtcdError): StageOutcome | undefined {
    if (this.#request !== request) return undefined;
    if (isFinal(error)) return { type: 'failed', error };
    const retryInMs = this.#retryPacer.nextDelayMs();
    this.#request = undefined;
    this.#checkAt = this.#context.now + retryInMs;
    this.#context.reportFailure(error, retryInMs);
    return undefined;
  }

  onLeaseEnded(error: EtcdError): StageOutcome {
    return { type: 'lease-lost', error };
  }

  onWriteResult(): undefined {
    return undefined;
  }

  onKeyState(): undefined {
    return undefined;
  }

  isFollowing(): boolean {
    return false;
  }

  cancelRequests(): void {
    this.#context.cancel(this.#request);
    this.#request = undefined;
  }
}
