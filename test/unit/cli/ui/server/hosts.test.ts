import assert from 'node:assert/strict';
import { AllowedHosts } from '#src/cli/ui/server/hosts.js';

describe('the hosts of a page', () => {
  const address = { scheme: 'http', port: 1234 } as const;

  describe('on loopback', () => {
    const hosts = new AllowedHosts(address, [], []);

    for (const host of [
      ...['127.0.0.1:1234', 'localhost:1234', 'LOCALHOST:1234', '[::1]:1234'],
      // The URL parser reads these as the same.
      ...['127.1:1234', '[0:0::1]:1234', '127.0.0.1.:1234', 'localhost:01234'],
    ])
      it(`include ${host}`, () => assert.ok(hosts.allows(host)));

    for (const host of [
      undefined,
      ...[
        '',
        'localhost',
        'localhost:1235',
        '127.0.0.1:12345',
        '127.0.0.1:99999',
        'evil.example:1234',
        'x.localhost:1234',
      ],
      ...['localhost:1234.evil.example', 'evil.example#localhost:1234', 'user@localhost:1234', '::1:1234'],
      ...[
        'localhost:1234, evil.example',
        '0.0.0.0:1234',
        '127.2:1234',
        '[::ffff:127.0.0.1]:1234',
        '[::1:1234',
      ],
    ])
      it(`exclude ${host}`, () => assert.ok(!hosts.allows(host)));

    it('have one origin', () => {
      assert.ok(hosts.isOwnOrigin('http://localhost:1234', 'localhost:1234'));
      for (const origin of [
        ...['http://localhost:1235', 'https://localhost:1234', 'http://127.0.0.1:1234', 'null', ''],
        ...['http://localhost:1234/', 'http://localhost:1234.evil.example', 'http://evil.example'],
      ])
        assert.ok(!hosts.isOwnOrigin(origin, 'localhost:1234'), origin);
    });
  });

  describe('with a name below localhost', () => {
    const hosts = new AllowedHosts(address, ['abc.localhost'], []);

    it('have its origin, and not that of others', () => {
      assert.ok(hosts.allows('abc.localhost:1234'));
      assert.ok(hosts.isOwnOrigin('http://abc.localhost:1234', 'abc.localhost:1234'));
      assert.ok(!hosts.isOwnOrigin('http://localhost:1234', 'abc.localhost:1234'));
      for (const host of ['abd.localhost:1234', 'x.abc.localhost:1234', 'abc.localhost'])
        assert.ok(!hosts.allows(host), host);
    });
  });

  it('include an address in the spelling of browsers, and one without its zone', () => {
    const hosts = new AllowedHosts(address, ['::ffff:127.0.0.1', 'fe80::1%eth0'], []);
    assert.ok(hosts.allows('[::ffff:7f00:1]:1234') && hosts.allows('[fe80::1]:1234'));
  });

  describe('with allowed names', () => {
    const hosts = new AllowedHosts(address, ['10.0.0.5', 'fe80::1'], ['ui.example.com', '[fd00::1]']);

    for (const host of [
      'ui.example.com',
      'UI.example.com:8443',
      '[fd00::1]:1',
      '10.0.0.5:1234',
      '[fe80::1]:1234',
    ])
      it(`include ${host}`, () => assert.ok(hosts.allows(host)));

    for (const host of [
      'example.com',
      'x.ui.example.com',
      'ui.example.com.',
      'ui.example.com:x',
      '10.0.0.5:1',
    ])
      it(`exclude ${host}`, () => assert.ok(!hosts.allows(host)));

    it('have an origin with TLS, which a proxy terminates', () => {
      assert.ok(hosts.isOwnOrigin('https://ui.example.com', 'ui.example.com'));
      assert.ok(!hosts.isOwnOrigin('https://ui.example.com:1', 'ui.example.com'));
      assert.ok(!hosts.isOwnOrigin('https://localhost:1234', 'localhost:1234'));
    });
  });

  for (const [scheme, port] of [
    ['http', 80],
    ['https', 443],
  ] as const)
    it(`omit the port ${port} of ${scheme}`, () => {
      const hosts = new AllowedHosts({ scheme, port }, ['10.0.0.5'], []);
      assert.ok(hosts.allows('10.0.0.5') && hosts.allows(`10.0.0.5:${port}`) && !hosts.allows('10.0.0.5:81'));
    });
});
