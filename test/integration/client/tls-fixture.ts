import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CertificateAuthority,
  type CertificateOptions,
  type CertificatePair,
  selfSigned,
} from '#src/testing/certificates/index.js';
import { startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';

/** Certificates and servers for the rows of the table. `ca` signs server certificates, `clients` client certificates. */
export interface TlsFixture {
  readonly ca: string;
  readonly otherCa: string;
  /** Signed by `ca`; signs the server `chain`. */
  readonly intermediate: string;
  /** The certificate of the server `chain`, without its chain. */
  readonly leaf: string;
  /** Another authority with the same name as `ca`. */
  readonly impostor: string;
  readonly client: CertificatePair;
  readonly server: Readonly<Record<ServerName, TlsEtcd>>;
  issueClient(options?: CertificateOptions): CertificatePair;
  issueClientFrom(authority: 'other' | 'intermediate' | 'self'): CertificatePair;
  /** Writes the content to a new file and returns its path. */
  file(content: string): Promise<string>;
  close(): Promise<void>;
}

const servers = {
  any: { names: ['localhost', '127.0.0.1', 'etcd.test'] },
  name: { names: ['etcd.test'] },
  address: { names: ['127.0.0.1'] },
  expired: { names: ['127.0.0.1'], validFrom: -2, validUntil: -1 },
  early: { names: ['127.0.0.1'], validFrom: 1, validUntil: 2 },
  commonName: { commonName: 'localhost' },
  commonAddress: { commonName: '127.0.0.1' },
  commonBeside: { commonName: 'localhost', names: ['127.0.0.1'] },
  clientOnly: { names: ['127.0.0.1'], uses: ['client'] },
} satisfies Record<string, CertificateOptions>;
export type ServerName = keyof typeof servers | 'chain' | 'leafOnly' | 'mutual';

/** Starts an etcd for each kind of certificate, and creates certificates for clients. */
export async function createTlsFixture(): Promise<TlsFixture> {
  const [root, other, impostor, clients] = ['servers', 'others', 'servers', 'clients'].map((name) =>
    CertificateAuthority.root(name),
  );
  const middle = root!.intermediate('middle');
  const chain = middle.issue(servers.any);
  const any = root!.issue(servers.any);
  const pairs: [ServerName, CertificatePair][] = [
    ...Object.entries(servers).map(
      ([name, options]) => [name as ServerName, root!.issue(options)] as [ServerName, CertificatePair],
    ),
    ['chain', chain],
    ['leafOnly', { cert: leafOf(chain), key: chain.key }],
    ['mutual', any],
  ];
  const server: Partial<Record<ServerName, TlsEtcd>> = {};
  await Promise.all(
    pairs.map(async ([name, pair]) => {
      server[name] = await startTlsEtcd(pair, name === 'mutual' ? clients!.pem : undefined);
    }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-tls-'));
  let files = 0;
  return {
    ca: root!.pem,
    otherCa: other!.pem,
    intermediate: middle.pem,
    leaf: leafOf(chain),
    impostor: impostor!.pem,
    client: clients!.issue({ uses: ['client'] }),
    server: server as Record<ServerName, TlsEtcd>,
    issueClient: (options = {}) => clients!.issue({ uses: ['client'], ...options }),
    issueClientFrom(authority) {
      if (authority === 'self') return selfSigned({ uses: ['client'] });
      return (authority === 'other' ? other! : clients!.intermediate('teams')).issue({
        uses: ['client'],
      });
    },
    async file(content) {
      const path = join(folder, `${files++}.pem`);
      await writeFile(path, content);
      return path;
    },
    async close() {
      await Promise.all(Object.values(server).map((etcd) => etcd.close()));
      await rm(folder, { recursive: true });
    },
  };
}

/** The certificate of a pair without its chain. */
function leafOf({ cert }: CertificatePair): string {
  const end = '-----END CERTIFICATE-----\n';
  return cert.slice(0, cert.indexOf(end) + end.length);
}
