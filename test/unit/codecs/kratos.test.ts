import assert from 'node:assert/strict';
import { kratos } from '#src/codecs/index.js';
import { instance, kratosShapes, secureShapes } from './support/kratos-shapes.js';
import { kratosWrites } from './support/kratos-writes.js';
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
    for (const key of [
      '/microservices/helloworld',
      '/microservices//1',
      '/microservices/',
      '/other/services/a/1',
    ])
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
    itWrites(codec, service, kratosWrites);
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
        name: 'a URL with isSecure is after that of every version',
        endpoint: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=true`] } },
        writes: instance({ endpoints: [`grpcs://${addr}`, `grpc://${addr}?isSecure=true`] }),
      },
      {
        name: 'URLs of every version are kept',
        endpoint: { addr, metadata: { endpoints: [`grpc://${addr}?isSecure=true`, `grpcs://${addr}`] } },
        writes: instance({ endpoints: [`grpc://${addr}?isSecure=true`, `grpcs://${addr}`] }),
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
