import { addr, instance } from './kratos-shapes.js';
import type { WriteShape } from './shapes.js';

/** Endpoints of the service `helloworld`, and what a server without TLS writes. */
export const kratosWrites: readonly WriteShape[] = [
  {
    name: 'an address alone has the members of kratos, in their order',
    endpoint: { addr },
    writes: `{"id":"${addr}","name":"helloworld","version":"","metadata":null,"endpoints":["grpc://${addr}"]}`,
  },
  { name: 'empty metadata is null', endpoint: { addr, metadata: {} }, writes: instance({}) },
  {
    name: 'metadata has texts, sorted by name',
    endpoint: { addr, metadata: { zone: 'b', weight: 3, tls: false, none: undefined, part: 0.5 } },
    writes: instance({ metadata: { part: '0.5', tls: 'false', weight: '300', zone: 'b' } }),
  },
  {
    name: 'a draining endpoint says so',
    endpoint: { addr, metadata: { status: 'draining' } },
    writes: instance({ metadata: { status: 'draining' } }),
  },
  {
    name: 'id and version are members of the record',
    endpoint: { addr, metadata: { id: 'pod-1', version: 'v1.2.0' } },
    writes: instance({ id: 'pod-1', version: 'v1.2.0' }),
  },
  {
    name: 'a number as the version is text',
    endpoint: { addr, metadata: { version: 2 } },
    writes: instance({ version: '2' }),
  },
  {
    name: 'HTTP is an endpoint beside gRPC',
    endpoint: { addr, metadata: { endpoints: ['http://10.0.0.7:8000'] } },
    writes: instance({ endpoints: [`grpc://${addr}`, 'http://10.0.0.7:8000'] }),
  },
  {
    name: 'endpoints with gRPC keep their order',
    endpoint: {
      addr,
      metadata: { endpoints: ['http://10.0.0.7:8000', `grpc://${addr}?isSecure=false&a=<b>`] },
    },
    writes: instance({
      endpoints: ['http://10.0.0.7:8000', `grpc://${addr}?isSecure=false\\u0026a=\\u003cb\\u003e`],
    }),
  },
  {
    name: 'an IPv6 address has brackets',
    endpoint: { addr: '[2001:db8::7]:8080' },
    writes: instance({ id: '[2001:db8::7]:8080', endpoints: ['grpc://[2001:db8::7]:8080'] }),
  },
  {
    name: 'the zone of an IPv6 address is escaped',
    endpoint: { addr: '[fe80::1%eth0]:8080' },
    writes: instance({ id: '[fe80::1%eth0]:8080', endpoints: ['grpc://[fe80::1%25eth0]:8080'] }),
  },
  {
    name: 'a weight is relative to that of a record without one',
    endpoint: { addr, metadata: { weight: 0.29 } },
    writes: instance({ metadata: { weight: '29' } }),
  },
  {
    name: 'a weight of 0',
    endpoint: { addr, metadata: { weight: 0 } },
    writes: instance({ metadata: { weight: '0' } }),
  },
  {
    name: 'a weight that is text',
    endpoint: { addr, metadata: { weight: '2' } },
    writes: /metadata.weight is '2'; kratos needs a number/,
  },
  {
    name: 'a weight of true',
    endpoint: { addr, metadata: { weight: true } },
    writes: /metadata.weight is true/,
  },
  {
    name: 'a weight with more than 15 digits',
    endpoint: { addr, metadata: { weight: 1e13 } },
    writes: /metadata.weight is 10000000000000/,
  },
  {
    name: 'an empty id is that of the key',
    endpoint: { addr, metadata: { id: '' } },
    writes: instance({}),
  },
  {
    name: 'a lone surrogate',
    endpoint: { addr, metadata: { zone: 'a\ud800' } },
    writes: /a text with a lone surrogate/,
  },
  {
    name: 'a lone surrogate in a name',
    endpoint: { addr, metadata: { '\\\udfff': 'a' } },
    writes: /a text with a lone surrogate/,
  },
  {
    name: 'a text that looks like an escaped character',
    endpoint: { addr, metadata: { zone: '\\ufffd\ufffd' } },
    writes: instance({ metadata: { zone: '\\ufffd\ufffd' } }),
  },
  {
    name: 'metadata that is a Map',
    endpoint: { addr, metadata: new Map() as never },
    writes: /plain object/,
  },
  {
    name: 'a weight that is not a multiple of 0.01',
    endpoint: { addr, metadata: { weight: 0.125 } },
    writes: /metadata.weight is 0.125; kratos needs a number, a multiple of 0.01/,
  },
  {
    name: 'a negative weight',
    endpoint: { addr, metadata: { weight: -1 } },
    writes: /metadata.weight is -1/,
  },
  {
    name: 'a weight of NaN',
    endpoint: { addr, metadata: { weight: Number.NaN } },
    writes: /metadata.weight is NaN/,
  },
  { name: 'no address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
  { name: 'an address without a port', endpoint: { addr: '10.0.0.7' }, writes: /it has no port/ },
  { name: 'a socket file', endpoint: { addr: 'unix:/run/a.sock' }, writes: /has no URL for the address/ },
  {
    name: 'a list in metadata',
    endpoint: { addr, metadata: { tags: ['a'] } },
    writes: /metadata.tags is a list/,
  },
  {
    name: 'an object in metadata',
    endpoint: { addr, metadata: { a: { b: 1 } } },
    writes: /metadata.a is an object/,
  },
  { name: 'null in metadata', endpoint: { addr, metadata: { a: null } }, writes: /metadata.a is null/ },
  {
    name: 'metadata that is text',
    endpoint: { addr, metadata: 'a' },
    writes: /has no place for metadata/,
  },
  {
    name: 'an object as the version',
    endpoint: { addr, metadata: { version: {} } },
    writes: /metadata.version/,
  },
  {
    name: 'endpoints that are not a list',
    endpoint: { addr, metadata: { endpoints: 'http://a' } },
    writes: /metadata.endpoints is not a list of URLs/,
  },
  {
    name: 'another endpoint for gRPC is after the address',
    endpoint: { addr, metadata: { endpoints: ['grpc://10.0.0.8:9000', `grpc://${addr}`] } },
    writes: instance({ endpoints: [`grpc://${addr}`, 'grpc://10.0.0.8:9000', `grpc://${addr}`] }),
  },
  {
    name: 'a text that kratos does not read as a URL',
    endpoint: { addr, metadata: { endpoints: ['%zz', `grpc://${addr}`] } },
    writes: /metadata.endpoints has '%zz', which kratos does not read as a URL/,
  },
  {
    name: 'a text after the address that kratos does not read as a URL',
    endpoint: { addr, metadata: { endpoints: [`grpc://${addr}`, ':80'] } },
    writes: /metadata.endpoints has ':80', which kratos does not read as a URL/,
  },
  {
    name: 'a list of endpoints with a hole',
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    endpoint: { addr, metadata: { endpoints: [, 'http://a'] as never } },
    writes: /metadata.endpoints is not a list of URLs/,
  },
  {
    name: 'an endpoint with isSecure is after the address, because kratos dials it from 2.5 on',
    endpoint: { addr, metadata: { endpoints: ['grpc://h:2?isSecure=true', `grpc://${addr}`] } },
    writes: instance({ endpoints: [`grpc://${addr}`, 'grpc://h:2?isSecure=true', `grpc://${addr}`] }),
  },
];
