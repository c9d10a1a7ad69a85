import type { JsonValue } from '#src/naming/index.js';
import type { ReadShape, WriteShape } from './shapes.js';

const addr = '10.0.0.7:8080';

interface Members {
  readonly name?: string;
  readonly version?: string;
  readonly metadata?: object | null;
  readonly endpoints?: readonly JsonValue[] | null;
  readonly nodes?: readonly JsonValue[] | null;
}

/** The text of a go-micro record, of the service `greeter` unless another name is given. */
export function service({
  name = 'greeter',
  version = '',
  metadata = null,
  endpoints = [],
  nodes = [node({})],
}: Members): string {
  return JSON.stringify({ name, version, metadata, endpoints, nodes });
}

interface NodeMembers {
  readonly id?: string;
  readonly address?: string;
  readonly metadata?: { readonly [name: string]: JsonValue } | null;
}

/** A node of go-micro's gRPC server. */
export function node({ id = addr, address = addr, metadata = { protocol: 'grpc' } }: NodeMembers): JsonValue {
  return { id, address, metadata };
}

const grpc = { protocol: 'grpc' };

/** A value that go-micro reads differently. */
export interface GoMicroShape extends ReadShape {
  /** The address of the first node that has one, for go-micro 5; '' for none. Default: the same as this package. */
  readonly goMicro?: string;
}

/** The methods of a service, as go-micro's servers write them. */
export const methods: readonly JsonValue[] = [
  {
    name: 'Greeter.Hello',
    request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: null }] },
    response: { name: 'Response', type: 'Response', values: null },
    metadata: { stream: 'false' },
  },
];

