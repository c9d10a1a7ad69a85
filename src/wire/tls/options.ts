import { InvalidInputError } from '../../errors/index.js';
import { anything, boolean, isServerName, optionsChecker } from '../../model/index.js';

/**
 * TLS to etcd. A certificate or key is given either as PEM or as the path of a PEM file. Files are read before each new
 * connection, so that a replaced file takes effect with the next connection. Open connections are not affected.
 */
export interface TlsOptions {
  /**
   * The trusted certificate authorities, one or several concatenated. An intermediate one suffices, as for etcdctl.
   * Default: the authorities that Node bundles.
   */
  readonly ca?: Buffer | string;
  /** The path of a file with the content of `ca`. Excludes `ca`. */
  readonly caFile?: string;
  /** The client's certificate followed by its chain, for etcd's `--client-cert-auth`. Requires a key. Default: none. */
  readonly cert?: Buffer | string;
  /** The path of a file with the content of `cert`. Excludes `cert`. */
  readonly certFile?: string;
  /** The client's private key, not encrypted. Requires a certificate. Default: none. */
  readonly key?: Buffer | string;
  /** The path of a file with the content of `key`. Excludes `key`. */
  readonly keyFile?: string;
  /**
   * The host name or IP address to request and verify instead of the endpoint's host. It must be one of the certificate's
   * alternative names; the common name does not count. Default: the endpoint's host; for a `unixs:` endpoint the name of
   * the socket file without `:port`, as in Go.
   */
  readonly serverName?: string;
  /**
   * Accepts any server certificate, so that anyone on the path can read and change everything, passwords included. For
   * tests only; each client emits a process warning. Default false.
   */
  readonly dangerouslySkipVerification?: boolean;
}

export type PemName = 'ca' | 'cert' | 'key';

/** Options that may contain a key are checked by {@link checkTlsOptions}, whose messages show no values. */
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

/** @throws {InvalidInputError} naming the option, never showing the content of a PEM. */
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

/** The name of the option that is set: `cert` or `certFile`. */
function givenAs(tls: TlsOptions, name: PemName): string | undefined {
  if (tls[name] !== undefined) return name;
  return tls[`${name}File`] === undefined ? undefined : `${name}File`;
}

function checkSource(tls: TlsOptions, name: PemName): void {
  const pem: unknown = tls[name];
  const file: unknown = tls[`${name}File`];
  if (pem !== undefined && file !== undefined) {
    throw new InvalidInputError(`tls.${name} and tls.${name}File exclude each other`);
  }
  if (pem !== undefined && typeof pem !== 'string' && !(pem instanceof Uint8Array)) {
    throw new InvalidInputError(`tls.${name} is a ${typeof pem}; it must be PEM, as a string or a Buffer`);
  }
  // Checked before the value appears in any message: a key in the wrong option must not be shown.
  if (typeof file === 'string' && file.includes('-----BEGIN'))
    throw new InvalidInputError(
      `tls.${name}File contains PEM; it must be the path of a file: use tls.${name} for PEM`,
    );
  if (file !== undefined && (typeof file !== 'string' || file === '')) {
    throw new InvalidInputError(`tls.${name}File is '${String(file)}'; it must be the path of a file`);
  }
}
