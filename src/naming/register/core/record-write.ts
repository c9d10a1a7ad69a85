import type { EtcdError } from '../../../errors/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../model/index.js';
import type { CoreContext } from './context.js';
import { isAccessDenied, isFinal } from './error-kinds.js';
import type { RequestKey } from './protocol.js';

/** A write of the desired endpoint that is under way. */
export class RecordWrite {
  readonly request: RequestKey;
  readonly #context: CoreContext;
  readonly #lease: LeaseId;
  readonly #value: Buffer;
  readonly #isCreating: boolean;
  /** The number of the last update that it contains. */
  readonly #lastChange: number;

  /** Sends it: for a key that is free, or holds what was written at that revision. */
  constructor(context: CoreContext, lease: LeaseId, expected: Revision | undefined) {
    const { claim, initial, now } = context;
    this.#context = context;
    this.#lease = lease;
    this.request = context.newRequest();
    this.#value = claim.desired.beginWrite();
    this.#isCreating = expected === undefined;
    this.#lastChange = claim.desired.lastChange;
    const txn = claim.storeTxn(lease, this.#value, expected);
    context.emit({ type: 'write', request: this.request, txn, ...initial?.requestTimeout(now) });
  }

  /** Whether that record is what it stores, as after a lost answer. */
  isStoredAs(kv: KeyValue): boolean {
    return kv.lease === this.#lease && kv.value.equals(this.#value);
  }

  /** `isNewest` unless something that was written after it has been adopted. */
  confirm(isNewest: boolean): void {
    const { claim, updates: calls } = this.#context;
    claim.desired.confirmWrite(isNewest);
    if (isNewest) claim.rememberValue(this.#value);
    if (!this.#isCreating) claim.unconfirmed.onConfirmed();
    this.#context.lastError = undefined;
    calls.settle(this.#lastChange);
  }

  /** Something else was found there: what it covered is covered by the next write. */
  onCompareFailed(): void {
    this.#context.claim.desired.failWrite();
  }

  /** No longer waited for, it may be carried out all the same, and later too. */
  abandon(): void {
    const { claim, now } = this.#context;
    this.#context.cancel(this.request);
    claim.unconfirmed.add(this.#value, this.#isCreating, now);
    claim.desired.failWrite();
  }

  /** The owner is to know of what no other attempt would change, and gets back what can never be stored. */
  onFailed(error: EtcdError): void {
    const { claim, updates: calls, now } = this.#context;
    this.#context.lastError = error;
    if (error.verdict !== 'not-applied') claim.unconfirmed.add(this.#value, this.#isCreating, now);
    if (!isFinal(error)) {
      claim.desired.failWrite();
    } else if (isAccessDenied(error)) {
      claim.desired.failWrite();
      calls.settle(this.#lastChange, error);
    } else {
      const refused = claim.desired.rejectWrite();
      if (refused !== undefined) calls.reject(refused, error);
    }
  }
}
