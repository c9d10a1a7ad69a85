import { CertificateAuthority } from '../certificates/index.js';
import type { EtcdConnectOptions } from './connect-options.js';
import type { EtcdTlsOptions } from './options.js';

/** The names of the files that etcd reads. */
const files = { ca: 'ca.pem', cert: 'server.pem', key: 'server.key' };

/** The contents of the files that a member reads, by file name. */
export type TlsFiles = Readonly<Record<string, string>>;

/**
 * The certificates of one etcd or cluster, created in memory and valid for a day. One authority signs those of the
 * members and those of the clients.
 */
export class ServerTls {
  readonly clientCertificates: boolean;
  readonly #authority = CertificateAuthority.root('etcd-naming test authority');
  readonly #clients = new Map<string, EtcdConnectOptions['tls']>();

  constructor({ clientCertificates = false }: EtcdTlsOptions) {
    this.clientCertificates = clientCertificates;
  }

  /**
   * The files of the members, which share a certificate: a member is a client of the others, and of itself behind its
   * HTTP gateway.
   */
  filesFor(names: readonly string[]): TlsFiles {
    const { cert, key } = this.#authority.issue({ commonName: 'etcd', names });
    return { [files.ca]: this.#authority.pem, [files.cert]: cert, [files.key]: key };
  }

  /** The flags for the files in `folder`. Members authenticate to each other by their certificates. */
  flags(folder: string): string[] {
    const path = (name: keyof typeof files) => `${folder}/${files[name]}`;
    return [
      ...['--cert-file', path('cert'), '--key-file', path('key')],
      ...['--peer-cert-file', path('cert'), '--peer-key-file', path('key')],
      ...['--peer-client-cert-auth', '--peer-trusted-ca-file', path('ca')],
      ...(this.clientCertificates ? ['--client-cert-auth', '--trusted-ca-file', path('ca')] : []),
    ];
  }

  /** What a client needs; the same for each call with the same user, which is the common name of its certificate. */
  clientOptions(user: string): NonNullable<EtcdConnectOptions['tls']> {
    const known = this.#clients.get(user);
    if (known) return known;
    const pair = this.clientCertificates && this.#authority.issue({ commonName: user, uses: ['client'] });
    const options = { ca: this.#authority.pem, ...pair };
    this.#clients.set(user, options);
    return options;
  }
}
