import assert from 'node:assert/strict';
import { ownHosts } from '#src/cli/ui/own-hosts.js';
import type { UiOptions } from '#src/cli/ui/ui-options.js';

const tls = { cert: Buffer.alloc(0), key: Buffer.alloc(0) };
const hostsOf = (options: Partial<UiOptions>) =>
  ownHosts({
    ...{ host: '127.0.0.1', port: undefined, tls: undefined, allowedHosts: [], readOnly: false, open: false },
    ...options,
  });

describe('the names of a page', () => {
  for (const host of ['127.0.0.1', '::1', 'localhost'])
    describe(`at ${host}`, () => {
      it('are a name of at least 64 random bits, at both addresses of loopback', () => {
        const { addresses, publicHost } = hostsOf({ host });
        assert.deepEqual(addresses, ['127.0.0.1', '::1']);
        assert.match(publicHost, /^[0-9a-z]{16,}\.localhost$/);
      });

      it('are that of the certificate with TLS', () => {
        const { addresses, publicHost } = hostsOf({ host, tls });
        assert.deepEqual([addresses, publicHost], [['127.0.0.1', '::1'], host]);
      });
    });

  it('differ for each start', () => {
    assert.notEqual(hostsOf({}).publicHost, hostsOf({}).publicHost);
  });

  for (const host of ['127.1.2.3', '10.0.0.5', 'ui.example.com'])
    it(`are ${host} alone there`, () => {
      assert.deepEqual(hostsOf({ host, tls }), { addresses: [host], publicHost: host });
    });

  it('are all addresses of the machine at a wildcard, and first an allowed name', () => {
    const hosts = hostsOf({ host: '0.0.0.0', tls, allowedHosts: ['ui.example.com'] });
    assert.deepEqual([hosts.addresses, hosts.publicHost], [['0.0.0.0'], 'ui.example.com']);
    assert.ok(hosts.ownHosts?.includes('127.0.0.1'));
  });
});
