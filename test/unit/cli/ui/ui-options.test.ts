import assert from 'node:assert/strict';
import { ParsedOptions } from '#src/cli/args/options.js';
import { uiOptionsFrom } from '#src/cli/ui/ui-options.js';

const listen = (host: string) => uiOptionsFrom(new ParsedOptions({ listen: host }));

describe('the address of a page', () => {
  for (const [text, host] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['127.1.2.3', '127.1.2.3'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['0:0::1', '::1'],
    ['localhost', 'localhost'],
    ['LOCALHOST', 'localhost'],
  ] as const)
    it(`${text} is loopback, at ${host}`, async () => {
      const { host: used, readOnly } = await listen(text);
      assert.deepEqual([used, readOnly], [host, false]);
    });

  for (const host of [
    ...['0.0.0.0', '0', '::', '[::]', '10.0.0.1', 'fe80::1', 'fe80::1%eth0', '::ffff:10.0.0.1'],
    ...['localhost.example', 'x.localhost', 'ui.example.com'],
  ])
    it(`'${host}' is beyond loopback`, () => assert.rejects(listen(host), /is beyond loopback: it requires/));

  for (const [host, problem] of [
    ['', /names no host/],
    ['127.0.0.256', /is not a host name/],
    ['::1::', /is not an IPv6 address/],
    ['[::1', /is not an IPv6 address/],
    ['a b', /a space/],
    ['http://a', /not an IPv6 address/],
    ['a/b', /not a host name/],
    ['127.0.0.1:80', /not an IPv6 address/],
  ] as const)
    it(`'${host}' is not one`, () =>
      assert.rejects(listen(host), (error: Error) => {
        assert.match(error.message, /--listen is '.*'; it must be an address or a host name: /);
        assert.match(error.message, problem);
        return true;
      }));
});

describe('a page without options', () => {
  it('is on loopback, at the default port, without TLS, and may change records', async () => {
    const options = await uiOptionsFrom(new ParsedOptions({}));
    assert.deepEqual(options, {
      ...{ host: '127.0.0.1', port: undefined, tls: undefined },
      ...{ allowedHosts: [], readOnly: false, open: false },
    });
  });
});
