import type { KeyValue } from '../../../../model/index.js';
import type { RecordFormat } from '../../../codec/record-format.js';
import type { Endpoint, JsonValue } from '../../../endpoint.js';
import { NamingError } from '../../../errors.js';
import { withMember } from '../../../json/exact-digits.js';
import { sameJson } from '../../../json/same-json.js';

/**
 * The numbers of the first and the last update that a change merges, counted from 1. Only the oldest updates are merged;
 * `first` is then 0.
 */
export interface ChangeNumbers {
  readonly first: number;
  readonly last: number;
}

/** An update by the owner, or several updates merged. */
interface Change extends ChangeNumbers {
  readonly fields: Partial<Endpoint>;
  /** Whether an update sets a status. That status is newer than one that an operator wrote before. */
  readonly setsStatus: boolean;
}

const noChange: Change = { first: 0, last: 0, fields: {}, setsStatus: false };

/** More changes than this are merged, oldest first; merged changes can only be rejected together. */
const maxChanges = 32;

/** The confirmed content of the record. */
interface Base {
  readonly endpoint: Endpoint;
  /** The bytes that another writer stored; undefined for our own encoding. */
  readonly bytes: Buffer | undefined;
  /** The status that another writer stored in the record. */
  readonly foreignStatus: JsonValue | undefined;
}

/**
 * The content to store, in three layers: the base, which was stored or adopted last; the owner's changes that no write
 * has confirmed, merged in call order; and the draining status. Only the merged result is written, so any number of
 * pending updates needs one write.
 */
export class DesiredEndpoint {
  readonly #key: string;
  readonly #format: RecordFormat;
  #base: Base;
  /** Changes in the current write, in call order. */
  #inFlight: readonly Change[] = [];
  /** Changes made after the current write began. */
  #pending: readonly Change[] = [];
  #changeCount = 0;
  #isDraining = false;
  /** Whether the record says that its endpoint is draining. */
  #showsDraining = false;
  #endpoint: Endpoint;
  #value: Buffer;
  #confirmedValue: Buffer;

  /** @throws {NamingError} for an endpoint that cannot be stored. */
  constructor(endpoint: Endpoint, key: string, format: RecordFormat) {
    this.#key = key;
    this.#format = format;
    this.#value = format.encode(key, endpoint);
    this.#confirmedValue = this.#value;
    this.#endpoint = this.#canonical(this.#value);
    this.#base = { endpoint: this.#endpoint, bytes: undefined, foreignStatus: undefined };
  }

