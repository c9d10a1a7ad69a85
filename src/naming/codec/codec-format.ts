import { isHandledPromise, processWarningOnce } from '../../async/index.js';
import { describeThrown } from '../../errors/index.js';
import { hasLoneSurrogate, type KeyValue, keyText, printable, toBuffer } from '../../model/index.js';
import { addressName } from '../address/index.js';
import { checkEndpointNames } from '../check-endpoint.js';
import type { Endpoint } from '../endpoint.js';
import { NamingError } from '../errors.js';
import { goJson } from '../json/go-json.js';
import { callCodec, describeReturned } from './codec-call.js';
import type { EncodedRecord, EndpointCodec, RecordPlace } from './endpoint-codec.js';
import type { DecodedEndpoint, NoEndpoint, RecordFormat } from './record-format.js';
import { replacedBytes, smallBytes, withHash } from './retain-endpoint.js';

/**
 * The records of a service in the formats of codecs that have the same key prefix. A value is decoded by the first codec
 * that can. Codecs are foreign code: whatever one throws or returns concerns only its record.
 */
export class CodecFormat implements RecordFormat {
  readonly prefix: string;
  readonly canDrain: boolean;
  readonly #service: string;
  readonly #codecs: readonly EndpointCodec[];
  /** What the values were that `retain` replaced: a codec may accept any bytes, those of a hash too. */
  readonly #replaced = new WeakMap<Buffer, NoEndpoint>();

  /** @throws {NamingError} for a service whose name the codecs do not accept. */
  constructor(service: string, codecs: readonly [EndpointCodec, ...EndpointCodec[]]) {
    const [first] = codecs;
    this.prefix = codecPrefix(first, service);
    this.canDrain = first.canDrain ?? true;
    this.#service = service;
    this.#codecs = codecs;
  }

  decode(key: string, value: Buffer): DecodedEndpoint | NoEndpoint {
    const replaced = value.length === replacedBytes ? this.#replaced.get(value) : undefined;
    if (replaced) return replaced;
    const record = { service: this.#service, key, id: this.#idOf(key), value };
    let problem: NoEndpoint = 'invalid';
    for (const codec of this.#codecs) {
      const decoded = tryDecode(codec, record);
      if (typeof decoded === 'object') return decoded;
      if (decoded === 'foreign') problem = decoded;
    }
    return problem;
  }

  encode(key: string, endpoint: Endpoint): Buffer {
    checkEndpointNames(endpoint);
    const [codec] = this.#codecs;
    if (!codec?.encode) throw new NamingError(`the codec '${codec?.name}' only reads records`);
    const { addr, metadata } = endpoint ?? {};
    if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
    const place = { service: this.#service, key, id: this.#idOf(key) };
    const value = encodeWith(codec, { addr, metadata }, place);
    checkRoundTrip(codec, addr, { ...place, value });
    return value;
  }

  readonly retain = (kv: KeyValue): KeyValue => {
    if (kv.value.length <= smallBytes) return kv;
    const decoded = this.decode(keyText(kv.key), kv.value);
    if (typeof decoded === 'object') return kv;
    const retained = withHash(kv);
    this.#replaced.set(retained.value, decoded);
    return retained;
  };

  #idOf(key: string): string {
    return key.slice(this.prefix.length);
  }
}

/**
 * Returns the key prefix of a service's records.
 * @throws {NamingError} for a service whose name the codec does not accept, and for a prefix that is not one.
 */
export function codecPrefix(codec: EndpointCodec, service: string): string {
  const failure = `the codec '${codec.name}' has no key prefix for '${service}'`;
  const prefix: unknown = callCodec(failure, () => codec.keyPrefix(service));
  if (typeof prefix === 'string' && prefix.length >= 2 && prefix.endsWith('/') && !hasLoneSurrogate(prefix))
    return prefix;
  const returned = describeReturned(prefix);
  throw new NamingError(
    `${failure}: keyPrefix() returned ${returned}; it must return a text that ends with '/'`,
  );
}

function encodeWith(codec: EndpointCodec, { addr, metadata }: Endpoint, place: RecordPlace): Buffer {
  const endpoint = metadata === undefined ? { addr } : { addr, metadata };
  const failure = `the codec '${codec.name}' cannot encode the endpoint '${printable(addr)}'`;
  const value: unknown = callCodec(failure, () => codec.encode?.(endpoint, place));
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return toBuffer(value);
  throw new NamingError(
    `encode() of the codec '${codec.name}' returned ${describeReturned(value)}; it must return a text or bytes`,
  );
}

/**
 * Checks a value before it is written: its reader finds the address, and would write the same bytes again. A registration
 * relies on that when it stores its record again, or with a change.
 * @throws {NamingError} for a fault of the codec.
 */
function checkRoundTrip(codec: EndpointCodec, addr: string, { value, ...place }: EncodedRecord): void {
  const encoded = `the codec '${codec.name}' encodes the endpoint '${printable(addr)}' to a value that`;
  let decoded: DecodedEndpoint | NoEndpoint;
  try {
    decoded = decodeWith(codec, { ...place, value });
  } catch (error) {
    throw new NamingError(`${encoded} it cannot decode: ${describeThrown(error)}`, error);
  }
  if (typeof decoded !== 'object') throw new NamingError(`${encoded} it does not decode`);
  if (addressName(decoded.addr) !== addressName(addr))
    throw new NamingError(`${encoded} it decodes with the address '${printable(decoded.addr)}'`);
  if (!tryEncode(codec, decoded, place)?.equals(value))
    throw new NamingError(`${encoded} it does not encode again after decoding it`);
}

function tryEncode(codec: EndpointCodec, endpoint: Endpoint, place: RecordPlace): Buffer | undefined {
  try {
    return encodeWith(codec, endpoint, place);
  } catch {
    return undefined;
  }
}

function tryDecode(codec: EndpointCodec, record: EncodedRecord): DecodedEndpoint | NoEndpoint {
  try {
    return decodeWith(codec, record);
  } catch {
    return 'invalid'; // EndpointDecodeError, or a fault of the codec: in any case only this record is unusable
  }
}

/** Takes from a decoded endpoint what belongs to it. Throws what the codec throws, and for metadata that is not JSON. */
function decodeWith(codec: EndpointCodec, record: EncodedRecord): DecodedEndpoint | NoEndpoint {
  const endpoint = codec.decode(record);
  if (endpoint === undefined) return 'foreign';
  if (isHandledPromise(endpoint)) {
    promiseReturned(codec.name);
    return 'invalid';
  }
  const { addr, metadata } = endpoint;
  if (typeof addr !== 'string') return 'invalid';
  if (metadata === undefined || metadata === null) return { addr, codec: codec.name };
  goJson(metadata); // throws for what is not JSON, which would fail later in a snapshot of the whole service
  return { addr, metadata, codec: codec.name };
}

function promiseReturned(name: string): void {
  processWarningOnce(`decode() of the codec '${name}'`)(
    new TypeError('it returned a promise; it must answer synchronously'),
  );
}
