import type { EtcdError } from '../../../errors/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../model/index.js';
import type { CoreContext } from './context.js';
import { isFinal, isRefusal } from './fate.js';
import type { RequestKey } from './protocol.js';

/** A write of the desired endpoint that is under way. */
export class RecordWrite {
  readonly request: RequestKey;
  readonly #context: CoreContext;
  readonly #lease: LeaseId;
  readonly #value: Buffer;
  readonly #isCreating: boolean;
  /** The number of the last update that it contains. */
  readonly #covers: number;

  /** Sends it: for a key that is free, or holds what was written at that revision. */
  constructor(context: CoreContext, lease: LeaseId, expected: Revision | undefined) {
    const { claim, initial, now } = context;
    this.#context = context;
    this.#lease = lease;
    this.request = context.newRequest();
    this.#value = claim.desired.send();
    this.#isCreating = expected === undefined;
    this.#covers = claim.desired.latest;
    const txn = claim.storeTxn(lease, this.#value, expected);
    context.emit({ type: 'write', request: this.request, txn, ...initial?.callTimeout(now) });
  }

  /** Whether that record is what it stores, as after a lost answer. */
  hasStored(kv: KeyValue): boolean {
    return kv.lease === this.#lease && kv.value.equals(this.#value);
  }

  /** `isNewest` unless something that was written after it has been adopted. */
  confirm(isNewest: boolean): void {
    const { claim, calls } = this.#context;
    claim.desired.confirm(isNewest);
    if (isNewest) claim.rememberValue(this.#value);
    if (!this.#isCreating) claim.sent.confirmed();
    this.#context.lastError = undefined;
    calls.settle(this.#covers);
  }

  /** Something else was found there: what it covered is covered by the next write. */
  refused(): void {
    this.#context.claim.desired.fail();
  }

  /** No longer waited for, it may be carried out all the same, and later too. */
  abandon(): void {
    const { claim, now } = this.#context;
    this.#context.cancel(this.request);
    claim.sent.add(this.#value, this.#isCreating, now);
    claim.desired.fail();
  }

  /** The owner is to know of what no other attempt would change, and gets back what can never be stored. */
  failed(error: EtcdError): void {
    const { claim, calls, now } = this.#context;
    this.#context.lastError = error;
    if (error.verdict !== 'not-applied') claim.sent.add(this.#value, this.#isCreating, now);
    if (!isFinal(error)) {
      claim.desired.fail();
    } else if (isRefusal(error)) {
      claim.desired.fail();
      calls.settle(this.#covers, error);
    } else {
      const refused = claim.desired.takeBack();
      if (refused !== undefined) calls.refuse(refused, error);
    }
  }
}
