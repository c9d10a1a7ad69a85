import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { parseEndpoints } from '#src/wire/index.js';

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

  it('with and without a scheme go together', () => {
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
    [['http://a:1', 'https://b:2'], /mix http:\/\/ and https:\/\/: http:\/\/a:1, https:\/\/b:2/],
  ];
  for (const [endpoints, named] of bad) {
    it(`${JSON.stringify(endpoints)} are refused by name`, () => {
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
});
