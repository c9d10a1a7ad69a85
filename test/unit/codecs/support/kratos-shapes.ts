import type { ReadShape } from './shapes.js';

export const addr = '10.0.0.7:8080';

interface Members {
  readonly id?: string;
  readonly name?: string;
  readonly version?: string;
  readonly metadata?: object | null;
  readonly endpoints?: readonly string[] | null;
}

/** The text of a kratos record, of the service `helloworld` unless another name is given. */
export function instance({
  id = addr,
  name = 'helloworld',
  version = '',
  metadata = null,
  endpoints = [`grpc://${addr}`],
}: Members): string {
  // As Go writes them: an escape in the endpoints is given as it is stored.
  return JSON.stringify({ id, name, version, metadata, endpoints }).replaceAll('\\\\u00', '\\u00');
}

const http = 'http://10.0.0.7:8000';

/** A value that kratos reads differently. */
export interface KratosShape extends ReadShape {
  /** The address that kratos 2.8.3 dials; '' for none. Default: the same as this package. */
  readonly kratos?: string;
}

/** Values under `/microservices/helloworld/`, and what a client without TLS reads. */
export const kratosShapes: readonly KratosShape[] = [
  { name: 'gRPC alone', value: instance({}), reads: { addr } },
  {
    name: 'a record of kratos.New with HTTP and gRPC',
    id: '5f2d8b6e-6e0a-11ee-b962-0242ac120002',
    value: instance({
      id: '5f2d8b6e-6e0a-11ee-b962-0242ac120002',
      version: 'v1.0.0',
      metadata: {},
      endpoints: [http, `grpc://${addr}`],
    }),
    reads: { addr, metadata: { version: 'v1.0.0', endpoints: [http, `grpc://${addr}`] } },
  },
  {
    name: 'isSecure=false, of kratos 2.0',
    value: instance({ endpoints: [`grpc://${addr}?isSecure=false`] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=false`] } },
  },
  {
    name: 'TLS beside plain text',
    value: instance({ endpoints: ['grpcs://10.0.0.7:9443', `grpc://${addr}`] }),
    reads: { addr, metadata: { endpoints: ['grpcs://10.0.0.7:9443', `grpc://${addr}`] } },
  },
  {
    name: 'two endpoints for gRPC: the first counts',
    value: instance({ endpoints: [`grpc://${addr}`, 'grpc://10.0.0.8:9000'] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}`, 'grpc://10.0.0.8:9000'] } },
  },
  {
    name: 'metadata: texts, and the weight relative to a record without one',
    value: instance({ metadata: { weight: '20', zone: 'a', region: '1', status: 'draining' } }),
    reads: { addr, metadata: { weight: 0.2, zone: 'a', region: '1', status: 'draining' } },
  },
  {
    name: 'a weight that is not a number stays text',
    value: instance({ metadata: { weight: 'heavy' } }),
    reads: { addr, metadata: { weight: 'heavy' } },
  },
  {
    name: 'a weight that kratos ignores, because it is not a whole number, stays text',
    value: instance({ metadata: { weight: '0.5' } }),
    reads: { addr, metadata: { weight: '0.5' } },
  },
  {
    name: 'the greatest weight of kratos is read as the greatest that can be written',
    value: instance({ metadata: { weight: '9223372036854775807' } }),
    reads: { addr, metadata: { weight: 9_999_999_999_999.99 } },
  },
  {
    name: 'a weight beyond 64 bits, which kratos ignores, stays text',
    value: instance({ metadata: { weight: '9223372036854775808' } }),
    reads: { addr, metadata: { weight: '9223372036854775808' } },
  },
  {
    name: 'HTTP alone is an instance without gRPC',
    value: instance({ endpoints: ['http://10.0.0.7:8000'] }),
    reads: /none .* is grpc:\/\/<host>:<port>: it is an instance without gRPC/,
  },
  {
    name: 'a weight of 0',
    value: instance({ metadata: { weight: '0' } }),
    reads: { addr, metadata: { weight: 0 } },
  },
  {
    name: 'an id that is not in the key',
    value: instance({ id: 'pod-1' }),
    reads: { addr, metadata: { id: 'pod-1' } },
  },
  { name: 'an empty id', value: instance({ id: '' }), reads: { addr } },
  {
    name: 'metadata with names of the record',
    value: instance({ version: 'v2', metadata: { id: 'x', version: 'y', endpoints: 'z', name: 'n' } }),
    reads: { addr, metadata: { version: 'v2', name: 'n' } },
  },
  {
    name: 'a version in the metadata of a record without a version',
    value: instance({ metadata: { version: 'y' } }),
    reads: { addr, metadata: { version: 'y' } },
  },
  {
    name: 'IPv6',
    value: instance({ endpoints: ['grpc://[2001:db8::7]:8080'] }),
    reads: { addr: '[2001:db8::7]:8080' },
  },
  {
    name: 'IPv6 with a zone',
    value: instance({ endpoints: ['grpc://[fe80::1%25eth0]:8080'] }),
    reads: { addr: '[fe80::1%eth0]:8080' },
  },
  {
    name: 'a host name',
    value: instance({ endpoints: ['grpc://hello-0.hello.default.svc:9000'] }),
    reads: { addr: 'hello-0.hello.default.svc:9000' },
  },
  {
    name: 'upper case in the scheme, a user and a path',
    value: instance({ endpoints: [`GRPC://user:pass@${addr}/v1/a?b=c#d`] }),
    reads: { addr, metadata: { endpoints: [`GRPC://user:pass@${addr}/v1/a?b=c#d`] } },
  },
  {
    name: 'a fragment after the address',
    value: instance({ endpoints: [`grpc://${addr}#a?isSecure=true`] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}#a?isSecure=true`] } },
  },
  {
    name: 'endpoints of other kinds before it',
    value: instance({ endpoints: ['', 'localhost:9000', '/path', 'ws://a', `grpc://${addr}`] }),
    reads: { addr, metadata: { endpoints: ['', 'localhost:9000', '/path', 'ws://a', `grpc://${addr}`] } },
  },
  {
    name: 'a text that is not a URL after it',
    value: instance({ endpoints: [`grpc://${addr}`, '10.0.0.8:9000'] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}`, '10.0.0.8:9000'] } },
  },
  {
    name: 'members missing',
    value: `{"name":"helloworld","endpoints":["grpc://${addr}"]}`,
    reads: { addr },
  },
  {
    name: 'names in another case, unknown names, white space',
    value: ` {"NAME":"helloworld","Endpointſ":["grpc://${addr}"],"ID":"${addr}","extra":{"a":[1e400]}}\n`,
    reads: { addr },
  },
  {
    name: 'null members',
    value: `{"id":null,"name":"helloworld","version":null,"metadata":null,"endpoints":["grpc://${addr}"]}`,
    reads: { addr },
  },
  {
    name: 'null in the metadata and in the endpoints',
    value: `{"name":"helloworld","metadata":{"a":null},"endpoints":[null,"grpc://${addr}"]}`,
    reads: { addr, metadata: { a: '', endpoints: ['', `grpc://${addr}`] } },
  },
  {
    name: 'repeated members: the last value that is not null counts, and metadata is merged',
    value:
      `{"name":"x","name":"helloworld","name":null,"metadata":{"a":"1","b":"1"},"metadata":{"b":"2"},` +
      `"endpoints":["http://a"],"endpoints":["grpc://${addr}"]}`,
    reads: { addr, metadata: { a: '1', b: '2' } },
  },
  {
    name: 'bytes that are not UTF-8',
    value: Buffer.concat([
      Buffer.from(`{"name":"helloworld","metadata":{"a":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(`"},"endpoints":["grpc://${addr}"]}`),
    ]),
    reads: { addr, metadata: { a: '\ufffd\ufffd' } },
  },
  {
    name: 'a large record',
    value: instance({ metadata: { a: 'x'.repeat(100_000) } }),
    reads: { addr, metadata: { a: 'x'.repeat(100_000) } },
  },
  { name: 'another service', value: instance({ name: 'helloworld2' }), reads: undefined },
  { name: 'no name', value: `{"endpoints":["grpc://${addr}"]}`, reads: /the record has no name/ },
  { name: 'an empty object', value: '{}', reads: /the record has no name/ },
  {
    name: 'HTTP alone',
    value: instance({ endpoints: [http] }),
    reads: /none of the record's endpoints is grpc:/,
  },
  {
    name: 'TLS alone',
    value: instance({ endpoints: [`grpcs://${addr}`] }),
    reads: /none .* is grpc:.* with \{ secure: true \} its endpoint is found/,
  },
  {
    name: 'TLS alone, of kratos before 2.4: later versions dial it without TLS',
    value: instance({ endpoints: [`grpc://${addr}?isSecure=true`] }),
    reads: /none .* is grpc:.* with \{ secure: true \} its endpoint is found/,
    kratos: addr,
  },
  { name: 'no endpoints', value: instance({ endpoints: [] }), reads: /the record has no endpoints/ },
  { name: 'null endpoints', value: instance({ endpoints: null }), reads: /the record has no endpoints/ },
  {
    name: 'gRPC without a host',
    value: instance({ endpoints: ['grpc:///a'] }),
    reads: /none of the record's endpoints/,
  },
  {
    name: 'gRPC without slashes',
    value: instance({ endpoints: [`grpc:${addr}`] }),
    reads: /none of the record's endpoints/,
  },
  {
    name: 'gRPC without a port',
    value: instance({ endpoints: ['grpc://10.0.0.7'] }),
    reads: /it has no port/,
    kratos: '10.0.0.7',
  },
  {
    name: 'an address without a scheme',
    value: instance({ endpoints: [addr] }),
    reads: /the URL "10.0.0.7:8080" has no scheme/,
  },
  {
    name: 'a port that is not a number',
    value: instance({ endpoints: ['grpc://a:http'] }),
    reads: /has an invalid port/,
  },
  {
    name: 'a host with a space',
    value: instance({ endpoints: ['grpc://a b:1'] }),
    reads: /has an invalid host/,
  },
  {
    name: 'brackets without IPv6',
    value: instance({ endpoints: ['grpc://[1.2.3.4]:1'] }),
    reads: /has an invalid IPv6 address/,
  },
  {
    name: 'a control character',
    value: instance({ endpoints: [`grpc://${addr}/\u0001`] }),
    reads: /has a control character/,
  },
  {
    name: 'an invalid escape in the user name',
    value: instance({ endpoints: [`grpc://%@${addr}`] }),
    reads: /has an invalid user name/,
  },
  {
    name: 'an invalid escape in the fragment',
    value: instance({ endpoints: [`grpc://${addr}#%zz`] }),
    reads: /has an invalid escape/,
  },
  {
    name: 'a bracket after the port',
    value: instance({ endpoints: ['grpc://a:1]'] }),
    reads: /has an invalid port/,
  },
  {
    name: 'null in the second of two lists of endpoints keeps the text of the first',
    value: `{"name":"helloworld","endpoints":["http://a","grpc://${addr}"],"endpoints":["ws://a",null]}`,
    reads: { addr, metadata: { endpoints: ['ws://a', `grpc://${addr}`] } },
  },
  {
    name: 'a zone that is not escaped',
    value: instance({ endpoints: ['grpc://[fe80::1%eth0]:8080'] }),
    reads: /has an invalid IPv6 address/,
  },
  {
    name: 'a relative path with an invalid escape before it',
    value: instance({ endpoints: ['%zz', `grpc://${addr}`] }),
    reads: /the URL "%zz" has an invalid escape/,
  },
  {
    name: 'an opaque text with a percent sign before it',
    value: instance({ endpoints: ['mailto:%zz', `grpc://${addr}`] }),
    reads: { addr, metadata: { endpoints: ['mailto:%zz', `grpc://${addr}`] } },
  },
  {
    name: 'an invalid escape',
    value: instance({ endpoints: ['grpc://a:1/%zz'] }),
    reads: /has an invalid escape/,
  },
  { name: 'null', value: 'null', reads: /the value is null/ },
  { name: 'no value', value: '', reads: /./ },
  { name: 'a bare address', value: addr, reads: /./ },
  { name: 'a list', value: '[]', reads: /./ },
  {
    name: "Go's endpoints format",
    value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
    reads: /the record has no name/,
  },
  {
    name: 'a number as the id',
    value: instance({}).replace(`"id":"${addr}"`, '"id":7'),
    reads: /id is not a text/,
  },
  {
    name: 'a number in the metadata',
    value: instance({ metadata: { weight: 3 } }),
    reads: /metadata.weight is not a text/,
  },
  {
    name: 'a text as the metadata',
    value: instance({}).replace('null', '"a"'),
    reads: /metadata is not an object of texts/,
  },
  {
    name: 'a text as the endpoints',
    value: `{"name":"helloworld","endpoints":"grpc://${addr}"}`,
    reads: /endpoints is not a list of texts/,
  },
  {
    name: 'a number in the endpoints',
    value: '{"name":"helloworld","endpoints":[7]}',
    reads: /endpoints\[0\] is not a text/,
  },
  { name: 'text after the value', value: `${instance({})}{}`, reads: /./ },
];

/** The same for a client with TLS. */
export const secureShapes: readonly KratosShape[] = [
  { name: 'grpcs', value: instance({ endpoints: [`grpcs://${addr}`] }), reads: { addr } },
  {
    name: 'isSecure=true, of kratos before 2.4',
    value: instance({ endpoints: [`grpc://${addr}?isSecure=true`] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=true`] } },
    kratos: '',
  },
  {
    name: 'TLS after plain text',
    value: instance({ endpoints: ['grpc://10.0.0.7:9000', `grpcs://${addr}`] }),
    reads: { addr, metadata: { endpoints: ['grpc://10.0.0.7:9000', `grpcs://${addr}`] } },
  },
  {
    name: 'isSecure twice: the first counts',
    value: instance({ endpoints: [`grpc://${addr}?isSecure=true&isSecure=false`] }),
    reads: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=true&isSecure=false`] } },
    kratos: '',
  },
  {
    name: 'plain text alone',
    value: instance({}),
    reads: /none .* is grpcs:.* with \{ secure: false \} its endpoint is found/,
  },
  {
    name: 'a value of isSecure that Go does not know',
    value: instance({ endpoints: [`grpc://${addr}?isSecure=yes`] }),
    reads: /none/,
  },
];
