import type { EtcdClientOptions } from '#src/client/index.js';
import type { TlsReason } from '#src/errors/index.js';
import type { ServerName, TlsFixture } from './tls-fixture.js';

/** One client against one server, and what must come of it. */
export type Row = readonly [
  server: string,
  client: string,
  outcome: 'works' | TlsReason,
  options: (fixture: TlsFixture) => EtcdClientOptions | Promise<EtcdClientOptions>,
];

/** Returns the TLS endpoint of the server, as a list. */
export const to = ({ server }: TlsFixture, name: ServerName) => [`https://${server[name].secure}`];
const withPort = (secure: string) => secure.slice(secure.indexOf(':'));

export const rows: readonly Row[] = [
  ['plaintext', 'plaintext', 'works', (s) => ({ endpoints: [s.server.any.plain] })],
  ['plaintext', 'TLS, system CAs', 'not-tls', (s) => ({ endpoints: [`https://${s.server.any.plain}`] })],
  ['plaintext', 'TLS, given CA', 'not-tls', (s) => ({ endpoints: [s.server.any.plain], tls: { ca: s.ca } })],
  [
    'plaintext, unix socket',
    'plaintext',
    'works',
    (s) => ({ endpoints: [`unix://${s.server.any.plainSocket}`] }),
  ],
  ['plaintext, unix socket', 'TLS', 'not-tls', (s) => ({ endpoints: [`unixs:${s.server.any.plainSocket}`] })],

  ['TLS', 'plaintext', 'tls-expected', (s) => ({ endpoints: [s.server.any.secure] })],
  ['TLS', 'right CA', 'works', (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca } })],
  ['TLS', 'right CA, no scheme', 'works', (s) => ({ endpoints: [s.server.any.secure], tls: { ca: s.ca } })],
  [
    'TLS',
    'right CA in a file',
    'works',
    async (s) => ({ endpoints: to(s, 'any'), tls: { caFile: await s.file(s.ca) } }),
  ],
  [
    'TLS',
    'right CA, the second of two in a file',
    'works',
    async (s) => ({ endpoints: to(s, 'any'), tls: { caFile: await s.file(s.otherCa + s.ca) } }),
  ],
  ['TLS', 'wrong CA', 'unknown-authority', (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.otherCa } })],
  [
    'TLS',
    'wrong CA of the same name',
    'unknown-authority',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.impostor } }),
  ],
  ['TLS', 'system CAs', 'unknown-authority', (s) => ({ endpoints: to(s, 'any') })],
  [
    'TLS',
    'wrong server name',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca, serverName: 'x.test' } }),
  ],
  [
    'TLS',
    'right server name',
    'works',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca, serverName: 'etcd.test' } }),
  ],
  [
    'TLS',
    'no verification',
    'works',
    (s) => ({ endpoints: to(s, 'any'), tls: { dangerouslySkipVerification: true } }),
  ],
  [
    'TLS',
    'client certificate that the server does not request',
    'works',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca, ...s.client } }),
  ],
  [
    'TLS',
    'CA file missing',
    'bad-files',
    (s) => ({ endpoints: to(s, 'any'), tls: { caFile: '/nowhere/ca.pem' } }),
  ],
  [
    'TLS',
    'CA file empty',
    'bad-files',
    async (s) => ({ endpoints: to(s, 'any'), tls: { caFile: await s.file('') } }),
  ],
  [
    'TLS',
    'CA file incomplete',
    'bad-files',
    async (s) => ({ endpoints: to(s, 'any'), tls: { caFile: await s.file(s.ca + s.otherCa.slice(0, 200)) } }),
  ],
  [
    'TLS, unix socket',
    'right CA',
    'works',
    (s) => ({ endpoints: [`unixs://${s.server.any.secureSocket}`], tls: { ca: s.ca } }),
  ],
  [
    'TLS, unix socket',
    'wrong server name',
    'wrong-name',
    (s) => ({ endpoints: [`unixs:${s.server.any.secureSocket}`], tls: { ca: s.ca, serverName: 'x.test' } }),
  ],
  [
    'TLS, unix socket',
    'plaintext',
    'tls-expected',
    (s) => ({ endpoints: [`unix:${s.server.any.secureSocket}`] }),
  ],

  [
    'TLS, certificate for a name',
    'dials the address',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'name'), tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate for a name',
    'dials the address, right server name',
    'works',
    (s) => ({ endpoints: to(s, 'name'), tls: { ca: s.ca, serverName: 'etcd.test' } }),
  ],
  [
    'TLS, certificate for an address',
    'dials the address',
    'works',
    (s) => ({ endpoints: to(s, 'address'), tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate for an address',
    'dials a name',
    'wrong-name',
    (s) => ({ endpoints: [`https://localhost${withPort(s.server.address.secure)}`], tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate for an address',
    'dials a name, server name is the address',
    'works',
    (s) => ({
      endpoints: [`https://localhost${withPort(s.server.address.secure)}`],
      tls: { ca: s.ca, serverName: '127.0.0.1' },
    }),
  ],
  [
    'TLS, certificate for an address',
    'dials it, server name is another address',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'address'), tls: { ca: s.ca, serverName: '127.0.0.2' } }),
  ],
  [
    'TLS, certificate expired',
    'right CA',
    'expired',
    (s) => ({ endpoints: to(s, 'expired'), tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate not valid yet',
    'right CA',
    'not-yet-valid',
    (s) => ({ endpoints: to(s, 'early'), tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate not for servers',
    'right CA',
    'bad-certificate',
    (s) => ({ endpoints: to(s, 'clientOnly'), tls: { ca: s.ca } }),
  ],
  ['TLS, chain of three', 'root CA', 'works', (s) => ({ endpoints: to(s, 'chain'), tls: { ca: s.ca } })],
  [
    'TLS, chain of three',
    'intermediate CA alone',
    'works',
    (s) => ({ endpoints: to(s, 'chain'), tls: { ca: s.intermediate } }),
  ],
  [
    'TLS, chain of three, middle missing',
    'intermediate CA alone, in a file',
    'works',
    async (s) => ({ endpoints: to(s, 'leafOnly'), tls: { caFile: await s.file(s.intermediate) } }),
  ],
  [
    'TLS, chain of three',
    'trusts that very certificate',
    'works',
    (s) => ({ endpoints: to(s, 'chain'), tls: { ca: s.leaf } }),
  ],
  [
    'TLS',
    'intermediate CA, which did not sign it',
    'unknown-authority',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.intermediate } }),
  ],
  [
    'TLS',
    'right server name, an absolute one',
    'works',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca, serverName: 'etcd.test.' } }),
  ],
  [
    'TLS',
    'wrong server name, an absolute one',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'any'), tls: { ca: s.ca, serverName: 'x.test.' } }),
  ],
  ...(['commonName', 'commonBeside'] as const).map(
    (server): Row => [
      `TLS, certificate with a common name (${server})`,
      'dials that name',
      'wrong-name',
      (s) => ({ endpoints: [`https://localhost${withPort(s.server[server].secure)}`], tls: { ca: s.ca } }),
    ],
  ),
  [
    'TLS, certificate with a common name',
    'dials the address, server name is that name',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'commonName'), tls: { ca: s.ca, serverName: 'localhost' } }),
  ],
  [
    'TLS, certificate with an address as its common name',
    'dials that address',
    'wrong-name',
    (s) => ({ endpoints: to(s, 'commonAddress'), tls: { ca: s.ca } }),
  ],
  [
    'TLS, certificate with a common name',
    'no verification',
    'works',
    (s) => ({ endpoints: to(s, 'commonName'), tls: { dangerouslySkipVerification: true } }),
  ],
  [
    'TLS, chain of three, middle missing',
    'root CA',
    'unknown-authority',
    (s) => ({ endpoints: to(s, 'leafOnly'), tls: { ca: s.ca } }),
  ],

  ['mTLS', 'plaintext', 'tls-expected', (s) => ({ endpoints: [s.server.mutual.secure] })],
  [
    'mTLS',
    'no certificate',
    'client-certificate-required',
    (s) => ({ endpoints: to(s, 'mutual'), tls: { ca: s.ca } }),
  ],
  [
    'mTLS',
    'right certificate',
    'works',
    (s) => ({ endpoints: to(s, 'mutual'), tls: { ca: s.ca, ...s.client } }),
  ],
  [
    'mTLS',
    'right certificate in files',
    'works',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: { ca: s.ca, certFile: await s.file(s.client.cert), keyFile: await s.file(s.client.key) },
    }),
  ],
  [
    'mTLS',
    'right certificate through an intermediate CA',
    'works',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: { ca: s.ca, ...s.issueClientFrom('intermediate') },
    }),
  ],
  [
    'mTLS',
    'certificate of another CA',
    'client-certificate-rejected',
    async (s) => ({ endpoints: to(s, 'mutual'), tls: { ca: s.ca, ...s.issueClientFrom('other') } }),
  ],
  [
    'mTLS',
    'self-signed certificate',
    'client-certificate-rejected',
    async (s) => ({ endpoints: to(s, 'mutual'), tls: { ca: s.ca, ...s.issueClientFrom('self') } }),
  ],
  [
    'mTLS',
    'expired certificate',
    'client-certificate-rejected',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: { ca: s.ca, ...s.issueClient({ validFrom: -2, validUntil: -1 }) },
    }),
  ],
  [
    'mTLS',
    'certificate not valid yet',
    'client-certificate-rejected',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: { ca: s.ca, ...s.issueClient({ validFrom: 1, validUntil: 2 }) },
    }),
  ],
  [
    'mTLS',
    'certificate not for clients',
    'client-certificate-rejected',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: { ca: s.ca, ...s.issueClient({ uses: ['server'] }) },
    }),
  ],
  [
    'mTLS',
    'right certificate, wrong CA for the server',
    'unknown-authority',
    (s) => ({ endpoints: to(s, 'mutual'), tls: { ca: s.otherCa, ...s.client } }),
  ],
  [
    'mTLS',
    'key of another certificate',
    'bad-files',
    async (s) => ({
      endpoints: to(s, 'mutual'),
      tls: {
        ca: s.ca,
        certFile: await s.file(s.client.cert),
        keyFile: await s.file(s.issueClient().key),
      },
    }),
  ],
];
