import type { KeyValue } from '../../../model/index.js';
import { decodeEndpoint, encodeEndpoint } from '../../codec.js';
import type { Endpoint, JsonValue } from '../../endpoint.js';
import { EndpointDecodeError, NamingError } from '../../errors.js';
import { withMember } from '../../exact-digits.js';
import { sameJson } from '../../same-json.js';

/** An update of the owner's, or what several of them amount to. */
interface Change {
  /** Of the last of them, counted from 1. */
  readonly number: number;
  readonly fields: Partial<Endpoint>;
  /** Whether one of them had a status of its own: it is then newer than what an operator wrote before. */
  readonly setsStatus: boolean;
}

const noChange: Change = { number: 0, fields: {}, setsStatus: false };

/** Older ones are merged for good: they can only be taken back together. */
const maxChanges = 32;

/** What the record says without unconfirmed changes. */
interface Base {
  readonly endpoint: Endpoint;
  /** As another writer stored it, byte for byte. */
  readonly bytes: Buffer | undefined;
  /** The status that another writer put into the record. */
  readonly foreignStatus: JsonValue | undefined;
}

/**
 * What is to be stored, in three layers: the base that was stored or adopted last; the owner's changes that no write
 * has confirmed yet, merged in the order of their calls; and the draining mark. Only their result is ever written, so
 * it takes one write however many updates waited for it.
 */
export class DesiredEndpoint {
  #base: Base;
  /** Covered by the write under way, in the order of their calls. */
  #inFlight: readonly Change[] = [];
  /** Since that write began. */
  #pending: readonly Change[] = [];
  #changeCount = 0;
  #isDraining = false;
  #endpoint: Endpoint;
  #value: Buffer;
  #confirmedValue: Buffer;

  /** @throws {NamingError} for an endpoint that cannot be stored. */
  constructor(endpoint: Endpoint) {
    this.#value = encodeEndpoint(endpoint);
    this.#confirmedValue = this.#value;
    this.#endpoint = decodeEndpoint(this.#value);
    this.#base = { endpoint: this.#endpoint, bytes: undefined, foreignStatus: undefined };
  }

