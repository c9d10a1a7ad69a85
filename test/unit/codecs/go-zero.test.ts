import assert from 'node:assert/strict';
import { goZero } from '#src/codecs/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { itReads, itWrites } from './support/shapes.js';

const service = 'user.rpc';
const codec = goZero();

describe('records of go-zero', () => {
  it('are below the key of the configuration', () => {
    assert.equal(codec.name, 'go-zero');
    assert.equal(codec.keyPrefix('user.rpc'), 'user.rpc/');
    assert.equal(codec.keyPrefix('shop/user.rpc'), 'shop/user.rpc/');
  });

  it('have no options', () => {
    for (const given of [{ namespace: '/shop' }, { prefix: '' }, 5, 'user.rpc'])
      assert.throws(() => goZero(given as never), InvalidInputError);
    assert.equal(goZero({}), codec);
  });

  it('cannot say that an endpoint is draining', () => {
    assert.equal(codec.canDrain, false);
  });

  describe('read', () => {
    const addr = '10.0.0.7:8080';
    itReads(codec, service, [
      {
        name: 'an address, below a decimal lease id',
        value: addr,
        id: '7587893024715239428',
        reads: { addr },
      },
      { name: 'an address, below the ID of the configuration', value: addr, id: '1', reads: { addr } },
      {
        name: 'an address, below a key that go-zero does not write',
        value: addr,
        id: 'a/b',
        reads: { addr },
      },
      { name: 'a host name', value: 'user-0.user:8080', reads: { addr: 'user-0.user:8080' } },
      { name: 'an IPv6 address', value: '[2001:db8::7]:8080', reads: { addr: '[2001:db8::7]:8080' } },
      {
        name: 'an IPv6 address with a zone',
        value: '[fe80::1%eth0]:8080',
        reads: { addr: '[fe80::1%eth0]:8080' },
      },
      {
        name: 'a port without a host, of a server that found no address of its own',
        value: ':8080',
        reads: { addr: ':8080' },
      },
      {
        name: 'all addresses, of a server that listens on [::]',
        value: '[::]:8080',
        reads: { addr: '[::]:8080' },
      },
      { name: 'a socket file', value: 'unix:/run/user.sock', reads: { addr: 'unix:/run/user.sock' } },
      { name: 'no value', value: '', reads: /the value is not an address: it is empty/ },
      { name: 'a host without a port', value: '10.0.0.7', reads: /it has no port/ },
      { name: 'a host with an empty port', value: '10.0.0.7:', reads: /it has no port after its colon/ },
      { name: 'port 0', value: '10.0.0.7:0', reads: /port 0 cannot be dialled/ },
      { name: 'a port above 65535', value: '10.0.0.7:80800', reads: /port 80800 is over 65535/ },
      { name: 'a service name as the port', value: '10.0.0.7:http', reads: /port 'http' is not a number/ },
      { name: 'an IPv6 address without brackets', value: '2001:db8::7', reads: /it has no port/ },
      {
        name: 'an IPv6 address and a port without brackets',
        value: '2001:db8:0:0:0:0:0:7:8080',
        reads: /has brackets: write/,
      },
      {
        name: 'an address and a line break, as echo pipes it into etcdctl',
        value: `${addr}\n`,
        reads: /not an address: it/,
      },
      { name: 'an address between spaces', value: ` ${addr} `, reads: /not an address: it/ },
      {
        name: 'several addresses',
        value: '10.0.0.7:8080,10.0.0.8:8080',
        reads: /it is more than one address/,
      },
      { name: 'a URL', value: 'http://10.0.0.7:8080', reads: /it is a URL/ },
      {
        name: 'a URL of another scheme',
        value: 'grpc://10.0.0.7:8080',
        reads: /its scheme 'grpc' is not supported/,
      },
      {
        name: "an endpoint in Go's format",
        value: '{"Op":0,"Addr":"10.0.0.7:8080","Metadata":null}',
        reads: /the value is JSON/,
      },
      { name: 'an address in quotes', value: '"10.0.0.7:8080"', reads: /the value is JSON/ },
      {
        name: 'bytes that are not UTF-8',
        value: Buffer.from([0xff, 0x3a, 0x38, 0x30]),
        reads: /not an address/,
      },
      { name: 'a zero byte', value: `${addr}\0`, reads: /not an address/ },
      { name: 'a megabyte', value: 'a'.repeat(1 << 20), reads: /the value has 1048576 bytes/ },
    ]);
  });

  describe('written', () => {
    const addr = '10.0.0.7:8080';
    itWrites(codec, service, [
      { name: 'an address', endpoint: { addr }, writes: addr },
      { name: 'an IPv6 address', endpoint: { addr: '[2001:db8::7]:8080' }, writes: '[2001:db8::7]:8080' },
      { name: 'a socket file', endpoint: { addr: 'unix:/run/user.sock' }, writes: 'unix:/run/user.sock' },
      { name: 'metadata that is null', endpoint: { addr, metadata: null }, writes: addr },
      { name: 'metadata without members', endpoint: { addr, metadata: { zone: undefined } }, writes: addr },
      {
        name: 'a weight',
        endpoint: { addr, metadata: { weight: 3 } },
        writes: /has metadata, which the records of go-zero cannot hold/,
      },
      {
        name: 'metadata that is text',
        endpoint: { addr, metadata: '' },
        writes: /go-zero has no place for metadata/,
      },
      {
        name: 'metadata that is a list',
        endpoint: { addr, metadata: [] },
        writes: /has no place for metadata/,
      },
      {
        name: 'metadata that is a Map',
        endpoint: { addr, metadata: new Map([['a', 1]]) as never },
        writes: /has no place for metadata/,
      },
      {
        name: 'metadata that is a Date',
        endpoint: { addr, metadata: new Date() as never },
        writes: /has no place for metadata/,
      },
      { name: 'no address', endpoint: { addr: '' }, writes: /the endpoint has no addr/ },
      {
        name: 'an address without a port',
        endpoint: { addr: '10.0.0.7' },
        writes: /callers in Go do not dial the endpoint's addr: it has no port/,
      },
      { name: 'a URL', endpoint: { addr: 'http://10.0.0.7:8080' }, writes: /it is a URL/ },
    ]);
  });
});
