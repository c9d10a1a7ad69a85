import { boolean, formatValue, noOptions, optionsChecker, wellFormedText } from '../model/index.js';
import { checkEndpointNames } from '../naming/check-endpoint.js';
import type { EncodedRecord, EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
import type { Endpoint, JsonValue } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';
import { goJson } from '../naming/json/go-json.js';
import { readMembers } from '../naming/json/reader.js';
import { checkStoredAddress, checkWrittenAddress } from './go-address.js';
import { fieldName, readText, readTexts } from './go-members.js';
import { escapeHost, parseGoUrl } from './go-url.js';
import { memoized } from './memoized.js';
import {
  type MetadataMembers,
  metadataMembers,
  readStringMap,
  type StringMap,
  toStringMap,
} from './string-metadata.js';
import { weightOfWhole, wholeWeight } from './whole-weight.js';
import { checkWrittenJson } from './written-json.js';

/** The options of {@link kratos}. */
export interface KratosOptions {
  /** The registry's `Namespace`. Default `/microservices`, as in kratos. */
  readonly namespace?: string | undefined;
  /**
   * Whether the endpoint with TLS is used: of the URLs of a record, `grpcs://…` instead of `grpc://…`. A client of kratos
   * chooses the same way: `grpc.Dial` uses TLS, and `grpc.DialInsecure` does not. Default false.
   */
  readonly secure?: boolean | undefined;
}

const checkOptions = optionsChecker<KratosOptions>({
  namespace: wellFormedText,
  secure: boolean,
});

/**
 * The weight that kratos's balancers give a record without one; it is 1 in this package.
 *
 * Specification: https://github.com/go-kratos/kratos/blob/v2.8.3/selector/node/direct/direct.go#L12
 */
const defaultWeight = 100;

/**
 * The records of kratos's etcd registry: `<namespace>/<service>/<id>` with the JSON of a `registry.ServiceInstance`.
 *
 * - `addr` is the host of the first URL in `endpoints` whose scheme is `grpc`, or with `secure` `grpcs`. Versions of
 *   kratos before 2.4 write `grpc://…?isSecure=true` instead of `grpcs://…`: both have TLS. A record without such a URL,
 *   such as one that has only HTTP, is left out as invalid.
 * - The record's `metadata` is the endpoint's metadata. Its values are texts, except `weight`, which is relative to a
 *   record without one: kratos gives that 100, so a stored `50` is read as 0.5, and 2 is written as `200`.
 * - `metadata.version` is the record's version, if it has one. `metadata.id` is its id, if it is not the last part of the
 *   key. `metadata.endpoints` has all URLs, if there are others than `grpc://<addr>`. These names of the record's own
 *   metadata are ignored, except `version` in a record without a version.
 * - A record with the name of another service is left out, as in kratos.
 *
 * Writes what kratos writes, from the same members. `grpc://<addr>` is written before the URLs in `metadata.endpoints`,
 * unless `addr`'s is the first of them for gRPC by the rule of every version: with `isSecure`, and by the scheme alone as
 * from 2.5 on. A text there that Go does not read as a URL is refused, and a weight that is not a number. kratos reads a service by its name without a slash after it,
 * and one value there that is not an instance makes its whole list fail: do not store other formats under
 * `<namespace>/<service>`.
 *
 * Specification: https://github.com/go-kratos/kratos/blob/v2.8.3/registry/registry.go#L37,
 * https://github.com/go-kratos/kratos/blob/16c2f395956682fd4618cefb32ce0362018653f2/contrib/registry/etcd/registry.go#L132,
 * https://github.com/go-kratos/kratos/blob/v2.8.3/transport/grpc/resolver/discovery/resolver.go#L51
 */
export function kratos(options: KratosOptions = noOptions): EndpointCodec {
  checkOptions(options);
  const { namespace = '/microservices', secure = false } = options;
  return codecOf({ namespace, secure });
}

interface ResolvedOptions {
  readonly namespace: string;
  readonly secure: boolean;
}

const codecOf = memoized(
  ({ namespace, secure }: ResolvedOptions): EndpointCodec => ({
    name: 'kratos',
    ...(secure ? { variant: 'secure' } : {}),
    root: `${namespace}/`,
    keyPrefix: (service) => `${namespace}/${service}/`,
    decode: (record) => toEndpoint(record, secure),
    encode: (endpoint, place) => goJsonOf(toInstance(endpoint, place, secure)),
    serviceOf: (key) => serviceOf(key, `${namespace}/`),
  }),
);

/** Go's `registry.ServiceInstance`. */
interface Instance {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly metadata: StringMap;
  readonly endpoints: readonly string[];
}

function toEndpoint(record: EncodedRecord, secure: boolean): Endpoint | undefined {
  const instance = readInstance(record.value);
  if (instance.name === '') throw new EndpointDecodeError('the record has no name');
  if (instance.name !== record.service) return undefined;
  const { id, version, endpoints } = instance;
  const addr = addrOf(endpoints, secure);
  if (addr === undefined) throw new EndpointDecodeError(missingEndpointText(endpoints, secure));
  checkStoredAddress(addr, 'the endpoint for gRPC');
  const { id: _id, endpoints: _endpoints, ...own } = instance.metadata;
  const metadata: MetadataMembers = {
    ...own,
    ...readWeight(own['weight']),
    ...(version === '' ? {} : { version }),
    ...(id === '' || id === record.id ? {} : { id }),
    ...(endpoints.length === 1 && endpoints[0] === urlOf(addr, secure) ? {} : { endpoints }),
  };
  return Object.keys(metadata).length === 0 ? { addr } : { addr, metadata };
}

function readInstance(value: Buffer): Instance {
  const members = readMembers(value);
  if (members === undefined) throw new EndpointDecodeError('the value is null');
  const instance = {
    id: '',
    name: '',
    version: '',
    metadata: {} as StringMap,
    endpoints: [] as readonly string[],
  };
  for (const member of members) {
    const name = fieldName(member.name);
    if (name === 'id' || name === 'name' || name === 'version')
      instance[name] = readText(member, instance[name]);
    else if (name === 'endpoints') instance.endpoints = readTexts(member, instance.endpoints);
    else if (name === 'metadata') instance.metadata = readStringMap(name, member.value, instance.metadata);
  }
  return instance;
}

/** Returns the host of the first URL that fits; undefined if none does. */
function addrOf(endpoints: readonly string[], secure: boolean): string | undefined {
  for (const endpoint of endpoints) {
    const { scheme, host, query } = parseGoUrl(endpoint);
    const isSecure = scheme === 'grpcs' || isTrue(query.get('isSecure'));
    if ((scheme === 'grpc' || scheme === 'grpcs') && isSecure === secure)
      return host === '' ? undefined : host;
  }
  return undefined;
}

/** Go's `strconv.ParseBool`. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(1|t|T|true|TRUE|True)$/.test(text);
}

/** kratos ignores a weight that is not a whole number: it stays text, which the balancer ignores too. */
function readWeight(text: string | undefined): MetadataMembers {
  const isWhole = text !== undefined && /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n;
  return isWhole ? { weight: weightOfWhole(Number(text), defaultWeight) } : {};
}

function writeWeight(weight: JsonValue | undefined): MetadataMembers {
  if (weight === undefined) return {};
  const stored = weight === 0 ? 0 : wholeWeight(weight, defaultWeight);
  if (stored !== undefined) return { weight: stored };
  throw new NamingError(
    `metadata.weight is ${formatValue(weight)}; kratos needs a number, a multiple of 0.01`,
  );
}

function missingEndpointText(endpoints: readonly string[], secure: boolean): string {
  if (endpoints.length === 0) return 'the record has no endpoints';
  const wanted = secure ? 'grpcs' : 'grpc';
  const other =
    addrOf(endpoints, !secure) === undefined
      ? ': it is an instance without gRPC, such as a server of HTTP alone'
      : `; with { secure: ${!secure} } its endpoint is found`;
  return `none of the record's endpoints is ${wanted}://<host>:<port>${other}`;
}

function urlOf(addr: string, secure: boolean): string {
  return `${secure ? 'grpcs' : 'grpc'}://${escapeHost(addr)}`;
}

function toInstance(endpoint: Endpoint, place: RecordPlace, secure: boolean): Instance {
  checkEndpointNames(endpoint);
  const { id, version, endpoints, ...own } = metadataMembers(endpoint.metadata, 'kratos');
  const texts = toStringMap({ id, version }, 'kratos');
  return {
    id: texts['id'] || place.id,
    name: place.service,
    version: texts['version'] ?? '',
    metadata: toStringMap({ ...own, ...writeWeight(own['weight']) }, 'kratos'),
    endpoints: toUrls(checkWrittenAddress(endpoint.addr), endpoints, secure),
  };
}

/** All URLs to write. For gRPC, every version of kratos dials the first one that fits its rule: `addr`'s. */
function toUrls(addr: string, endpoints: JsonValue | undefined, secure: boolean): readonly string[] {
  const url = urlOf(addr, secure);
  if (tryAddrOf([url], secure) !== addr)
    throw new NamingError(`kratos has no URL for the address ${JSON.stringify(addr)}`);
  if (endpoints === undefined) return [url];
  if (!isTexts(endpoints)) throw new NamingError('metadata.endpoints is not a list of URLs');
  const [first, ...others] = endpoints.map(checkUrl);
  if (first === undefined) return [url];
  const isFirst = addrOf(endpoints, secure) === addr && addrOfScheme(endpoints, secure) === addr;
  return isFirst ? [first, ...others] : [url, first, ...others];
}

/** One that is not a URL makes kratos ignore all that are after it. */
function checkUrl(url: string): string {
  try {
    parseGoUrl(url);
    return url;
  } catch (error) {
    throw new NamingError(
      `metadata.endpoints has ${formatValue(url)}, which kratos does not read as a URL`,
      error,
    );
  }
}

/**
 * The host of the URL that kratos dials from version 2.5 on: it ignores `isSecure`.
 *
 * Specification: https://github.com/go-kratos/kratos/blob/v2.8.3/internal/endpoint/endpoint.go#L13-L25
 */
function addrOfScheme(endpoints: readonly string[], secure: boolean): string | undefined {
  return endpoints.map(parseGoUrl).find(({ scheme }) => scheme === (secure ? 'grpcs' : 'grpc'))?.host;
}

function tryAddrOf(endpoints: readonly string[], secure: boolean): string | undefined {
  try {
    return addrOf(endpoints, secure);
  } catch {
    return undefined;
  }
}

function isTexts(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && Array.from(value).every((item) => typeof item === 'string');
}

/** Go writes the members in the order of the struct, and a map that was never made as null. */
function goJsonOf({ id, name, version, metadata, endpoints }: Instance): string {
  const map = Object.keys(metadata).length === 0 ? null : metadata;
  return checkWrittenJson(
    `{"id":${goJson(id)},"name":${goJson(name)},"version":${goJson(version)},` +
      `"metadata":${goJson(map)},"endpoints":${goJson(endpoints)}}`,
  );
}

function serviceOf(key: string, root: string): string | undefined {
  const end = key.lastIndexOf('/');
  return key.startsWith(root) && end > root.length ? key.slice(root.length, end) : undefined;
}
