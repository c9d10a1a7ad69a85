import assert from 'node:assert/strict';
import { type KitexOptions, kitex } from '#src/codecs/index.js';
import { itReads, itWrites, type ReadShape } from './support/shapes.js';

const service = 'user';
const codec = kitex();
const addr = '10.0.0.7:8888';

/** A record with the members that Kitex writes; `members` replaces or adds some, undefined removes one. */
function record(members: object = {}): string {
  return JSON.stringify({ network: 'tcp', address: addr, weight: 10, tags: null, ...members });
}

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
    const read: readonly ReadShape[] = [
      { name: 'as Kitex writes it without tags', value: record(), reads: { addr } },
      { name: 'without tags, of an old version', value: record({ tags: undefined }), reads: { addr } },
      { name: 'with no tags', value: record({ tags: {} }), reads: { addr } },
      {
        name: 'with tags',
        value: record({ tags: { zone: 'a', cluster: 'blue' } }),
        reads: { addr, metadata: { zone: 'a', cluster: 'blue' } },
      },
      {
        name: 'with a tag that is null, for Go an empty text',
        value: record({ tags: { a: null } }),
        reads: { addr, metadata: { a: '' } },
      },
      {
        name: 'with a tag that is a number',
        value: record({ tags: { a: 1 } }),
        reads: /tags.a is not a text/,
      },
      { name: 'with tags that are a list', value: record({ tags: ['a'] }), reads: /tags is not an object/ },
      {
        name: 'with tags that are repeated, which Go merges',
        value: `{"network":"tcp","tags":{"a":"1","b":"1"},"address":"${addr}","tags":{"b":"2"}}`,
        reads: { addr, metadata: { a: '1', b: '2' } },
      },
      {
        name: 'with tags that have the names of members',
        value: record({ tags: { weight: '3', network: 'x', address: 'y' } }),
        reads: { addr, metadata: { address: 'y' } },
      },
      {
        name: 'with the tag __proto__',
        value: `{"network":"tcp","address":"${addr}","tags":{"__proto__":"x"}}`,
        reads: { addr, metadata: JSON.parse('{"__proto__":"x"}') },
      },
      {
        name: 'with half the default weight',
        value: record({ weight: 5 }),
        reads: { addr, metadata: { weight: 0.5 } },
      },
      {
        name: 'with ten times the default weight',
        value: record({ weight: 100 }),
        reads: { addr, metadata: { weight: 10 } },
      },
      { name: 'with the weight 0, which is the default', value: record({ weight: 0 }), reads: { addr } },
      {
        name: 'with a negative weight, which is the default',
        value: record({ weight: -1 }),
        reads: { addr },
      },
      { name: 'without a weight', value: record({ weight: undefined }), reads: { addr } },
      { name: 'with a weight that is null', value: record({ weight: null }), reads: { addr } },
      {
        name: 'with a weight that is text',
        value: record({ weight: '10' }),
        reads: /weight is "10", not a whole number/,
      },
      {
        name: 'with a weight with a fraction',
        value: record({ weight: 1.5 }),
        reads: /weight is 1.5, not a whole number/,
      },
      {
        name: 'with a weight beyond 64 bits',
        value: `{"weight":9223372036854775808,${record().slice(1)}`,
        reads: /weight is 9223372036854775808/,
      },
      {
        name: 'with the network tcp4',
        value: record({ network: 'tcp4' }),
        reads: { addr, metadata: { network: 'tcp4' } },
      },
      {
        name: 'with a socket file',
        value: record({ network: 'unix', address: '/run/user.sock' }),
        id: '/run/user.sock',
        reads: { addr: 'unix:/run/user.sock', metadata: { network: 'unix' } },
      },
      {
        name: 'with a socket without a file',
        value: record({ network: 'unix', address: '@user' }),
        reads: /a socket file's path is absolute/,
      },
      {
        name: 'with a socket file and the network tcp',
        value: record({ address: 'unix:/run/user.sock' }),
        reads: /not one of the network tcp/,
      },
      {
        name: 'with another network',
        value: record({ network: 'udp' }),
        reads: /network is 'udp', to which Kitex does not connect/,
      },
      {
        name: 'without a network',
        value: record({ network: undefined }),
        reads: /the record has no network/,
      },
      {
        name: 'with a host name',
        value: record({ address: 'user-0.user:8888' }),
        reads: { addr: 'user-0.user:8888' },
      },
      {
        name: 'with an IPv6 address in brackets',
        value: record({ address: '[2001:db8::7]:8888' }),
        reads: { addr: '[2001:db8::7]:8888' },
      },
      {
        name: 'with an IPv6 address as Kitex writes it',
        value: record({ address: '2001:db8::7:8888' }),
        reads: { addr: '[2001:db8::7]:8888' },
      },
      {
        name: 'with the local IPv6 address as Kitex writes it',
        value: record({ address: '::1:8888' }),
        reads: { addr: '[::1]:8888' },
      },
      {
        name: 'with a host without a port',
        value: record({ address: '10.0.0.7' }),
        reads: /address is not an address: it has no port/,
      },
      {
        name: 'without an address',
        value: record({ address: undefined }),
        reads: /the record has no address/,
      },
      {
        name: 'with an address that is a number',
        value: record({ address: 8888 }),
        reads: /address is not a text/,
      },
      {
        name: 'with names in other cases',
        value: `{"Network":"tcp","ADDRESS":"${addr}","Weight":20}`,
        reads: { addr, metadata: { weight: 2 } },
      },
      {
        name: 'with names that only Unicode folds',
        value: `{"networ\u212a":"tcp","addre\u017fs":"${addr}"}`,
        reads: { addr },
      },
      {
        name: 'with members that Kitex does not know',
        value: record({ version: 2, nested: { a: [1] } }),
        reads: { addr },
      },
      {
        name: 'with a repeated address, of which the last counts',
        value: `{"network":"tcp","address":"a:1","address":"${addr}","address":null}`,
        reads: { addr },
      },
      { name: 'with a line break after it', value: `${record()}\n`, reads: { addr } },
      {
        name: 'with bytes that are not UTF-8 in a tag',
        value: Buffer.from(record({ tags: { a: '\xff' } }), 'latin1'),
        reads: { addr, metadata: { a: '\ufffd' } },
      },
      { name: 'that is null', value: 'null', reads: /the record has no network/ },
      { name: 'that is a bare address', value: addr, reads: /./ },
      {
        name: "in Go's format",
        value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
        reads: /the record has no network/,
      },
      { name: 'that is a list', value: `[${record()}]`, reads: /not a JSON object/ },
      { name: 'that is cut off', value: record().slice(0, -1), reads: /./ },
      { name: 'that is empty', value: '', reads: /./ },
      {
        name: 'with a tag of a megabyte',
        value: record({ tags: { a: 'x'.repeat(1 << 20) } }),
        reads: { addr, metadata: { a: 'x'.repeat(1 << 20) } },
      },
    ];
    itReads(codec, service, read);
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
        writes: /metadata.network is 'unix'; for this addr Kitex knows tcp, tcp4, tcp6/,
      },
      {
        name: 'with another network',
        endpoint: { addr, metadata: { network: 'udp' } },
        writes: /metadata.network is 'udp'/,
      },
      {
        name: 'with an object in metadata',
        endpoint: { addr, metadata: { a: {} } },
        writes: /metadata.a is an object/,
      },
      {
        name: 'with a null in metadata',
        endpoint: { addr, metadata: { a: null } },
        writes: /metadata.a is null/,
      },
      {
        name: 'with metadata that is text',
        endpoint: { addr, metadata: 'a' },
        writes: /has no place for metadata/,
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
