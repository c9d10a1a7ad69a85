import type { Txn } from '../../../kv/index.js';
import type { KeyValue, LeaseId, Revision } from '../../../model/index.js';
import { decodeEndpoint } from '../../codec.js';
import type { Endpoint } from '../../endpoint.js';
import { EndpointDecodeError } from '../../errors.js';
import { DesiredEndpoint } from './desired-endpoint.js';
import type { KeyState } from './protocol.js';
import { maxRetired } from './retired-leases.js';
import { UnconfirmedWrites } from './unconfirmed-writes.js';

/** What to do about another's record under the same key: wait until it goes, give up, or write over it. */
export type OnConflict = 'wait' | 'fail' | 'takeover';

/**
 * What a state of the key means for the record that was written under a lease:
 * - `known`: nothing new, or older than that write;
 * - `gone`: there is no record;
 * - `ours`: a newer record under the same lease, whoever wrote it; or one under an earlier lease, from a backup;
 * - `orphan`: our bytes under no lease, which nothing would ever remove;
 * - `replaced`: anything else is another's.
 */
export type RecordOwnership = 'known' | 'gone' | 'ours' | 'orphan' | 'replaced';

/** More than may be retired at a time, and the present one: what is kept alive must not be taken for another's. */
const maxOwnLeases = maxRetired + 2;

/** What is to be stored under which key, and which records under it are our own. Knows nothing of time. */
export class Claim {
  readonly key: string;
  readonly desired: DesiredEndpoint;
  readonly unconfirmed = new UnconfirmedWrites();
  readonly #onConflict: OnConflict;
  readonly #ownLeases = new Set<LeaseId>();
  /** Of the newest record that is known to be ours. */
  #knownRevision: Revision = 0n;
  #knownLease: LeaseId = 0n;
  /** What the registration stored last, or adopted. */
  #knownValue: Buffer;

  /** @throws {NamingError} for an endpoint that cannot be stored. */
  constructor(key: string, endpoint: Endpoint, onConflict: OnConflict) {
    this.key = key;
    this.desired = new DesiredEndpoint(endpoint);
    this.#knownValue = this.desired.value;
    this.#onConflict = onConflict;
  }

  /** A record under it is ours, whichever other process has our address. */
  rememberLease(lease: LeaseId): void {
    this.#ownLeases.add(lease);
    const [oldest] = this.#ownLeases;
    if (this.#ownLeases.size > maxOwnLeases && oldest !== undefined) this.#ownLeases.delete(oldest);
  }

  /** The record at that revision is ours, and what it says is known. */
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

  /** Stores the value if the key is free, or still as it was at that revision; else reads what is there. */
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

  /** Delete the record where it has our bytes and no lease: at the end of a registration it would stay for good. */
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
   * Whether that record may be written over: it is our own; or, before our first one, of our address, as a process
   * that restarts within the TTL finds it (later that is a rival's); or it has our bytes and no lease; or the owner
   * said to take it.
   */
  mayReplace(found: KeyValue, isFirst: boolean): boolean {
    if (this.#ownLeases.has(found.lease) || this.isOrphan(found)) return true;
    if (!isFirst) return false;
    return this.#onConflict === 'takeover' || this.hasOwnAddr(found);
  }

  /** Whether it is our record and newer than what is known of it: an operator may change it while its owner is cut off. */
  isNewerThanKnown(kv: KeyValue): boolean {
    const leases = [...this.#ownLeases];
    const age = leases.indexOf(kv.lease);
    // A record under an earlier lease comes from a backup.
    return age >= 0 && age >= leases.indexOf(this.#knownLease) && kv.modRevision > this.#knownRevision;
  }

  /** Takes over what another writer put into our record, and gives it. What is not confirmed of ours stays desired. */
  adopt(kv: KeyValue): Endpoint | undefined {
    return this.isOwnValue(kv.value) ? undefined : this.desired.adopt(kv);
  }

  hasOwnAddr(kv: KeyValue): boolean {
    return addrOf(kv) === this.desired.endpoint.addr;
  }

  /** See {@link RecordOwnership}. */
  classify({ kv, revision }: KeyState, lease: LeaseId, written: Revision): RecordOwnership {
    if (revision < written) return 'known';
    if (!kv) return 'gone';
    if (kv.lease === lease && kv.modRevision === written) return 'known';
    if (kv.lease === lease || this.#ownLeases.has(kv.lease)) return 'ours';
    return this.isOrphan(kv) ? 'orphan' : 'replaced';
  }

  /** Whether it has our bytes and no lease: it never expires, and waiting for its end would never end. */
  isOrphan(kv: KeyValue): boolean {
    return kv.lease === 0n && this.isOwnValue(kv.value);
  }

  /** What to do about a record that may not be replaced. */
  get conflictPolicy(): 'wait' | 'fail' {
    return this.#onConflict === 'wait' ? 'wait' : 'fail';
  }

  /** Whether it is what this registration stores, stored, or may have stored. */
  isOwnValue(value: Buffer): boolean {
    const { desired, unconfirmed: sent } = this;
    const known = [desired.value, desired.confirmedValue, this.#knownValue];
    return known.some((one) => one.equals(value)) || sent.has(value);
  }
}

function addrOf(kv: KeyValue): string | undefined {
  try {
    return decodeEndpoint(kv.value).addr;
  } catch (error) {
    if (error instanceof EndpointDecodeError) return undefined;
    throw error;
  }
}
