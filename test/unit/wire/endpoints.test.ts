import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { parseEndpoints } from '#src/wire/index.js';
import { secretOf } from '../../support/canary.js';

describe('endpoints', () => {
  const good: readonly (readonly [endpoint: string, address: string, tls: boolean | undefined])[] = [
    ['127.0.0.1:2379', '127.0.0.1:2379', undefined],
    ['etcd.internal:2379', 'etcd.internal:2379', undefined],
    ['localhost:1', 'localhost:1', undefined],
    ['[::1]:65535', '[::1]:65535', undefined],
    ['http://etcd-0.etcd.svc:2379', 'etcd-0.etcd.svc:2379', false],
    ['http://etcd:2379/', 'etcd:2379', false],
    ['HTTPS://etcd:2379', 'etcd:2379', true],
    ['https://[fe80::1]:2379', '[fe80::1]:2379', true],
  ];
  for (const [endpoint, address, tls] of good) {
    it(`'${endpoint}' is ${address}${tls === undefined ? '' : tls ? ' with TLS' : ' without TLS'}`, () => {
      assert.deepEqual(parseEndpoints([endpoint]).members[0]?.address, address);
      assert.equal(parseEndpoints([endpoint]).members[0]?.endpoint, endpoint);
      assert.equal(parseEndpoints([endpoint]).tls, tls);
    });
  }

  const sockets: readonly (readonly [
    endpoint: string,
    path: string,
    host: string,
    tls: boolean | undefined,
  ])[] = [
    ['unix:/run/etcd.sock', '/run/etcd.sock', 'etcd.sock', undefined],
    ['unix:///run/etcd.sock', '/run/etcd.sock', 'etcd.sock', undefined],
    ['UNIX:////run//etcd.sock', '/run/etcd.sock', 'etcd.sock', undefined],
    ['unix://localhost:2379', 'localhost:2379', 'localhost', undefined],
    ['unix:run/localhost:2379', 'run/localhost:2379', 'localhost', undefined],
    ['unixs:/run/localhost:2379', '/run/localhost:2379', 'localhost', true],
    ['unixs:///run/m0', '/run/m0', 'm0', true],
    ['unix:/a b?c#d%20', '/a b?c#d%20', 'a b?c#d%20', undefined],
  ];
  for (const [endpoint, path, host, tls] of sockets) {
    it(`'${endpoint}' is the socket ${path}${tls ? ' with TLS' : ''}`, () => {
      const parsed = parseEndpoints([endpoint]);
      const { target, socket, ...rest } = parsed.members[0]!;
      assert.equal(target, `unix:${path}`);
      assert.deepEqual(socket, { path });
      assert.equal(rest.address, path);
      assert.equal(rest.host, host);
      assert.equal(parsed.tls, tls);
    });
  }

  it('are dialled and verified by host, an IPv6 address without its brackets', () => {
    const { members } = parseEndpoints(['https://[::1]:2379', 'etcd.test:1']);
    assert.deepEqual(members[0]?.socket, { host: '::1', port: 2379 });
    assert.equal(members[0]?.host, '::1');
    assert.equal(members[0]?.target, 'dns:[::1]:2379');
    assert.deepEqual(members[1]?.socket, { host: 'etcd.test', port: 1 });
    assert.equal(members[1]?.host, 'etcd.test');
  });

  it('of sockets can be combined with TCP endpoints of the same security', () => {
    assert.equal(parseEndpoints(['unix:/a', 'http://b:2']).tls, false);
    assert.equal(parseEndpoints(['unix:/a', 'https://b:2']).tls, true);
    assert.equal(parseEndpoints(['unixs:/a', 'https://b:2']).tls, true);
  });

  it('with and without a scheme can be combined', () => {
    const { members, tls } = parseEndpoints(['https://a:1', 'b:2']);
    assert.equal(tls, true);
    assert.deepEqual(
      members.map(({ address }) => address),
      ['a:1', 'b:2'],
    );
  });

  const bad: readonly (readonly [endpoints: readonly string[], named: RegExp])[] = [
    [[], /endpoints is empty/],
    [[''], /endpoint ''/],
    [['etcd'], /'etcd' is not of the form host:port/],
    [['etcd:'], /'etcd:' is not/],
    [['etcd'], /it has no port/],
    [['a:99999'], /'a:99999' is not .*: port 99999 is over 65535/],
    [['::1:23790'], /write '\[::1\]:23790'/],
    [['a:1,b:2'], /one string per member: \['a:1', 'b:2'\]/],
    [['http://a:1 http://b:2'], /one string per member: \['http:\/\/a:1', 'http:\/\/b:2'\]/],
    ['127.0.0.1:2379' as never, /endpoints is one string: write \['127\.0\.0\.1:2379'\]/],
    ['a:1,b:2' as never, /write \['a:1', 'b:2'\]/],
    [{ host: 'a' } as never, /endpoints is an object; it must be a list of strings/],
    [[':2379'], /':2379' is not/],
    [['etcd:0'], /'etcd:0' is not/],
    [['etcd:65536'], /'etcd:65536' is not/],
    [['etcd:port'], /'etcd:port' is not/],
    [['http://etcd'], /'http:\/\/etcd' is not/],
    [['http://etcd:2379/v3'], /'http:\/\/etcd:2379\/v3' is not/],
    [['etcd:2379?x=1'], /'etcd:2379\?x=1' is not/],
    [['::1:2379'], /'::1:2379' is not/],
    [['a b:2379'], /'a b:2379' is not/],
    [['a:1', 'nonsense'], /'nonsense' is not/],
    [['ftp://etcd:2379'], /'ftp:\/\/etcd:2379' has the unknown scheme 'ftp'/],
    [['dns:///etcd:2379'], /unknown scheme 'dns'/],
    [['http://a:1', 'https://b:2'], /mix plaintext and TLS: 'http:\/\/a:1' and 'https:\/\/b:2'/],
    [['unixs:/a', 'b:1', 'http://c:2'], /mix plaintext and TLS: 'http:\/\/c:2' and 'unixs:\/a'/],
    [['unix:'], /'unix:' is not of the form unix:\/path/],
    [['unixs://'], /'unixs:\/\/' is not of the form unixs:\/path/],
    [['unix:/run/'], /'unix:\/run\/' is not of the form/],
    [['unix:/a\0b'], /is not of the form unix:\/path/],
    // grpc-js would fail to parse this as a URL and leak a socket per attempt.
    [['a%b:1'], /'a%b:1' is not/],
    [['[fe80::1%eth0]:1'], /is not of the form/],
  ];
  for (const [endpoints, named] of bad) {
    it(`${JSON.stringify(endpoints)} are rejected, and the error names them`, () => {
      assert.throws(
        () => parseEndpoints(endpoints),
        (error: Error) => {
          assert.ok(error instanceof InvalidInputError, `${error.name}: ${error.message}`);
          assert.match(error.message, named);
          return true;
        },
      );
    });
  }

  it('show no password in user information, wherever it contains a slash or an @', () => {
    const secret = secretOf('in an address');
    for (const endpoint of [
      `http://root:${secret}/x@host:1`,
      `root:x@${secret}@host:1`,
      `ftp://root:${secret}@h:1`,
    ])
      assert.throws(
        () => parseEndpoints([endpoint]),
        (error: Error) => !error.message.includes(secret),
      );
  });
});
