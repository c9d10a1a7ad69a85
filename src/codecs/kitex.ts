import { isIPv6 } from 'node:net';
import { formatValue, noOptions, optionsChecker, wellFormedText } from '../model/index.js';
import { parseAddress } from '../naming/address/index.js';
import type { EncodedRecord, EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
import type { Endpoint, JsonValue } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';
import { goJson } from '../naming/json/go-json.js';
import { readMembers } from '../naming/json/reader.js';
import { checkStoredAddress, checkWrittenAddress } from './go-address.js';
import { fieldName, readInt64, readText } from './go-members.js';
import { memoized } from './memoized.js';
import { metadataMembers, readStringMap, type StringMap, toStringMap } from './string-metadata.js';
import { weightOfWhole, wholeWeight } from './whole-weight.js';
import { checkWrittenJson } from './written-json.js';

/** Options of {@link kitex}. */
export interface KitexOptions {
  /**
   * The prefix of all keys, as in Kitex's `WithEtcdServicePrefix()`. Default `kitex/registry-etcd`. It is `''` for servers
   * that were registered with the deprecated `NewEtcdRegistryWithAuth()`, whose keys begin with a slash.
   */
  readonly prefix?: string;
}

const checkOptions = optionsChecker<KitexOptions>({ prefix: wellFormedText });

/**
 * Kitex's servers have this weight by default, and its clients read a weight of 0 or less as this one. It is the weight 1
 * of this package.
 *
 * Specification: https://github.com/kitex-contrib/registry-etcd/blob/v0.2.6/etcd_resolver.go#L99-L102
 */
const defaultWeight = 10;

/**
 * The networks to which Kitex's clients connect. The kind of a socket address is that of its addresses.
 *
 * Specification: https://github.com/cloudwego/netpoll/blob/v0.6.5/net_dialer.go#L70-L81
 */
const networks: ReadonlyMap<string, 'tcp' | 'socket'> = new Map([
  ['tcp', 'tcp'],
  ['tcp4', 'tcp'],
  ['tcp6', 'tcp'],
  ['unix', 'socket'],
]);

/**
 * The format of Kitex's `registry-etcd`: `kitex/registry-etcd/<service>/<address>` has, as JSON, `network`, `address`,
 * `weight` and `tags`. Checked with registry-etcd 0.2.6.
 *
 * Reading: the tags are the metadata. The weight is relative to 10, Kitex's default: a stored 5 is read as the weight 0.5,
 * and 10, 0 and a negative number are read as no weight. A network other than `tcp` is in `metadata.network`; the address
 * of `unix` is read as `unix:/path`. A tag with the name `weight` or `network` is not read: these names mean the record's
 * own weight and network. Kitex writes IPv6 addresses without brackets and does not dial them; they are read with brackets.
 * A network that Kitex's clients do not know is invalid.
 *
 * Writing: a weight must be a multiple of 0.1 and not 0, because Kitex reads 0 as its default. All other metadata becomes
 * tags; numbers and booleans are written as text. `status: 'draining'` is a tag, which Kitex's clients do not know: they
 * stop calling when the record is deleted, and notice that late, because they read the records again every 5 s by default.
 * Give them the time with `drain({ propagateMs: 6_000 })`.
 *
 * A Kitex server must serve gRPC (a service from a protobuf definition) to be called by gRPC; the records do not say
 * whether it does.
 *
 * Specification: https://github.com/kitex-contrib/registry-etcd/blob/v0.2.6/common.go#L19-L36,
 * https://github.com/kitex-contrib/registry-etcd/blob/v0.2.6/etcd_resolver.go#L85-L113,
 * https://github.com/cloudwego/kitex/blob/v0.12.3/pkg/loadbalance/lbcache/cache.go#L38
 *
 * @throws {InvalidInputError} for unknown or invalid options.
 */
export function kitex(options: KitexOptions = noOptions): EndpointCodec {
  checkOptions(options);
  return codecOf({ root: `${options.prefix ?? 'kitex/registry-etcd'}/` });
}

const codecOf = memoized(
  ({ root }: { readonly root: string }): EndpointCodec => ({
    name: 'kitex',
    root,
    keyPrefix: (service) => `${root}${checkService(service)}/`,
    serviceOf: (key) => (key.startsWith(root) ? /^([^/]+)\/./s.exec(key.slice(root.length))?.[1] : undefined),
    decode,
    encode,
  }),
);

/** Kitex's registry refuses such a name too. */
function checkService(service: string): string {
  if (service.includes('/'))
    throw new NamingError(`the name of a Kitex service contains no '/': '${service}' does`);
  return service;
}

/** Kitex's `instanceInfo`. */
interface Instance {
  network: string;
  address: string;
  weight: number;
  tags: StringMap;
}

function decode({ value }: EncodedRecord): Endpoint {
  const { network, address, weight, tags } = readInstance(value);
  const members: Record<string, JsonValue> = { ...tags };
  delete members['network'];
  delete members['weight'];
  if (network !== 'tcp') members['network'] = network;
  if (weight > 0 && weight !== defaultWeight) members['weight'] = weightOfWhole(weight, defaultWeight);
  const addr = toAddr(network, address);
  return Object.keys(members).length === 0 ? { addr } : { addr, metadata: members };
}

/** Reads a value with Go's rules: names are case-insensitive, unknown names and null are skipped. */
function readInstance(value: Uint8Array): Instance {
  const instance: Instance = { network: '', address: '', weight: 0, tags: {} };
  for (const member of readMembers(value) ?? []) {
    const name = fieldName(member.name);
    if (name === 'tags') instance.tags = readStringMap(member.name, member.value, instance.tags);
    if (name === 'network' || name === 'address') instance[name] = readText(member, instance[name]);
    if (name === 'weight' && member.value !== null) instance.weight = readInt64(member);
  }
  return instance;
}

function toAddr(network: string, address: string): string {
  const kind = networks.get(network);
  if (kind === undefined)
    throw new EndpointDecodeError(
      network === ''
        ? 'the record has no network'
        : `network is ${formatValue(network)}, to which Kitex does not connect`,
    );
  if (address === '') throw new EndpointDecodeError('the record has no address');
  const addr = checkStoredAddress(kind === 'socket' ? `unix:${address}` : withBrackets(address), 'address');
  if (kindOf(addr) !== kind) throw new EndpointDecodeError(`address is not one of the network ${network}`);
  return addr;
}

/**
 * Kitex joins host and port by a colon, also if the host is an IPv6 address.
 *
 * Specification: https://github.com/kitex-contrib/registry-etcd/blob/v0.2.6/etcd_registry.go#L343
 */
function withBrackets(address: string): string {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  return isIPv6(host) ? `[${host}]${address.slice(colon)}` : address;
}

/** Writes the members in the order of Kitex's type. */
function encode({ addr, metadata }: Endpoint, { service }: RecordPlace): string {
  checkService(service);
  const { network, weight, ...others } = metadataMembers(metadata, 'kitex');
  const written = checkWrittenAddress(addr);
  const tags = toStringMap(others, 'kitex');
  const members = [
    `"network":${goJson(toNetwork(written, network))}`,
    `"address":${goJson(toAddress(written))}`,
    `"weight":${toStoredWeight(weight)}`,
    `"tags":${Object.keys(tags).length === 0 ? 'null' : goJson(tags)}`,
  ];
  return checkWrittenJson(`{${members.join()}}`);
}

function toNetwork(addr: string, network: JsonValue | undefined): string {
  const kind = kindOf(addr);
  if (network === undefined) return kind === 'tcp' ? 'tcp' : 'unix';
  if (typeof network === 'string' && networks.get(network) === kind) return network;
  const known = [...networks.keys()].filter((name) => networks.get(name) === kind);
  throw new NamingError(
    `metadata.network is ${formatValue(network)}; for this addr Kitex knows ${known.join(', ')}`,
  );
}

function toAddress(addr: string): string {
  const parsed = parseAddress(addr);
  return 'socket' in parsed ? parsed.socket.path : addr;
}

function toStoredWeight(weight: JsonValue | undefined): number {
  if (weight === undefined) return defaultWeight;
  const stored = wholeWeight(weight, defaultWeight);
  if (stored === undefined)
    throw new NamingError(
      `metadata.weight is ${formatValue(weight)}; Kitex needs a multiple of 0.1 that is not 0`,
    );
  return stored;
}

function kindOf(addr: string): 'tcp' | 'socket' {
  return 'socket' in parseAddress(addr) ? 'socket' : 'tcp';
}
