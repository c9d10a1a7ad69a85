import type { Txn } from '../../kv/index.js';
import type { KeyValue, LeaseId, Revision } from '../../model/index.js';
import { encodeEndpoint } from '../codec.js';
import type { Endpoint, JsonValue } from '../endpoint.js';
import { toRecord } from '../endpoint-set.js';
import { NamingError } from '../errors.js';
import { sameJson } from '../same-json.js';
import type { KeyState } from './follow-key.js';
import { mostLeft } from './left-leases.js';

/** What to do about another's record under the same key: wait until it goes, give up, or write over it. */
export type OnConflict = 'wait' | 'fail' | 'takeover';

/**
 * What a state of the key means for the record that was written under a lease:
 * - `known`: nothing new, or older than that write;
 * - `gone`: there is no record;
 * - `ours`: a newer record under the same lease, whoever wrote it;
 * - `orphan`: our bytes under no lease, which nothing would ever remove;
 * - `replaced`: anything else is another's.
 */
export type Finding = 'known' | 'gone' | 'ours' | 'orphan' | 'replaced';

/** More than may be left at a time, and the present one: what is kept alive must not be taken for another's. */
const leasesRemembered = mostLeft + 2;

/** What is to be stored under which key, and which records under it are our own. Knows nothing of time or etcd. */
export class Claim {
  readonly key: string;
  readonly #onConflict: OnConflict;
  readonly #ownLeases = new Set<LeaseId>();
  #endpoint: Endpoint;
  #value: Buffer;
  /** The status that somebody else wrote into the record last. */
  #givenStatus: JsonValue | undefined;

  constructor(key: string, endpoint: Endpoint, onConflict: OnConflict) {
    this.key = key;
    this.#onConflict = onConflict;
    this.#endpoint = endpoint;
    this.#value = encodeEndpoint(endpoint);
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** What is to be stored. */
  get value(): Buffer {
    return this.#value;
  }

  /**
   * A status that somebody else wrote stays, unless the change has one of its own: an operator who drains a server must
   * not be overruled by its next report of its load.
   * @throws {NamingError} for an endpoint that cannot be stored; the claim is then what it was.
   */
  change(change: Partial<Endpoint>): void {
    const endpoint = { ...this.#endpoint, ...change };
    if (this.#givenStatus !== undefined && isPlain(endpoint.metadata) && !('status' in endpoint.metadata))
      endpoint.metadata = { ...endpoint.metadata, status: this.#givenStatus };
    this.#value = encodeEndpoint(endpoint);
    this.#endpoint = endpoint;
    // Its own word is newer than theirs: what does not mention it later must not bring theirs back.
    if (isPlain(change.metadata) && 'status' in change.metadata) this.#givenStatus = undefined;
  }

  /** A record under it is ours, whoever else has our address. */
  own(lease: LeaseId): void {
    this.#ownLeases.add(lease);
    const [oldest] = this.#ownLeases;
    if (this.#ownLeases.size > leasesRemembered && oldest !== undefined) this.#ownLeases.delete(oldest);
  }

  /** Stores the record if the key is free, or still as it was at that revision; else tells what is there. */
  storeTxn(lease: LeaseId, expected: Revision | undefined): Txn {
    const { key } = this;
    return {
      compare: [
        expected === undefined
          ? { target: 'create', key, result: '=', value: 0n }
          : { target: 'mod', key, result: '=', value: expected },
      ],
      success: [{ type: 'put', key, value: this.#value, options: { lease } }],
      failure: [{ type: 'range', range: key }],
    };
  }

  /**
   * Whether that record may be written over: it is our own; or, before our first one, of our address, as a process
   * that restarts within the TTL finds it (later that is a rival's); or it has our bytes and no lease; or we were told
   * to take it.
   */
  mayReplace(found: KeyValue, first: boolean): boolean {
    if (this.#ownLeases.has(found.lease) || this.isOrphan(found)) return true;
    if (!first) return false;
    return this.#onConflict === 'takeover' || toRecord(found)?.addr === this.#endpoint.addr;
  }

  /** See {@link Finding}. */
  judge({ kv, revision }: KeyState, lease: LeaseId, written: Revision): Finding {
    if (revision < written) return 'known';
    if (!kv) return 'gone';
    if (kv.lease === lease) return kv.modRevision === written ? 'known' : 'ours';
    return this.isOrphan(kv) ? 'orphan' : 'replaced';
  }

  /** Whether it has our bytes and no lease: it never expires, and waiting for its end would never end. */
  isOrphan(kv: KeyValue): boolean {
    return kv.lease === 0n && this.isStored(kv);
  }

  /** What to do about a record that may not be replaced. */
  get yields(): 'wait' | 'fail' {
    return this.#onConflict === 'wait' ? 'wait' : 'fail';
  }

  /** Whether it holds what is to be stored. */
  isStored(kv: KeyValue): boolean {
    return kv.value.equals(this.#value);
  }

  /**
   * Takes over the metadata that was written into our record, never the address: calls would go to another server
   * under a lease that this one keeps alive. Where the address differs the record is then not stored as it should be.
   * Gives the endpoint if the record says something of its own; undefined where no reader could use it.
   */
  adopt(kv: KeyValue): Endpoint | undefined {
    const record = toRecord(kv);
    if (!record?.addr) return undefined;
    const { addr } = this.#endpoint;
    const { metadata } = record;
    const isOwnAddr = record.addr === addr;
    const isNews = isOwnAddr || !sameJson(metadata ?? null, this.#endpoint.metadata ?? null);
    const endpoint = metadata === undefined ? { addr } : { addr, metadata };
    const value = isOwnAddr ? kv.value : tryToEncode(endpoint);
    if (!isNews || !value) return undefined;
    this.#endpoint = endpoint;
    this.#value = value;
    this.#givenStatus = isPlain(metadata) ? metadata['status'] : undefined;
    return endpoint;
  }
}

/** Undefined for metadata that could be read and cannot be written, being nested too deep. */
function tryToEncode(endpoint: Endpoint): Buffer | undefined {
  try {
    return encodeEndpoint(endpoint);
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}

/** The metadata with the mark that the endpoint drains; what is no object makes way. */
export function drained({ metadata }: Endpoint): JsonValue {
  return { ...(isPlain(metadata) ? metadata : {}), status: 'draining' };
}

function isPlain(
  metadata: JsonValue | undefined,
): metadata is { readonly [name: string]: JsonValue | undefined } {
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
}