  /** With all changes, and the mark when it drains. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get value(): Buffer {
    return this.#value;
  }

  /** Without unconfirmed changes: what the record should say while a write is under way or fails. */
  get confirmedValue(): Buffer {
    return this.#confirmedValue;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether there is a change that no write has confirmed. */
  get hasUnconfirmedChanges(): boolean {
    return this.#inFlight.length + this.#pending.length > 0;
  }

  /** The number of the last change. */
  get lastChange(): number {
    return this.#changeCount;
  }

  /** Gives the number of the change. @throws {NamingError} for what cannot be stored; nothing has changed then. */
  change(fields: Partial<Endpoint>): number {
    const before = this.#pending;
    this.#pending = mergeOldest([...before, toChange(this.#changeCount + 1, fields)]);
    try {
      this.#refresh();
    } catch (error) {
      this.#pending = before;
      throw error;
    }
    return ++this.#changeCount;
  }

  startDraining(): number {
    this.#isDraining = true;
    this.#changeCount++;
    this.#pending = [...this.#pending, { ...noChange, number: this.#changeCount }];
    this.#refresh();
    return this.#changeCount;
  }

  /** The value to be written now. `confirm`, `fail` or `takeBack` says what became of it. */
  beginWrite(): Buffer {
    this.failWrite();
    this.#inFlight = this.#pending;
    this.#pending = [];
    return this.#value;
  }

  /** The value that was sent is stored; `isNewest` unless something that was written after it has been adopted. */
  confirmWrite(isNewest: boolean): void {
    const sent = this.#inFlight;
    this.#inFlight = [];
    if (isNewest) this.#base = applyChange(this.#base, mergeChanges(sent));
    this.#refresh();
  }

  /** It is not known to be stored: what it covered is covered by the next write. */
  failWrite(): void {
    this.#pending = mergeOldest([...this.#inFlight, ...this.#pending]);
    this.#inFlight = [];
  }

  /** It can never be stored: the change that made it so is no longer desired. Gives the number of that change. */
  rejectWrite(): number | undefined {
    const latestFirst = [...this.#inFlight].reverse();
    const culprit = latestFirst.find(({ fields }) => 'metadata' in fields) ?? latestFirst.find(hasFields);
    this.#inFlight = this.#inFlight.filter((change) => change !== culprit);
    this.failWrite();
    this.#refresh();
    return culprit?.number;
  }

  /**
   * Takes over the metadata that another writer put into our record, never the address: calls would go to another
   * server under a lease that this one keeps alive. Where the address differs the record is then not as it should be.
   * Gives the endpoint if the record says something new; undefined where no reader could use it.
   */
  adopt(kv: KeyValue): Endpoint | undefined {
    const record = tryDecode(kv.value);
    if (!record?.addr) return undefined;
    const { metadata } = record;
    const isOwnAddr = this.#ownAddrs.includes(record.addr);
    if (!isOwnAddr && sameJson(metadata ?? null, this.#confirmedEndpoint.metadata ?? null)) return undefined;
    const addr = isOwnAddr ? record.addr : this.#base.endpoint.addr;
    this.#base = {
      endpoint: metadata === undefined ? { addr } : { addr, metadata },
      bytes: isOwnAddr ? kv.value : undefined,
      foreignStatus: isPlain(metadata) ? metadata['status'] : undefined,
    };
    this.#refresh(); // what can be read can be written again
    return this.#endpoint;
  }

  get #ownAddrs(): readonly (string | undefined)[] {
    const changed = [...this.#inFlight, ...this.#pending].map(({ fields }) => fields.addr);
    return [this.#base.endpoint.addr, ...changed];
  }

  get #confirmedEndpoint(): Endpoint {
    return this.#isDraining ? withDrainingStatus(this.#base.endpoint) : this.#base.endpoint;
  }

  #refresh(): void {
    const changes = mergeChanges([...this.#inFlight, ...this.#pending]);
    const { endpoint } = applyChange(this.#base, changes);
    const wanted = this.#isDraining ? withDrainingStatus(endpoint) : endpoint;
    const settledValue = this.#valueOf(this.#confirmedEndpoint, this.#base.bytes);
    this.#value = hasFields(changes) ? this.#valueOf(wanted, undefined) : settledValue;
    this.#confirmedValue = settledValue;
    this.#endpoint = wanted;
  }

  #valueOf(endpoint: Endpoint, bytes: Buffer | undefined): Buffer {
    if (bytes && (!this.#isDraining || hasDrainingStatus(this.#base.endpoint))) return bytes;
    return encodeEndpoint(endpoint);
  }
}

/** The metadata with the mark that the endpoint drains; what is no object gives way. */
export function withDrainingStatus({ addr, metadata }: Endpoint): Endpoint {
  return { addr, metadata: withMember(isPlain(metadata) ? metadata : {}, 'status', 'draining') };
}

function hasDrainingStatus({ metadata }: Endpoint): boolean {
  return isPlain(metadata) && metadata['status'] === 'draining';
}

/** A copy, so that what its owner does with the object later changes nothing. @throws {NamingError} */
function toChange(number: number, fields: Partial<Endpoint>): Change {
  const { addr, metadata } = fields;
  if ('addr' in fields && (typeof addr !== 'string' || addr === ''))
    throw new NamingError('the endpoint has no addr');
  const copy = decodeEndpoint(encodeEndpoint({ addr: 'any', metadata })).metadata;
  const change = {
    ...(addr === undefined ? {} : { addr }),
    ...('metadata' in fields ? { metadata: copy } : {}),
  };
  return { number, fields: change, setsStatus: isPlain(copy) && 'status' in copy };
}

function hasFields({ fields }: Change): boolean {
  return Object.keys(fields).length > 0;
}

/** What changes amount to, in their order. */
function mergeChanges(changes: readonly Change[]): Change {
  return changes.reduce(
    (earlier, later) => ({
      number: later.number,
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
 * A status that another writer stored stays, unless a change has one of its own: a server that an operator drains must
 * not be put back by its next report of its load.
 */
function applyChange(base: Base, change: Change): Base {
  const { fields, setsStatus: givesStatus } = change;
  const givenStatus = givesStatus ? undefined : base.foreignStatus;
  if (!hasFields(change)) return { ...base, foreignStatus: givenStatus };
  const endpoint = { ...base.endpoint, ...fields };
  const { metadata } = endpoint;
  if (givenStatus === undefined || !isPlain(metadata) || 'status' in metadata)
    return { endpoint, bytes: undefined, foreignStatus: givenStatus };
  return {
    endpoint: { ...endpoint, metadata: withMember(metadata, 'status', givenStatus) },
    bytes: undefined,
    foreignStatus: givenStatus,
  };
}

function tryDecode(value: Buffer): Endpoint | undefined {
  try {
    return decodeEndpoint(value);
  } catch (error) {
    if (error instanceof EndpointDecodeError) return undefined;
    throw error;
  }
}

function isPlain(
  metadata: JsonValue | undefined,
): metadata is { readonly [name: string]: JsonValue | undefined } {
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
}
