import assert from 'node:assert/strict';
import { parseAddress, parseSocketPath } from '#src/naming/grpc/addresses.js';

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
    'ho\0st:80',
    'ho\x1bst',
    'fe80::1%\0',
    '[fe80::1%\0]:80',
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

describe('a socket file', () => {
  it('is read from unix:/path and unix:///path, and from nothing else', () => {
    assert.equal(parseSocketPath('unix:/run/a.sock'), '/run/a.sock');
    assert.equal(parseSocketPath('unix:///run/a.sock'), '/run/a.sock');
    for (const addr of ['unix:a.sock', 'unix://host/a', 'unix:', '/run/a.sock', 'unix:/a\0b'])
      assert.equal(parseSocketPath(addr), undefined, addr);
  });
});
