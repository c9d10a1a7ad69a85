import type { Txn } from '../../../../kv/index.js';
import type { KeyState, KeyValue, LeaseId, Revision } from '../../../../model/index.js';
import type { RecordFormat } from '../../../codec/record-format.js';
import type { Endpoint } from '../../../endpoint.js';
import { maxRetired } from '../retired-leases.js';
import { DesiredEndpoint } from './desired-endpoint.js';
import { UnconfirmedWrites } from './unconfirmed-writes.js';

/** The action if another registration's record has the key: wait until it is gone, fail, or overwrite it. */
export type OnConflict = 'wait' | 'fail' | 'takeover';

/**
 * The relation of a key's state to the record that this registration wrote:
 * - `known`: the same record, or a state older than it;
 * - `gone`: no record;
 * - `ours`: a newer record under the same lease, by any writer, or a record under one of our earlier leases, from a backup;
 * - `orphan`: our value without a lease, which would never expire;
 * - `replaced`: another registration's record.
 */
export type RecordOwnership = 'known' | 'gone' | 'ours' | 'orphan' | 'replaced';

/**
 * The retired leases, the current one and one more: a record under a lease that is kept alive must count as our own.
 */
const maxOwnLeases = maxRetired + 2;

/** The key, the content to store, and which records under the key are our own. Independent of time. */
export class Claim {
  readonly key: string;
  readonly desired: DesiredEndpoint;
  readonly unconfirmed = new UnconfirmedWrites();
  readonly #onConflict: OnConflict;
  readonly #ownLeases = new Set<LeaseId>();
  /** The revision of the newest record that is known to be our own. */
  #knownRevision: Revision = 0n;
  #knownLease: LeaseId = 0n;
  /** The value that was stored or adopted last. */
  #knownValue: Buffer;

  /** @throws {NamingError} for an endpoint that cannot be stored. */
  constructor(key: string, endpoint: Endpoint, onConflict: OnConflict, format: RecordFormat) {
    this.key = key;
    this.desired = new DesiredEndpoint(endpoint, key, format);
    this.#knownValue = this.desired.value;
    this.#onConflict = onConflict;
  }

  /** Records under this lease are our own, even if another process has the same address. */
  rememberLease(lease: LeaseId): void {
    this.#ownLeases.add(lease);
    const [oldest] = this.#ownLeases;
    if (this.#ownLeases.size > maxOwnLeases && oldest !== undefined) this.#ownLeases.delete(oldest);
  }

  /** The record at this revision is our own, and its value is known. */
  rememberRevision(revision: Revision, lease: LeaseId): void {
    this.#knownRevision = revision;
    this.#knownLease = lease;
  }

  get knownValue(): Buffer {
    return this.#knownValue;
  }

  rememberValue(value: Buffer): void {
    this.#knownValue = value;
  }

  /** Stores the value if the key is absent, or still at the `expected` revision; otherwise reads the current record. */
  storeTxn(lease: LeaseId, value: Buffer, expected: Revision | undefined): Txn {
    const { key } = this;
    return {
      compare: [
        expected === undefined
          ? { target: 'create', key, result: '=', value: 0n }
          : { target: 'mod', key, result: '=', value: expected },
      ],
      success: [{ type: 'put', key, value, options: { lease } }],
      failure: [{ type: 'range', range: key }],
    };
  }

  /** Stores the draining status in the record that we wrote at this revision; undefined if it has no place for it. */
  drainingTxn(lease: LeaseId, written: Revision): Txn | undefined {
    const { key } = this;
    const value = this.desired.drainingValue;
    if (!value) return undefined;
    return {
      compare: [
        { target: 'mod', key, result: '=', value: written },
        { target: 'lease', key, result: '=', value: lease },
      ],
      success: [{ type: 'put', key, value, options: { lease } }],
    };
  }

  /** Delete the record if it has our value and no lease: it would outlive the registration forever. */
  deleteOrphanTxns(): readonly Txn[] {
    const { key } = this;
    const { value } = this.desired;
    const known = this.#knownValue;
    return (value.equals(known) ? [value] : [value, known]).map((ours) => ({
      compare: [
        { target: 'lease', key, result: '=', value: 0n },
        { target: 'value', key, result: '=', value: ours },
      ],
      success: [{ type: 'delete', range: key }],
    }));
  }

  /**
   * Whether a record may be overwritten: our own record; a record with our value and no lease; and, before our first
   * write, a record with our address (this process before a restart within the TTL; later it would belong to a rival)
   * or any record with `takeover`.
   */
  mayReplace(found: KeyValue, isFirst: boolean): boolean {
    if (this.#ownLeases.has(found.lease) || this.isOrphan(found)) return true;
    if (!isFirst) return false;
    return this.#onConflict === 'takeover' || this.hasOwnAddr(found);
  }

  /** Whether this is our record in a newer version: an operator may change it while its owner is disconnected. */
  isNewerThanKnown(kv: KeyValue): boolean {
    const leases = [...this.#ownLeases];
    const age = leases.indexOf(kv.lease);
    // A record under an earlier lease comes from a backup.
    return age >= 0 && age >= leases.indexOf(this.#knownLease) && kv.modRevision > this.#knownRevision;
  }

  /**
   * Adopts another writer's change of our record and returns the endpoint. Unconfirmed changes of the owner stay
   * desired.
   */
  adopt(kv: KeyValue): Endpoint | undefined {
    return this.isOwnValue(kv.value) ? undefined : this.desired.adopt(kv);
  }

  hasOwnAddr(kv: KeyValue): boolean {
    return this.desired.decode(kv.value)?.addr === this.desired.endpoint.addr;
  }

  /** See {@link RecordOwnership}. */
  classify({ kv, revision }: KeyState, lease: LeaseId, written: Revision): RecordOwnership {
    if (revision < written) return 'known';
    if (!kv) return 'gone';
    if (kv.lease === lease && kv.modRevision === written) return 'known';
    if (kv.lease === lease || this.#ownLeases.has(kv.lease)) return 'ours';
    return this.isOrphan(kv) ? 'orphan' : 'replaced';
  }

  /** Whether the record has our value and no lease. It never expires, so waiting for its expiry would never end. */
  isOrphan(kv: KeyValue): boolean {
    return kv.lease === 0n && this.isOwnValue(kv.value);
  }

  /** Whether a record that may not be overwritten ends the registration, rather than being waited for. */
  get failsOnConflict(): boolean {
    return this.#onConflict !== 'wait';
  }

  /** Whether this registration stores the value, stored it, or may have stored it. */
  isOwnValue(value: Buffer): boolean {
    const { desired, unconfirmed } = this;
    const known = [desired.value, desired.confirmedValue, this.#knownValue];
    return known.some((one) => one.equals(value)) || unconfirmed.has(value);
  }
}
