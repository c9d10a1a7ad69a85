import assert from 'node:assert/strict';
import { parseAddress, sameAddresses, uniqueAddresses } from '#src/naming/grpc/addresses.js';

describe('a stored address', () => {
  for (const [addr, host, port] of [
    ['10.0.0.7:50051', '10.0.0.7', 50051],
    ['localhost:1', 'localhost', 1],
    ['greeter.example.com:65535', 'greeter.example.com', 65535],
    ['my_host-1:80', 'my_host-1', 80],
    ['1.2.3.4', '1.2.3.4', 443],
    ['greeter', 'greeter', 443],
    ['[2001:db8::1]:50051', '2001:db8::1', 50051],
    ['[::1]', '::1', 443],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
    ['::1', '::1', 443],
    ['2001:db8::1', '2001:db8::1', 443],
    ['::ffff:10.0.0.7', '::ffff:10.0.0.7', 443],
    ['http://127.0.0.1:23790', '127.0.0.1', 23790],
    ['https://greeter:8443/', 'greeter', 8443],
    ['http://[::1]:80', '::1', 80],
  ] as const) {
    it(`is dialled: '${addr}' as ${host}, port ${port}`, () => {
      assert.deepEqual(parseAddress(addr), { host, port });
    });
  }

  for (const addr of [
    '',
    ' ',
    ':80',
    'host:',
    'host:0',
    'host:65536',
    'host:123456',
    'host:-1',
    'host:http',
    'host:80:90',
    'ho st:80',
    'host:80 ',
    'host:80\n',
    'user@host:80',
    'host/path:80',
    'host:80/path',
    'host?x:80',
    'unix:/tmp/socket',
    'unix:///tmp/socket',
    'ftp://host:80',
    'http://http://host:80',
    'http://',
    '[::1',
    '::1]:80',
    '[::1]80',
    '[host]:80',
    '[]:80',
    'dns:///host:80',
  ]) {
    it(`is passed over when it is no TCP address: ${JSON.stringify(addr)}`, () => {
      assert.equal(parseAddress(addr), undefined);
    });
  }
});

describe('the addresses of several records', () => {
  const records = (...addrs: string[]) =>
    addrs.map((addr, i) => ({ key: `svc/${i}`, addr, createRevision: 1n, modRevision: 1n, lease: 0n }));

  it('stand there once each, where they came first', () => {
    assert.deepEqual(uniqueAddresses(records('b:2', 'a:1', 'b:2', 'http://a:1', 'a:2')), [
      { host: 'b', port: 2 },
      { host: 'a', port: 1 },
      { host: 'a', port: 2 },
    ]);
  });

  it('leave out what cannot be dialled, and nothing else', () => {
    assert.deepEqual(uniqueAddresses(records('', 'unix:/x', 'a:1')), [{ host: 'a', port: 1 }]);
    assert.deepEqual(uniqueAddresses([]), []);
  });

  it('are the same only in the same order', () => {
    const [a, b] = [
      { host: 'a', port: 1 },
      { host: 'b', port: 1 },
    ];
    assert.equal(sameAddresses([a!, b!], [{ ...a! }, { ...b! }]), true);
    assert.equal(sameAddresses([a!, b!], [b!, a!]), false);
    assert.equal(sameAddresses([a!], [a!, b!]), false);
    assert.equal(sameAddresses([a!], [{ host: 'a', port: 2 }]), false);
    assert.equal(sameAddresses([], []), true);
  });
});