/** Values under `/micro/registry/greeter/`, and what is read. */
export const goMicroShapes: readonly GoMicroShape[] = [
  { name: 'a gRPC server', value: service({}), reads: { addr, metadata: grpc } },
  {
    name: 'everything that a gRPC server of go-micro 2 writes',
    id: 'greeter-5f2d8b6e-6e0a-11ee-b962-0242ac120002',
    value: service({
      version: 'latest',
      endpoints: methods,
      nodes: [
        node({
          id: 'greeter-5f2d8b6e-6e0a-11ee-b962-0242ac120002',
          metadata: { broker: 'http', protocol: 'grpc', registry: 'etcd', server: 'grpc', transport: 'grpc' },
        }),
      ],
    }),
    reads: {
      addr,
      metadata: {
        ...{ broker: 'http', protocol: 'grpc', registry: 'etcd', server: 'grpc', transport: 'grpc' },
        version: 'latest',
        endpoints: methods,
      },
    },
  },
  {
    name: 'a server that is not gRPC',
    value: service({ nodes: [node({ metadata: { protocol: 'mucp', transport: 'http' } })] }),
    reads: { addr, metadata: { protocol: 'mucp', transport: 'http' } },
  },
  {
    name: 'the service registered by hand, without metadata',
    value: service({ nodes: [node({ metadata: null })] }),
    reads: { addr },
  },
  {
    name: 'the node of go-micro 1.7 and before, with a port',
    value: service({ nodes: [{ id: addr, address: '10.0.0.7', port: 8080, metadata: {} }] }),
    goMicro: '10.0.0.7',
    reads: { addr },
  },
  {
    name: 'a port beside an address that has one',
    value: service({ nodes: [{ id: addr, address: addr, port: 9090, metadata: {} }] }),
    reads: { addr },
  },
  {
    name: 'IPv6 with a port',
    value: service({ nodes: [{ id: addr, address: '2001:db8::7', port: 8080, metadata: {} }] }),
    goMicro: '2001:db8::7',
    reads: { addr: '[2001:db8::7]:8080' },
  },
  {
    name: 'IPv6',
    value: service({ nodes: [node({ address: '[2001:db8::7]:8080', metadata: {} })] }),
    reads: { addr: '[2001:db8::7]:8080' },
  },
  {
    name: 'a host name',
    value: service({ nodes: [node({ address: 'greeter.default.svc:8080', metadata: {} })] }),
    reads: { addr: 'greeter.default.svc:8080' },
  },
  {
    name: 'metadata: texts, and the weight as a number',
    value: service({
      nodes: [node({ metadata: { weight: '20', zone: 'a', tls: '1', status: 'draining' } })],
    }),
    reads: { addr, metadata: { weight: 20, zone: 'a', tls: '1', status: 'draining' } },
  },
  {
    name: 'metadata of the service beside that of the node, as in Micro 3',
    value: service({ metadata: { domain: 'micro' }, nodes: [node({ metadata: { domain: 'micro' } })] }),
    reads: { addr, metadata: { domain: 'micro', serviceMetadata: { domain: 'micro' } } },
  },
  {
    name: 'metadata with names of the record',
    value: service({
      version: 'v2',
      nodes: [
        node({
          metadata: { id: 'x', version: 'y', endpoints: 'z', nodes: 'n', serviceMetadata: 's', name: 'a' },
        }),
      ],
    }),
    reads: { addr, metadata: { version: 'v2', name: 'a' } },
  },
  {
    name: 'a version in the metadata of a record without a version',
    value: service({ nodes: [node({ metadata: { version: 'y' } })] }),
    reads: { addr, metadata: { version: 'y' } },
  },
  {
    name: 'several nodes: the first is the endpoint',
    value: service({
      nodes: [node({ metadata: null }), node({ id: '2', address: '10.0.0.8:8080', metadata: null })],
    }),
    reads: { addr, metadata: { nodes: [{ id: '2', address: '10.0.0.8:8080', metadata: {} }] } },
  },
  {
    name: 'nodes without an address before it',
    value: service({ nodes: [null, 7, 'a', {}, node({ address: '' }), node({})] }),
    reads: { addr, metadata: grpc },
  },
  {
    name: 'an id with a slash, which the key has as a minus',
    id: 'greeter-1-2',
    value: service({ nodes: [node({ id: 'greeter-1/2', metadata: null })] }),
    reads: { addr, metadata: { id: 'greeter-1/2' } },
  },
  { name: 'no name', value: `{"nodes":[{"address":"${addr}"}]}`, reads: { addr } },
  {
    name: 'names in another case, unknown names, white space',
    value: ` {"NAME":"greeter","Nodeſ":[{"ADDRESS":"${addr}","Id":"${addr}","other":[1e400]}],"thirdparty":true}\n`,
    reads: { addr },
  },
  {
    name: 'null members',
    value: `{"name":null,"version":null,"metadata":null,"endpoints":null,"nodes":[{"id":null,"address":"${addr}","metadata":null}]}`,
    reads: { addr },
  },
  {
    name: 'members of wrong types, which count as missing',
    value: `{"name":7,"version":[],"metadata":"a","endpoints":{},"nodes":[{"id":7,"address":"${addr}","metadata":"a"}]}`,
    reads: { addr },
  },
  {
    name: 'metadata of wrong types, which is an empty text',
    value: service({ nodes: [node({ metadata: { a: 7, b: null, c: 'c' } })] }),
    reads: { addr, metadata: { a: '', b: '', c: 'c' } },
  },
  {
    name: 'methods with a number beyond float64 count as missing',
    value: service({}).replace('"endpoints":[]', '"endpoints":[1e400]'),
    reads: { addr, metadata: grpc },
  },
  {
    name: 'repeated members: the last value that has the type counts',
    value: `{"name":"x","name":"greeter","name":7,"version":"1","version":null,"nodes":[],"nodes":[{"address":"${addr}"}]}`,
    reads: { addr, metadata: { version: '1' } },
  },
  {
    name: 'bytes that are not UTF-8',
    value: Buffer.concat([
      Buffer.from(`{"nodes":[{"address":"${addr}","metadata":{"a":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}]}'),
    ]),
    reads: { addr, metadata: { a: '\ufffd\ufffd' } },
  },
  {
    name: 'a large record',
    value: service({ nodes: [node({ metadata: { a: 'x'.repeat(100_000) } })] }),
    reads: { addr, metadata: { a: 'x'.repeat(100_000) } },
  },
  { name: 'another service', value: service({ name: 'greeter2' }), goMicro: addr, reads: undefined },
  { name: 'a key of another layout', id: 'greeter/1', value: service({}), goMicro: addr, reads: undefined },
  { name: 'no nodes', value: service({ nodes: [] }), reads: /no node with an address/ },
  { name: 'null nodes', value: service({ nodes: null }), reads: /no node with an address/ },
  {
    name: 'a node without an address',
    value: service({ nodes: [node({ address: '' })] }),
    reads: /no node with/,
  },
  {
    name: 'an address that is a number',
    value: `{"nodes":[{"address":7}]}`,
    reads: /no node with an address/,
  },
  {
    name: 'an address without a port',
    value: service({ nodes: [node({ address: '10.0.0.7' })] }),
    goMicro: '10.0.0.7',
    reads: /it has no port/,
  },
  {
    name: 'a port of 0',
    value: service({ nodes: [{ address: '10.0.0.7', port: 0 }] }),
    goMicro: '10.0.0.7',
    reads: /it has no port/,
  },
  {
    name: 'a port that is a text',
    value: service({ nodes: [{ address: '10.0.0.7', port: '80' }] }),
    goMicro: '10.0.0.7',
    reads: /it has no port/,
  },
  { name: 'an empty object', value: '{}', reads: /no node with an address/ },
  {
    name: "Go's endpoints format",
    value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
    reads: /no node with an address/,
  },
  { name: 'null', value: 'null', reads: /the value is null/ },
  { name: 'no value', value: '', reads: /./ },
  { name: 'a bare address', value: addr, reads: /./ },
  { name: 'a list', value: '[]', reads: /./ },
  { name: 'text after the value', value: `${service({})}{}`, reads: /./ },
];

/** Endpoints of the service `greeter`, and what is written. */
export const goMicroWrites: readonly WriteShape[] = [
  {
    name: 'an address alone has the members of go-micro, in their order, and says gRPC',
    endpoint: { addr },
    writes:
      `{"name":"greeter","version":"","metadata":null,"endpoints":[],` +
      `"nodes":[{"id":"${addr}","address":"${addr}","metadata":{"protocol":"grpc"}}]}`,
  },
  { name: 'empty metadata says gRPC', endpoint: { addr, metadata: {} }, writes: service({}) },
  {
    name: 'undefined metadata says gRPC',
    endpoint: { addr, metadata: { protocol: undefined } },
    writes: service({}),
  },
  {
    name: 'another protocol is kept',
    endpoint: { addr, metadata: { protocol: 'http' } },
    writes: service({ nodes: [node({ metadata: { protocol: 'http' } })] }),
  },
  {
    name: 'metadata has texts, sorted by name',
    endpoint: { addr, metadata: { zone: 'b', weight: 3, tls: false, status: 'draining' } },
    writes: service({
      nodes: [
        node({
          metadata: { protocol: 'grpc', status: 'draining', tls: 'false', weight: '3', zone: 'b' },
        }),
      ],
    }),
  },
  {
    name: 'id and version are members of the record',
    endpoint: { addr, metadata: { id: 'greeter-1/2', version: 1 } },
    writes: service({ version: '1', nodes: [node({ id: 'greeter-1/2' })] }),
  },
  {
    name: 'methods, metadata of the service and other nodes are written',
    endpoint: {
      addr,
      metadata: {
        endpoints: [{ name: 'Greeter.Hello', request: null }],
        serviceMetadata: { domain: 'micro', level: 2 },
        nodes: [{ address: '10.0.0.8:8080', metadata: { a: 1 } }],
      },
    },
    writes: service({
      endpoints: [{ name: 'Greeter.Hello', request: null }],
      metadata: { domain: 'micro', level: '2' },
      nodes: [node({}), node({ id: '', address: '10.0.0.8:8080', metadata: { a: '1' } })],
    }),
  },
  {
    name: 'an empty id is that of the key',
    endpoint: { addr, metadata: { id: '' } },
    writes: service({}),
  },
  ...[-1, 1e17, Number.NaN, Number.POSITIVE_INFINITY, 1e-16, '007', '2', true].map((weight) => ({
    name: `the weight ${typeof weight === 'string' ? `'${weight}'` : weight}, which is read as another value`,
    endpoint: { addr, metadata: { weight } },
    writes: /metadata.weight is .*; go-micro needs a number/,
  })),
  {
    name: 'a small weight has no exponent',
    endpoint: { addr, metadata: { weight: 1.5e-7 } },
    writes: service({ nodes: [node({ metadata: { protocol: 'grpc', weight: '0.00000015' } })] }),
  },
  {
    name: 'a weight that is not a number stays text',
    endpoint: { addr, metadata: { weight: 'heavy' } },
    writes: service({ nodes: [node({ metadata: { protocol: 'grpc', weight: 'heavy' } })] }),
  },
  {
    name: 'a node with an empty address, which would not be read',
    endpoint: { addr, metadata: { nodes: [{ id: 'a', address: '' }] } },
    writes: /is not a node/,
  },
  {
    name: 'a lone surrogate in a method',
    endpoint: { addr, metadata: { endpoints: [{ name: '\ud800' }] } },
    writes: /a text with a lone surrogate/,
  },
  {
    name: 'metadata that is a Map',
    endpoint: { addr, metadata: new Map() as never },
    writes: /has no place/,
  },
  { name: 'no address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
  { name: 'an address without a port', endpoint: { addr: '10.0.0.7' }, writes: /it has no port/ },
  {
    name: 'a list in metadata',
    endpoint: { addr, metadata: { tags: [] } },
    writes: /metadata.tags is a list/,
  },
  { name: 'null in metadata', endpoint: { addr, metadata: { a: null } }, writes: /metadata.a is null/ },
  {
    name: 'metadata that is text',
    endpoint: { addr, metadata: 'a' },
    writes: /has no place for metadata/,
  },
  {
    name: 'methods that are not a list',
    endpoint: { addr, metadata: { endpoints: {} } },
    writes: /is not a list/,
  },
  {
    name: 'metadata of the service that is text',
    endpoint: { addr, metadata: { serviceMetadata: 'a' } },
    writes: /has no place for metadata/,
  },
  {
    name: 'nodes that are not a list',
    endpoint: { addr, metadata: { nodes: {} } },
    writes: /is not a list of nodes/,
  },
  {
    name: 'a node with other members',
    endpoint: { addr, metadata: { nodes: [{ address: 'a:1', port: 1 }] } },
    writes: /is not a node/,
  },
  {
    name: 'a node without an address',
    endpoint: { addr, metadata: { nodes: [{ id: 'a' }] } },
    writes: /is not a node/,
  },
];
