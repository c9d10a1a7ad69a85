import assert from 'node:assert/strict';
import { kratos } from '#src/codecs/index.js';
import { instance, kratosShapes, secureShapes } from './support/kratos-shapes.js';
import { itReads, itWrites, recordOf } from './support/shapes.js';

const service = 'helloworld';
const codec = kratos();
const addr = '10.0.0.7:8080';

describe('records of kratos', () => {
  it('are below the namespace and the name', () => {
    assert.equal(codec.name, 'kratos');
    assert.equal(codec.keyPrefix('helloworld'), '/microservices/helloworld/');
    assert.equal(codec.root, '/microservices/');
    assert.equal(kratos({ namespace: '/shop' }).keyPrefix('a/b'), '/shop/a/b/');
    assert.equal(kratos({ namespace: '' }).keyPrefix('a'), '/a/');
  });

  it('have the service in their key', () => {
    assert.equal(codec.serviceOf?.('/microservices/helloworld/1'), 'helloworld');
    assert.equal(codec.serviceOf?.('/microservices/a/b/1'), 'a/b');
    for (const key of ['/microservices/helloworld', '/microservices//1', '/microservices/', '/other/a/1'])
      assert.equal(codec.serviceOf?.(key), undefined);
  });

  it('can say that an endpoint is draining', () => {
    assert.notEqual(codec.canDrain, false);
  });

  it('have options that are checked', () => {
    assert.throws(() => kratos({ prefix: '/a' } as object), /unknown option 'prefix'/);
    assert.throws(() => kratos({ secure: 1 as unknown as boolean }), /secure/);
    assert.throws(() => kratos({ namespace: 7 as unknown as string }), /namespace/);
  });

  describe('read', () => itReads(codec, service, kratosShapes));

  describe('read with secure: true', () => itReads(kratos({ secure: true }), service, secureShapes));

  describe('written', () => {
    itWrites(codec, service, [
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
        name: 'a weight that is text is written as it is',
        endpoint: { addr, metadata: { weight: 'heavy' } },
        writes: instance({ metadata: { weight: 'heavy' } }),
      },
      {
        name: 'a weight that is not a multiple of 0.01',
        endpoint: { addr, metadata: { weight: 0.125 } },
        writes: /metadata.weight is 0.125; kratos needs a multiple of 0.01/,
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
        name: 'a text that kratos cannot read is after the address',
        endpoint: { addr, metadata: { endpoints: [':80', `grpc://${addr}`] } },
        writes: instance({ endpoints: [`grpc://${addr}`, ':80', `grpc://${addr}`] }),
      },
    ]);
  });

  describe('written with secure: true', () => {
    itWrites(kratos({ secure: true }), service, [
      {
        name: 'the scheme is grpcs',
        endpoint: { addr },
        writes: instance({ endpoints: [`grpcs://${addr}`] }),
      },
      {
        name: 'an endpoint without TLS may be beside it',
        endpoint: { addr, metadata: { endpoints: ['grpc://10.0.0.7:9000'] } },
        writes: instance({ endpoints: [`grpcs://${addr}`, 'grpc://10.0.0.7:9000'] }),
      },
      {
        name: 'a URL of kratos before 2.4 is kept',
        endpoint: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=true`] } },
        writes: instance({ endpoints: [`grpc://${addr}?isSecure=true`] }),
      },
    ]);
  });

  it('are written with the service of their place, and its id', () => {
    const place = { service: 'a"b', id: 'i', key: '/microservices/a"b/i' };
    const text = String(codec.encode?.({ addr }, place));
    assert.equal(JSON.parse(text).name, 'a"b');
    assert.equal(JSON.parse(text).id, 'i');
    assert.deepEqual(codec.decode({ ...place, value: Buffer.from(text) }), { addr });
  });

  it('are of another service if they have another name', () => {
    const record = recordOf(codec, 'other', instance({}));
    assert.equal(codec.decode(record), undefined);
  });
});
