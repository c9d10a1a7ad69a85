import assert from 'node:assert/strict';
import { isLoopback, isOwnHost, isWildcard } from '#src/model/index.js';
import { advertiseAddress } from '#src/naming/index.js';
import { selectEndpoints } from '#src/wire/member/discovery.js';

const wildcards = [
  ...['0.0.0.0', '0', '0.0', '0.0.0', '00', '0x0', '0x', '000.0x0.0', '0.0.0.0.', '０.0.0.0', '0。0。0。0'],
  ...['::', '[::]', '::0', '0:0:0:0:0:0:0:0', '::%eth0', '::ffff:0.0.0.0', '[::ffff:0:0]'],
];
const loopbacks = [
  ...['127.0.0.1', '127.1', '127.0.1', '127.9.9.9', '127.255.255.255', '0177.1'],
  ...[
    '0x7f.1',
    '0x7f000001',
    '0X7F.0.0.1',
    '2130706433',
    '017700000001',
    '0177.0.0.01',
    '１２７.1',
    '127。0。0。1',
  ],
  ...['::1', '[::1]', '0:0:0:0:0:0:0:1', '::0001', '::1%lo', '[::1%25lo]'],
  ...[
    '::ffff:127.0.0.1',
    '[::ffff:127.0.0.1]',
    '::FFFF:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '::ffff:127.8.8.8%lo',
  ],
  ...['localhost', 'LOCALHOST', 'localhost.', 'ｌｏｃａｌhost', 'local\u00adhost'],
];
/** The caller's own machine by RFC 6761; but DNS may be asked for them, so no secret is sent there in plaintext. */
const belowLocalhost = ['a.localhost', 'A.B.LocalHost.', 'etcd.localhost'];
/** Addresses to a URL parser, but names to `getaddrinfo`, which asks DNS for them. */
const almostAddresses = ['127.0.0.1.', '127.1.', '0x7f000001.', '127.0x', '127.0x.1'];
const others = [
  ...['10.0.0.1', '128.0.0.1', '126.255.255.255', '1.127.0.0', '127', '8.8.8.8', '1', '0x7f', '256.0.0.1'],
  ...['::2', '::ffff:10.0.0.1', 'fd00::1', 'fe80::1%lo', '::7f00:1', '64:ff9b::7f00:1'],
  ...['localhost.example.org', 'notlocalhost', 'localhosts', 'loc%61lhost', 'etcd-0', '127.0.0.1.nip.io'],
  ...[
    '',
    ' ',
    'a b',
    '127.0.0.1\n',
    ' localhost',
    'x@127.0.0.1',
    '127.0.0.1/x',
    '127.0.0.1:80',
    'localhost\t',
    '[',
  ],
  ...['a\0b', '127.0.0.1\0', '256.256.256.256.256', '[localhost', 'localhost..'],
];

describe('a host', () => {
  const rows: readonly (readonly [
    hosts: readonly string[],
    own: boolean,
    wildcard: boolean,
    loopback: boolean,
  ])[] = [
    [wildcards, true, true, false],
    [loopbacks, true, false, true],
    [belowLocalhost, true, false, false],
    [almostAddresses, true, false, false],
    // Some of these are addresses of this machine (`127` is 0.0.0.127).
    [others.filter((host) => !['127', '1', '0x7f'].includes(host)), false, false, false],
    [['127', '1', '0x7f'], true, true, false],
  ];
  for (const [hosts, own, wildcard, loopback] of rows) {
    for (const host of hosts) {
      const kind = own
        ? wildcard
          ? 'a wildcard'
          : loopback
            ? 'loopback'
            : 'own, and no address'
        : 'another';
      it(`is ${kind}: ${JSON.stringify(host)}`, () => {
        assert.deepEqual([isOwnHost(host), isWildcard(host), isLoopback(host)], [own, wildcard, loopback]);
      });
    }
  }

  const rules = { tls: false, ownHost: false, requiresSecretsLocal: false, allow: undefined };
  for (const host of [...wildcards, ...loopbacks, ...belowLocalhost]) {
    it(`that is one's own is neither advertised nor followed: ${JSON.stringify(host)}`, () => {
      const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
      const clientURLs = [`http://${bracketed}:2379`];
      assert.deepEqual(selectEndpoints([{ name: 'm', clientURLs, isLearner: false }], rules).usable, []);
      process.env['ETCD_NAMING_TEST_HOST'] = host;
      try {
        assert.throws(() => advertiseAddress(1, { env: 'ETCD_NAMING_TEST_HOST' }), /each caller's own host/);
      } finally {
        delete process.env['ETCD_NAMING_TEST_HOST'];
      }
    });
  }
});
