import { noOptions, optionsChecker, printable, text, wholeNumber } from '../model/index.js';
import { checkAddress, formatAddress, parseAddress } from '../naming/address/index.js';
import { checkEndpointNames } from '../naming/check-endpoint.js';
import type { EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
import type { Endpoint } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';
import { goJson } from '../naming/json/go-json.js';
import { checkId, checkPath, keyOfName, labelOfAddress, nameOfKey } from './core-dns-keys.js';
import { fromMetadata, toMetadata } from './core-dns-metadata.js';
import { type DnsService, isStrippedName, isText, maxima, readService } from './core-dns-service.js';
import { memoized } from './memoized.js';
import { checkWrittenJson } from './written-json.js';

/** Options of {@link coreDns}. */
export interface CoreDnsOptions {
  /** The `path` of CoreDNS's `etcd` plugin. Default `/skydns`, as in CoreDNS. */
  readonly path?: string;
  /**
   * The port of records that have none, such as those of plain addresses. Default: such a record is invalid, because
   * nothing says where the host listens. Written records always have their port.
   */
  readonly defaultPort?: number;
}

const checkOptions = optionsChecker<CoreDnsOptions>({
  path: text,
  defaultPort: wholeNumber({ min: 1, max: maxima.port }),
});

/**
 * The format of CoreDNS's `etcd` plugin, which is SkyDNS's: `/skydns/org/example/my-service/<id>` has a host and a port of
 * the service `my-service.example.org`, as JSON: `{"host":"10.0.0.7","port":50051}`. Checked with CoreDNS 1.15.0.
 *
 * The service's name is the DNS name, with or without a dot at its end, in any case. Nested names are covered, as in
 * CoreDNS: `example.org` also lists `my-service.example.org`. CoreDNS also answers a name with the record at its own key,
 * without an id, if there is nothing below; such a record is an endpoint of the parent name only. A wildcard is not a
 * target.
 *
 * Reading: `host`, a name or an IP address, and `port` are the address. Priority, TTL, text, target strip and group are
 * metadata: `priority`, `ttl` in seconds, `text`, `targetstrip`, `group`. `weight` is relative to a record without one,
 * which has 100 in CoreDNS: a stored 50 is read as 0.5. Neither the priority nor the group selects endpoints. Records
 * without a host (TXT) and with `mail` (MX) are left out. A record without a port, a name with a text, which CoreDNS
 * answers as TXT only, a name with a target strip, for which CoreDNS answers another name, and values that CoreDNS does not
 * read are invalid. A single value that CoreDNS does not read makes
 * it refuse the whole name.
 *
 * Writing: the id must be a label of a DNS name, because CoreDNS answers the key's name as the SRV target. The default id
 * is made from the address: `10-0-0-7-50051`; of a long one it has the beginning and a hash. Metadata can have `weight` (a multiple of 0.01), `priority`, `ttl`,
 * `group`, and with an IP address `text` and `targetstrip`; other metadata is refused, so there is no zone and no status. `drain()`
 * deletes the record without a status before. Clients of CoreDNS may use an answer for its TTL, by default the lease's
 * remaining time but at least 30 s, after the record is deleted.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/etcd.go#L77-L221,
 * https://github.com/coredns/coredns/blob/v1.15.0/plugin/backend_lookup.go#L166-L264
 *
 * @throws {InvalidInputError} for unknown or invalid options.
 */
export function coreDns(options: CoreDnsOptions = noOptions): EndpointCodec {
  checkOptions(options);
  const { path = '/skydns', defaultPort } = options;
  return codecOf({ root: checkPath(path), defaultPort });
}

interface ResolvedOptions {
  readonly root: string;
  readonly defaultPort: number | undefined;
}

const codecOf = memoized(
  ({ root, defaultPort }: ResolvedOptions): EndpointCodec => ({
    name: 'coredns',
    ...(defaultPort === undefined ? {} : { variant: `port ${defaultPort}` }),
    root: `${root}/`,
    keyPrefix: (service) => keyOfName(root, service),
    serviceOf: (key) => nameOfKey(root, key),
    decode: ({ value }) => decode(readService(value), defaultPort),
    encode,
    defaultId: labelOfAddress,
    canDrain: false,
  }),
);

function decode(service: DnsService, defaultPort: number | undefined): Endpoint | undefined {
  const { host, port = defaultPort, mail } = service;
  if (host === undefined || mail) return undefined;
  if (isText(service))
    throw new EndpointDecodeError('host is a name and there is a text: CoreDNS answers only the text');
  if (isStrippedName(service))
    throw new EndpointDecodeError('host is a name and there is a targetstrip: CoreDNS answers another name');
  if (port === undefined)
    throw new EndpointDecodeError('the record has no port; coreDns() has the option defaultPort');
  const addr = formatAddress({ host, port });
  const parsed = parseAddress(addr);
  if ('problem' in parsed)
    throw new EndpointDecodeError(`host '${printable(host)}' cannot be dialled: ${parsed.problem}`);
  const metadata = toMetadata(service);
  return metadata === undefined ? { addr } : { addr, metadata };
}

/** Writes the members in the order of CoreDNS's type. */
function encode(endpoint: Endpoint, place: RecordPlace): string {
  checkEndpointNames(endpoint);
  const address = toHost(endpoint.addr);
  checkId(place);
  const { priority, weight, text, ttl, targetstrip, group } = fromMetadata(endpoint.metadata);
  const service: DnsService = { ...address, priority, weight, text, ttl, targetstrip, group };
  if (isText(service))
    throw new NamingError('metadata has a text and the host is a name: CoreDNS would answer only the text');
  if (isStrippedName(service))
    throw new NamingError(
      'metadata has a targetstrip and the host is a name: CoreDNS would answer another name',
    );
  const members = Object.entries(service).filter(([, value]) => value !== undefined);
  return checkWrittenJson(`{${members.map(([name, value]) => `"${name}":${goJson(value)}`).join(',')}}`);
}

function toHost(addr: string): { readonly host: string; readonly port: number } {
  checkAddress(addr);
  const parsed = parseAddress(addr);
  if (!('tcp' in parsed)) throw new NamingError('the endpoint is a socket file, which DNS cannot name');
  const { host, port } = parsed.tcp;
  if (host.includes('%'))
    throw new NamingError(`the endpoint's addr '${printable(addr)}' has a zone, which DNS cannot express`);
  return { host, port };
}
