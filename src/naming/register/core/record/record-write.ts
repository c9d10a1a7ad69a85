import type { EtcdError } from '../../../../errors/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../../model/index.js';
import type { CoreContext } from '../context.js';
import { isAccessDenied, isFinal } from '../error-kinds.js';
import type { RequestKey } from '../protocol.js';

/** One write of the desired endpoint. */
export class RecordWrite {
  readonly request: RequestKey;
  readonly #context: CoreContext;
  readonly #lease: LeaseId;
  readonly #value: Buffer;
  readonly #isCreating: boolean;
  /** The number of the last change in the value. */
  readonly #lastChange: number;

  /** Sends the write, for a key that is absent or, with `expected`, still at that revision. */
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

  /** Whether the record is the one that this write stores, although its answer was lost. */
  isStoredAs(kv: KeyValue): boolean {
    return kv.lease === this.#lease && kv.value.equals(this.#value);
  }

  /** `isNewest` is false if a value that was written later has been adopted. */
  confirm(isNewest: boolean): void {
    const { claim, updates } = this.#context;
    claim.desired.confirmWrite(isNewest);
    if (isNewest) claim.rememberValue(this.#value);
    claim.unconfirmed.onConfirmed();
    this.#context.lastError = undefined;
    updates.settle(this.#lastChange);
  }

  /** Cancels the write. etcd may still apply it later. */
  abandon(): void {
    const { claim, now } = this.#context;
    this.#context.cancel(this.request);
    claim.unconfirmed.add(this.#value, this.#isCreating, now);
  }

  /** Rejects the owner's calls if no retry can succeed, and discards a change that can never be stored. */
  onFailed(error: EtcdError): void {
    const { claim, updates, now } = this.#context;
    this.#context.lastError = error;
    if (error.verdict !== 'not-applied') claim.unconfirmed.add(this.#value, this.#isCreating, now);
    if (!isFinal(error)) return;
    if (isAccessDenied(error)) {
      updates.settle(this.#lastChange, error);
      return;
    }
    const rejected = claim.desired.rejectWrite();
    if (rejected) updates.reject(rejected, error);
  }
}