  /** The base with all changes, and with the draining status after `startDraining()`. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get value(): Buffer {
    return this.#value;
  }

  /** The value without unconfirmed changes: what the record must contain during a write or after a failed one. */
  get confirmedValue(): Buffer {
    return this.#confirmedValue;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether the record says that its endpoint is draining; not if its format has no place for the status. */
  get showsDraining(): boolean {
    return this.#showsDraining;
  }

  /**
   * The confirmed value with the draining status; undefined if it has that already, or no place for it. Other metadata
   * than an object is not replaced for it.
   */
  get drainingValue(): Buffer | undefined {
    const { endpoint } = this.#base;
    const { metadata = null } = endpoint;
    if (!this.#format.canDrain || this.#isDraining || hasDrainingStatus(endpoint)) return undefined;
    if (metadata !== null && !isPlain(metadata)) return undefined;
    try {
      return this.#format.encode(this.#key, withDrainingStatus(endpoint));
    } catch {
      return undefined;
    }
  }

  get hasUnconfirmedChanges(): boolean {
    return this.#inFlight.length + this.#pending.length > 0;
  }

  /** The number of the last change. */
  get lastChange(): number {
    return this.#changeCount;
  }

  /** Decodes a value of the record; undefined if it is not an endpoint. */
  decode(value: Buffer): Endpoint | undefined {
    const decoded = this.#format.decode(this.#key, value);
    if (typeof decoded !== 'object') return undefined;
    const { addr, metadata } = decoded;
    return metadata === undefined ? { addr } : { addr, metadata };
  }

  /** Returns the number of the change. @throws {NamingError} for a change that cannot be stored; it is discarded. */
  change(fields: Partial<Endpoint>): number {
    const change = this.#toChange(this.#changeCount + 1, fields);
    const before = this.#pending;
    this.#pending = mergeOldest([...before, change]);
    try {
      this.#refresh();
    } catch (error) {
      this.#pending = before; // each change can be encoded, but not all of them together: a rule of a codec
      throw error;
    }
    return ++this.#changeCount;
  }

  startDraining(): number {
    this.#isDraining = true;
    this.#showsDraining =
      this.#format.canDrain &&
      this.#canEncode(withDrainingStatus(this.#base.endpoint)) &&
      this.#canEncode(withDrainingStatus(this.#endpoint));
    this.#changeCount++;
    this.#pending = [...this.#pending, numbered(this.#changeCount, {}, false)];
    this.#tryRefresh();
    return this.#changeCount;
  }

  /**
   * Returns the value to write. `confirmWrite` or `rejectWrite` follows; otherwise the write failed or its result is
   * unknown, and the next one contains its changes again.
   */
  beginWrite(): Buffer {
    this.#inFlight = mergeOldest([...this.#inFlight, ...this.#pending]);
    this.#pending = [];
    return this.#value;
  }

  /** The value is stored. `isNewest` is false if a value that was written later has been adopted. */
  confirmWrite(isNewest: boolean): void {
    const sent = this.#inFlight;
    this.#inFlight = [];
    if (isNewest) this.#base = applyChange(this.#base, mergeChanges(sent));
    if (!this.#tryRefresh()) this.#confirmedValue = this.#value;
  }

  /** The value can never be stored. Discards the change that caused this and returns its numbers. */
  rejectWrite(): ChangeNumbers | undefined {
    const latestFirst = [...this.#inFlight].reverse();
    const rejected = latestFirst.find(({ fields }) => 'metadata' in fields) ?? latestFirst.find(hasFields);
    this.#inFlight = this.#inFlight.filter((change) => change !== rejected);
    if (!this.#tryRefresh()) this.#value = this.#confirmedValue;
    return rejected;
  }

  /**
   * Adopts the metadata that another writer stored in our record. The address is never adopted: calls would go to
   * another server under a lease that this process keeps alive, so a record with another address is restored.
   * Returns the endpoint if it changed; undefined for a record that no reader can use, and for metadata that cannot be
   * stored again, such as in a drain.
   */
  adopt(kv: KeyValue): Endpoint | undefined {
    const record = this.decode(kv.value);
    if (!record?.addr) return undefined;
    const { metadata } = record;
    const isOwnAddr = this.#ownAddrs.includes(record.addr);
    if (!isOwnAddr && sameJson(metadata ?? null, this.#confirmedEndpoint.metadata ?? null)) return undefined;
    const addr = isOwnAddr ? record.addr : this.#base.endpoint.addr;
    const endpoint = metadata === undefined ? { addr } : { addr, metadata };
    if (!this.#canEncode(this.#drained(endpoint))) return undefined;
    const before = this.#base;
    this.#base = {
      endpoint,
      bytes: isOwnAddr ? kv.value : undefined,
      foreignStatus: isPlain(metadata) ? metadata['status'] : undefined,
    };
    if (this.#tryRefresh()) return this.#endpoint;
    this.#base = before; // a codec cannot encode this metadata with our changes
    return undefined;
  }

  get #ownAddrs(): readonly (string | undefined)[] {
    const changed = [...this.#inFlight, ...this.#pending].map(({ fields }) => fields.addr);
    return [this.#base.endpoint.addr, ...changed];
  }

  get #confirmedEndpoint(): Endpoint {
    return this.#drained(this.#base.endpoint);
  }

  #refresh(): void {
    const changes = mergeChanges([...this.#inFlight, ...this.#pending]);
    const { endpoint } = applyChange(this.#base, changes);
    const wanted = this.#drained(endpoint);
    const settledValue = this.#valueOf(this.#confirmedEndpoint, this.#base.bytes);
    this.#value = hasFields(changes) ? this.#valueOf(wanted, undefined) : settledValue;
    this.#confirmedValue = settledValue;
    this.#endpoint = wanted;
  }

  /** Returns false if a codec refuses what it encoded before: the values then stay those of its last answer. */
  #tryRefresh(): boolean {
    try {
      this.#refresh();
      return true;
    } catch {
      return false;
    }
  }

  #valueOf(endpoint: Endpoint, bytes: Buffer | undefined): Buffer {
    if (bytes && (!this.#showsDraining || hasDrainingStatus(this.#base.endpoint))) return bytes;
    return this.#format.encode(this.#key, endpoint);
  }

  #drained(endpoint: Endpoint): Endpoint {
    return this.#showsDraining ? withDrainingStatus(endpoint) : endpoint;
  }

  #canEncode(endpoint: Endpoint): boolean {
    try {
      this.#format.encode(this.#key, endpoint);
      return true;
    } catch {
      return false;
    }
  }

  /** The endpoint as readers decode it. @throws {NamingError} if they do not: a codec does not read what it writes. */
  #canonical(value: Buffer): Endpoint {
    const endpoint = this.decode(value);
    if (endpoint) return endpoint;
    throw new NamingError(`the codec does not decode the value that it encoded for '${this.#key}'`);
  }

  /** Copies the metadata, so that later changes of the owner's object have no effect. @throws {NamingError} */
  #toChange(number: number, fields: Partial<Endpoint>): Change {
    const { addr, metadata } = fields;
    if ('addr' in fields && (typeof addr !== 'string' || addr === ''))
      throw new NamingError('the endpoint has no addr');
    const example = { addr: addr ?? this.#endpoint.addr, metadata };
    const copy = this.#canonical(this.#format.encode(this.#key, example)).metadata;
    const change = {
      ...(addr === undefined ? {} : { addr }),
      ...('metadata' in fields ? { metadata: copy } : {}),
    };
    return numbered(number, change, isPlain(copy) && 'status' in copy);
  }
}

/** The endpoint with the draining status in its metadata. Metadata that is not an object is replaced. */
export function withDrainingStatus({ addr, metadata }: Endpoint): Endpoint {
  return { addr, metadata: withMember(isPlain(metadata) ? metadata : {}, 'status', 'draining') };
}

function hasDrainingStatus({ metadata }: Endpoint): boolean {
  return isPlain(metadata) && metadata['status'] === 'draining';
}

function numbered(number: number, fields: Partial<Endpoint>, setsStatus: boolean): Change {
  return { first: number, last: number, fields, setsStatus };
}

function hasFields({ fields }: Change): boolean {
  return Object.keys(fields).length > 0;
}

/** Merges changes in their order. */
function mergeChanges(changes: readonly Change[]): Change {
  return changes.reduce(
    (earlier, later) => ({
      first: earlier.first,
      last: later.last,
      fields: { ...earlier.fields, ...later.fields },
      setsStatus: earlier.setsStatus || later.setsStatus,
    }),
    noChange,
  );
}

function mergeOldest(changes: readonly Change[]): readonly Change[] {
  const tooMany = changes.length - maxChanges;
  return tooMany > 0 ? [mergeChanges(changes.slice(0, tooMany + 1)), ...changes.slice(tooMany + 1)] : changes;
}

/**
 * A status that another writer stored is kept unless a change sets a status: if an operator drains a server, the
 * server's next load report must not undo that.
 */
function applyChange(base: Base, change: Change): Base {
  const { fields, setsStatus } = change;
  const givenStatus = setsStatus ? undefined : base.foreignStatus;
  if (!hasFields(change)) return { ...base, foreignStatus: givenStatus };
  const endpoint = { ...base.endpoint, ...fields };
  const { metadata } = endpoint;
  if (givenStatus === undefined || !isPlain(metadata))
    return { endpoint, bytes: undefined, foreignStatus: givenStatus };
  return {
    endpoint: { ...endpoint, metadata: withMember(metadata, 'status', givenStatus) },
    bytes: undefined,
    foreignStatus: givenStatus,
  };
}

function isPlain(
  metadata: JsonValue | undefined,
): metadata is { readonly [name: string]: JsonValue | undefined } {
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
}
