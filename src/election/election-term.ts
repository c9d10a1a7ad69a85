import { backoffDelay, delay, raceAbort } from '../async/index.js';
import type { Compare, Txn, TxnResult, WriteCallOptions } from '../kv/index.js';
import type { Ownership } from '../lock/index.js';
import { type Bytes, checkWait, type LeaseId, noOptions, type Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import { proposalBytes } from './proposal.js';
import type { Term } from './types.js';

/** Between attempts that met another writer of the own key, which no candidate is. */
const conflictBackoff = { baseMs: 20, maxMs: 1_000 };

/** The implementation of {@link Term}. */
export class ElectionTerm implements Term {
  readonly #ownership: Ownership;
  /** The revision of the key's last known write. */
  #modRevision: Revision;
  /** Settles with the last proclamation. */
  #proclaimed: Promise<unknown> = Promise.resolve();

  constructor(ownership: Ownership, createRevision: Revision) {
    this.#ownership = ownership;
    this.#modRevision = createRevision;
  }

  get name(): Buffer {
    return this.#ownership.name;
  }

  get key(): Buffer {
    return this.#ownership.key;
  }

  get leaseId(): LeaseId {
    return this.#ownership.leaseId;
  }

  get token(): bigint {
    return this.#ownership.token;
  }

  get guard(): Compare {
    return this.#ownership.guard;
  }

  get held(): boolean {
    return this.#ownership.held;
  }

  get signal(): AbortSignal {
    return this.#ownership.signal;
  }

  txn(txn: Txn, options: WriteCallOptions = noOptions): Promise<TxnResult> {
    return this.#ownership.txn(txn, options);
  }

  async proclaim(value: Bytes, options: CallOptions = noOptions): Promise<void> {
    const bytes = proposalBytes(value);
    checkWait(options);
    const proclaimed = this.#proclaimed.then(() => this.#write(bytes, options));
    this.#proclaimed = proclaimed.catch(() => {});
    return raceAbort(proclaimed, options.signal);
  }

  resign(options: CallOptions = noOptions): Promise<void> {
    return this.#ownership.release(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ownership[Symbol.asyncDispose]();
  }

  toJSON(): object {
    return this.#ownership.toJSON();
  }

  /**
   * The condition on the mod revision makes the write safe to send again: the first attempt that is applied changes it,
   * so that a delayed one is not applied over a later proclamation.
   */
  async #write(value: Buffer, options: CallOptions): Promise<void> {
    const { key, leaseId: lease } = this;
    for (let attempt = 0; ; attempt++) {
      const txn: Txn = {
        compare: [{ target: 'mod', key, result: '=', value: this.#modRevision }],
        success: [{ type: 'put', key, value, options: { lease } }],
        failure: [{ type: 'range', range: key }],
      };
      const { succeeded, results, revision } = await this.#ownership.txn(txn, {
        ...options,
        idempotent: true,
      });
      const [read] = results;
      const found = read?.type === 'range' ? read.kvs[0] : undefined;
      this.#modRevision = found?.modRevision ?? revision;
      // Without a conflict, an attempt whose answer was lost has written the value.
      if (succeeded || (found?.value.equals(value) && found.lease === lease)) return;
      await delay(backoffDelay(conflictBackoff, attempt, Math.random), options.signal);
    }
  }
}
