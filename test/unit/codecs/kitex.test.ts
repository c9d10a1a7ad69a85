import assert from 'node:assert/strict';
import { type KitexOptions, kitex } from '#src/codecs/index.js';
import { addr, kitexShapes, record } from './support/kitex-shapes.js';
import { itReads, itWrites } from './support/shapes.js';

const service = 'user';
const codec = kitex();
describe('records of Kitex', () => {
  it('are below the prefix, the name of the service and a slash', () => {
    assert.equal(codec.name, 'kitex');
    assert.equal(codec.keyPrefix('user'), 'kitex/registry-etcd/user/');
    assert.equal(kitex({ prefix: 'shop' }).keyPrefix('user'), 'shop/user/');
  });

  it('are below a slash for a registry without a prefix', () => {
    assert.equal(kitex({ prefix: '' }).keyPrefix('user'), '/user/');
    assert.equal(kitex({ prefix: '' }).root, '/');
  });

  it('belong to the service in their key', () => {
    const { serviceOf, root } = codec;
    assert.equal(root, 'kitex/registry-etcd/');
    assert.equal(serviceOf?.('kitex/registry-etcd/user/10.0.0.7:8888'), 'user');
    assert.equal(serviceOf?.('kitex/registry-etcd/user//run/user.sock'), 'user');
    for (const key of [
      'kitex/registry-etcd/user',
      'kitex/registry-etcd/user/',
      'kitex/registry-etcd//a',
      'kitex/registry-etcd//a/b',
      'user/a',
    ])
      assert.equal(serviceOf?.(key), undefined, key);
  });

  it('are of no service with a slash in its name', () => {
    assert.throws(() => codec.keyPrefix('shop/user'), { name: 'NamingError', message: /contains no '\/'/ });
  });

  it('have no other options', () => {
    const options = { prefx: 'a' } as KitexOptions;
    assert.throws(() => kitex(options), { name: 'InvalidInputError', message: /did you mean 'prefix'/ });
    assert.throws(() => kitex({ prefix: 1 } as never), { name: 'InvalidInputError' });
  });

  describe('read', () => {
    itReads(codec, service, kitexShapes);
  });

  describe('written', () => {
    itWrites(codec, service, [
      { name: 'without metadata', endpoint: { addr }, writes: record() },
      { name: 'with metadata that is null', endpoint: { addr, metadata: null }, writes: record() },
      {
        name: 'with tags, sorted',
        endpoint: { addr, metadata: { zone: 'a', cluster: 'blue' } },
        writes: record({ tags: { cluster: 'blue', zone: 'a' } }),
      },
      {
        name: 'with numbers and booleans as text',
        endpoint: { addr, metadata: { build: 7, canary: true } },
        writes: record({ tags: { build: '7', canary: 'true' } }),
      },
      {
        name: 'with a status',
        endpoint: { addr, metadata: { status: 'draining' } },
        writes: record({ tags: { status: 'draining' } }),
      },
      {
        name: "with Go's escapes",
        endpoint: { addr, metadata: { a: '<&>' } },
        writes: `{"network":"tcp","address":"${addr}","weight":10,"tags":{"a":"\\u003c\\u0026\\u003e"}}`,
      },
      { name: 'with a weight of 1', endpoint: { addr, metadata: { weight: 1 } }, writes: record() },
      {
        name: 'with a weight of 0.3',
        endpoint: { addr, metadata: { weight: 0.3 } },
        writes: record({ weight: 3 }),
      },
      {
        name: 'with a weight of 2.5',
        endpoint: { addr, metadata: { weight: 2.5 } },
        writes: record({ weight: 25 }),
      },
      {
        name: 'with a weight of 0',
        endpoint: { addr, metadata: { weight: 0 } },
        writes: /metadata.weight is 0; Kitex needs a multiple of 0.1/,
      },
      {
        name: 'with a weight of 0.25',
        endpoint: { addr, metadata: { weight: 0.25 } },
        writes: /metadata.weight is 0.25/,
      },
      {
        name: 'with a weight that is text',
        endpoint: { addr, metadata: { weight: '1' } },
        writes: /metadata.weight is '1'/,
      },
      {
        name: 'with the network tcp6',
        endpoint: { addr: '[::1]:8888', metadata: { network: 'tcp6' } },
        writes: record({ network: 'tcp6', address: '[::1]:8888' }),
      },
      {
        name: 'with a socket file',
        endpoint: { addr: 'unix:/run/user.sock' },
        writes: record({ network: 'unix', address: '/run/user.sock' }),
      },
      {
        name: 'with the network unix for a TCP address',
        endpoint: { addr, metadata: { network: 'unix' } },
        writes: /metadata.network is 'unix'; for this addr Kitex knows tcp, tcp4, tcp6$/,
      },
      {
        name: 'with another network',
        endpoint: { addr, metadata: { network: 'udp' } },
        writes: /metadata.network is 'udp'/,
      },
      {
        name: 'with an object in metadata',
        endpoint: { addr, metadata: { a: {} } },
        writes: /metadata.a is an object; the metadata of the format kitex/,
      },
      {
        name: 'with a null in metadata',
        endpoint: { addr, metadata: { a: null } },
        writes: /metadata.a is null/,
      },
      {
        name: 'with metadata that is text',
        endpoint: { addr, metadata: 'a' },
        writes: /the format kitex has no place for metadata/,
      },
      {
        name: 'with a weight of more than 15 digits',
        endpoint: { addr, metadata: { weight: 1e14 } },
        writes: /metadata.weight is 100000000000000/,
      },
      {
        name: 'with the greatest weight',
        endpoint: { addr, metadata: { weight: 99_999_999_999_999.9 } },
        writes: record({ weight: 999_999_999_999_999 }),
      },
      {
        name: 'with a lone surrogate',
        endpoint: { addr, metadata: { zone: '\ud800' } },
        writes: /a text with a lone surrogate/,
      },
      {
        name: 'with metadata that is a Map',
        endpoint: { addr, metadata: new Map() as never },
        writes: /the format kitex has no place for metadata/,
      },
      {
        name: 'without a port',
        endpoint: { addr: '10.0.0.7' },
        writes: /callers in Go do not dial the endpoint's addr/,
      },
      { name: 'without an address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
    ]);
  });
});
