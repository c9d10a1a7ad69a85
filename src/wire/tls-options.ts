import { InvalidInputError } from '../errors/index.js';
import { anything, boolean, isServerName, optionsChecker } from '../model/index.js';

/**
 * TLS to etcd. A certificate or key is given either as PEM or as the path of a PEM file. Files are read before each new
 * connection and not before: one that was replaced serves the next connection, while those that are open live on.
 */
export interface TlsOptions {
  /**
   * The certificate authorities to trust, one or several in a row; an intermediate one is enough, as for etcdctl.
   * Default: those that come with Node.
   */
  readonly ca?: Buffer | string;
  /** The path of a file with what `ca` would hold. */
  readonly caFile?: string;
  /** The client's certificate, its chain after it, for etcd's `--client-cert-auth`; needs a key. */
  readonly cert?: Buffer | string;
  /** The path of a file with what `cert` would hold. */
  readonly certFile?: string;
  /** The client's private key, not encrypted; needs a certificate. */
  readonly key?: Buffer | string;
  /** The path of a file with what `key` would hold. */
  readonly keyFile?: string;
  /**
   * The name or IP address to ask for and to verify instead of the endpoint's host. It must be among the certificate's
   * alternative names; its common name does not count. For a `unixs:` endpoint the default is the socket file's name
   * without `:port`, as in Go.
   */
  readonly serverName?: string;
  /**
   * Takes any certificate from anyone: whoever can sit between gets to read and write all, passwords included. Never
   * outside a test; the process warns of it once per client.
   */
  readonly dangerouslySkipVerification?: boolean;
}

export type PemName = 'ca' | 'cert' | 'key';

/** What may hold a key is checked by {@link checkTlsOptions}, which shows none. */
export const tlsInput = optionsChecker<TlsOptions>(
  {
    ca: anything,
    caFile: anything,
    cert: anything,
    certFile: anything,
    key: anything,
    keyFile: anything,
    serverName: anything,
    dangerouslySkipVerification: boolean,
  },
  {
    label: 'tls',
    secret: true,
    suggestions: {
      caPath: 'caFile',
      certPath: 'certFile',
      keyPath: 'keyFile',
      rootCertificate: 'ca',
      certChain: 'cert',
      privateKey: 'key',
    },
  },
);

/** @throws {InvalidInputError} naming the option, and never showing what a PEM holds. */
export function checkTlsOptions(tls: TlsOptions): void {
  tlsInput(tls, 'tls');
  for (const name of ['ca', 'cert', 'key'] as const) checkSource(tls, name);
  checkPair(tls);
  const { serverName } = tls;
  if (serverName !== undefined && !isServerName(serverName)) {
    throw new InvalidInputError(`tls.serverName is '${serverName}'; it must be a host name or an IP address`);
  }
}

function checkPair(tls: TlsOptions): void {
  const [cert, key] = [givenAs(tls, 'cert'), givenAs(tls, 'key')];
  if ((cert === undefined) === (key === undefined)) return;
  const present = cert ?? key;
  const missing = `${cert === undefined ? 'cert' : 'key'}${present?.endsWith('File') ? 'File' : ''}`;
  throw new InvalidInputError(`tls.${missing} is missing beside tls.${present}`);
}

/** Under which name it is given. */
function givenAs(tls: TlsOptions, name: PemName): string | undefined {
  if (tls[name] !== undefined) return name;
  return tls[`${name}File`] === undefined ? undefined : `${name}File`;
}

function checkSource(tls: TlsOptions, name: PemName): void {
  const pem: unknown = tls[name];
  const file: unknown = tls[`${name}File`];
  if (pem !== undefined && file !== undefined) {
    throw new InvalidInputError(`tls.${name} and tls.${name}File are both given: leave one out`);
  }
  if (pem !== undefined && typeof pem !== 'string' && !(pem instanceof Uint8Array)) {
    throw new InvalidInputError(`tls.${name} is a ${typeof pem}; it must be PEM, as a string or a Buffer`);
  }
  // Before anything puts it into a text: a key given in the wrong place must not be shown.
  if (typeof file === 'string' && file.includes('-----BEGIN'))
    throw new InvalidInputError(
      `tls.${name}File holds PEM; it must be the path of a file: give PEM as tls.${name}`,
    );
  if (file !== undefined && (typeof file !== 'string' || file === '')) {
    throw new InvalidInputError(`tls.${name}File is '${String(file)}'; it must be the path of a file`);
  }
}
