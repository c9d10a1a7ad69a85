import { noOptions, optionsChecker, wellFormedText } from '../model/index.js';
import { checkEndpointNames } from '../naming/check-endpoint.js';
import type { EncodedRecord, EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
import type { Endpoint, JsonValue } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';
import { goJson } from '../naming/json/go-json.js';
import { type JsonMember, readMembers } from '../naming/json/reader.js';
import { checkStoredAddress, checkWrittenAddress } from './go-address.js';
import { fieldName } from './go-members.js';
import { type GoMicroNode, mapOf, readNodes, textOf, toNodes } from './go-micro-nodes.js';
import { memoized } from './memoized.js';
import {
  fromStringMap,
  type MetadataMembers,
  metadataMembers,
  type StringMap,
  toStringMap,
  weightText,
} from './string-metadata.js';
import { checkWrittenJson } from './written-json.js';

/** The options of {@link goMicro}. */
export interface GoMicroOptions {
  /**
   * The key before the services. Default `/micro/registry`, as in go-micro 2 to 5. `/micro-registry` is that of the plugin
   * `etcdv3` for go-micro 1, and `/micro/registry/<domain>` that of Micro 3, whose default domain is `micro`.
   */
  readonly prefix?: string | undefined;
}

const checkOptions = optionsChecker<GoMicroOptions>({ prefix: wellFormedText });

/**
 * The records of go-micro's etcd registry: `<prefix>/<service>/<node>`, with `-` for each `/` in the names of the service
 * and the node, and the JSON of a `registry.Service` with one node. The format was checked against the sources of
 * go-micro 2 and of its plugins for 3, 4 and 5; the library was not run.
 *
 * - `addr` is the address of the first node that has one. It need not be gRPC: go-micro's gRPC servers write
 *   `protocol: "grpc"` in the node's metadata, others `mucp` or `http`. Filter with it if a service has both.
 * - The node's `metadata` is the endpoint's metadata: texts, with `weight` as a number.
 * - `metadata.version` is the service's version, if it has one, and `metadata.endpoints` its list of methods.
 *   `metadata.id` is the node's id, if it is not the last part of the key. `metadata.serviceMetadata` is the service's own
 *   metadata, and `metadata.nodes` has the other nodes of a record that another program wrote. These names of the node's
 *   metadata are ignored, except `version` in a record without a version.
 * - Like go-micro, it reads what it can: a member of a wrong type counts as missing.
 *
 * Writing is experimental. A weight must be a number that is read back: from 0, with at most 15 digits before the point and
 * after it. It writes the members that are read, and `protocol: "grpc"` unless the metadata has a
 * `protocol`. The members of `endpoints` are sorted by name.
 *
 * Specification: https://github.com/micro/plugins/blob/6026888844da0f32d2e633952bab2947871fc1a3/v5/registry/etcd/etcd.go#L143
 */
export function goMicro(options: GoMicroOptions = noOptions): EndpointCodec {
  checkOptions(options);
  return codecOf({ root: `${(options.prefix ?? '/micro/registry').replace(/\/+$/, '')}/` });
}

const codecOf = memoized(
  ({ root }: { readonly root: string }): EndpointCodec => ({
    name: 'go-micro',
    root,
    keyPrefix: (service) => `${root}${keyPart(service)}/`,
    decode,
    encode,
    defaultId: keyPart,
    serviceOf: (key) => serviceOf(key, root),
  }),
);

function keyPart(name: string): string {
  return name.replaceAll('/', '-');
}

function serviceOf(key: string, root: string): string | undefined {
  const [service, node, ...deeper] = key.startsWith(root) ? key.slice(root.length).split('/') : [];
  return service && node && deeper.length === 0 ? service : undefined;
}

/** Go's `registry.Service`. */
interface Service {
  readonly name: string;
  readonly version: string;
  readonly metadata: StringMap;
  /** The methods, as they are stored. */
  readonly endpoints: readonly JsonValue[];
  readonly nodes: readonly GoMicroNode[];
}

/** A key below another one is of another layout: Micro 3 has `<domain>/<service>/<node>` below the same prefix. */
function decode(record: EncodedRecord): Endpoint | undefined {
  if (record.id.includes('/')) return undefined;
  const service = readService(record.value);
  if (service.name !== '' && keyPart(service.name) !== keyPart(record.service)) return undefined;
  const [node, ...nodes] = service.nodes;
  if (!node) throw new EndpointDecodeError('the record has no node with an address');
  const { id: _id, endpoints: _endpoints, serviceMetadata: _service, nodes: _nodes, ...own } = node.metadata;
  const { version, endpoints } = service;
  const metadata: MetadataMembers = {
    ...fromStringMap(own),
    ...(version === '' ? {} : { version }),
    ...(node.id === '' || node.id === record.id ? {} : { id: node.id }),
    ...(endpoints.length === 0 ? {} : { endpoints }),
    ...(Object.keys(service.metadata).length === 0 ? {} : { serviceMetadata: service.metadata }),
    ...(nodes.length === 0 ? {} : { nodes: nodes.map((other) => ({ ...other })) }),
  };
  const addr = checkStoredAddress(node.address, "the node's address");
  return Object.keys(metadata).length === 0 ? { addr } : { addr, metadata };
}

function readService(value: Buffer): Service {
  const members = readMembers(value);
  if (members === undefined) throw new EndpointDecodeError('the value is null');
  let service: Service = { name: '', version: '', metadata: {}, endpoints: [], nodes: [] };
  for (const member of members) service = { ...service, ...readMember(service, member) };
  return service;
}

function readMember(before: Service, member: JsonMember): Partial<Service> {
  const { value } = member;
  const name = fieldName(member.name);
  switch (name) {
    case 'name':
    case 'version':
      return { [name]: textOf(value, before[name]) };
    case 'metadata':
      return { metadata: mapOf(value, before.metadata) };
    case 'endpoints':
      return { endpoints: Array.isArray(value) && member.tooLarge === undefined ? value : [] };
    case 'nodes':
      return { nodes: readNodes(value) };
    default:
      return {};
  }
}

function encode(endpoint: Endpoint, place: RecordPlace): string {
  checkEndpointNames(endpoint);
  if (place.id.includes('/'))
    throw new NamingError(`the id '${place.id}' has a slash, which keys of go-micro cannot have`);
  const members = metadataMembers(endpoint.metadata, 'go-micro');
  const { id, version = '', endpoints = [], serviceMetadata, nodes, ...own } = members;
  if (!Array.isArray(endpoints)) throw new NamingError('metadata.endpoints is not a list');
  const texts = toStringMap({ id, version }, 'go-micro');
  const node = {
    id: texts['id'] || place.id,
    address: checkWrittenAddress(endpoint.addr),
    metadata: toNodeMetadata(own),
  };
  return goJsonOf({
    name: place.service,
    version: texts['version'] ?? '',
    metadata: toStringMap(metadataMembers(serviceMetadata, 'go-micro'), 'go-micro'),
    endpoints,
    nodes: [node, ...toNodes(nodes)],
  });
}

function toNodeMetadata({ protocol = 'grpc', weight, ...others }: MetadataMembers): StringMap {
  const text = weight === undefined ? undefined : weightText(weight, 'go-micro');
  return toStringMap({ ...others, protocol, weight: text }, 'go-micro');
}

/** Go writes the members in the order of the structs, and a map that was never made as null. */
function goJsonOf({ name, version, metadata, endpoints, nodes }: Service): string {
  return checkWrittenJson(
    `{"name":${goJson(name)},"version":${goJson(version)},"metadata":${goJsonOfMap(metadata)},` +
      `"endpoints":${goJson(endpoints)},"nodes":[${nodes.map(goJsonOfNode).join(',')}]}`,
  );
}

function goJsonOfNode({ id, address, metadata }: GoMicroNode): string {
  return `{"id":${goJson(id)},"address":${goJson(address)},"metadata":${goJsonOfMap(metadata)}}`;
}

function goJsonOfMap(map: StringMap): string {
  return Object.keys(map).length === 0 ? 'null' : goJson(map);
}
