import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { InvalidInputError } from '../../errors/index.js';
import { sanitizeError } from './failure.js';
import { checkTlsOptions, type PemName, type TlsOptions } from './options.js';

type ReadFile = (path: string) => Promise<Buffer>;
type Pems = Readonly<Partial<Record<PemName, Buffer>>>;

/** The certificates or the key of the options cannot be used. The message names the option and the file, not the content. */
export class PemError extends Error {
  override readonly name = 'PemError';
}

/** The certificate and the key do not match. A pair that is being replaced may be half written. */
class MismatchError extends PemError {}

/**
 * The client's certificates and key from options and files, as a secure context for Node's TLS. One instance serves all
 * members; the context is cached as long as the files have the same content.
 */
export class TlsFiles {
  readonly #tls: TlsOptions;
  readonly #readFile: ReadFile;
  #cached: { readonly pems: Pems; readonly context: SecureContext } | undefined;

  /** @throws {InvalidInputError} for invalid options. Files are not read here. */
  constructor(tls: TlsOptions, read: ReadFile = readFile) {
    checkTlsOptions(tls);
    this.#tls = tls;
    this.#readFile = read;
    if (tls.caFile ?? tls.certFile ?? tls.keyFile) return;
    try {
      this.#cached = this.#createContext(inline(tls));
    } catch (error) {
      throw error instanceof PemError ? new InvalidInputError(error.message) : error;
    }
  }

  /** The context for the next handshake. @throws {PemError} */
  async context(): Promise<SecureContext> {
    try {
      return await this.#read();
    } catch (error) {
      // The files were read while the pair was being replaced. By now the second file is probably written too.
      if (error instanceof MismatchError) return this.#read();
      throw error;
    }
  }

  async #read(): Promise<SecureContext> {
    const { caFile, certFile, keyFile } = this.#tls;
    if (this.#cached && !(caFile ?? certFile ?? keyFile)) return this.#cached.context;
    const [ca, cert, key] = await Promise.all([
      this.#readPem('ca', caFile),
      this.#readPem('cert', certFile),
      this.#readPem('key', keyFile),
    ]);
    const pems = { ...inline(this.#tls), ...ca, ...cert, ...key };
    if (!this.#cached || !samePems(this.#cached.pems, pems)) this.#cached = this.#createContext(pems);
    return this.#cached.context;
  }

  async #readPem(name: PemName, file: string | undefined): Promise<Pems> {
    if (file === undefined) return {};
    try {
      return { [name]: await this.#readFile(file) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new PemError(`${this.#optionName(name)} cannot be read: ${code}`, {
        cause: sanitizeError(error),
      });
    }
  }

  #createContext(pems: Pems): { pems: Pems; context: SecureContext } {
    const { ca, cert, key } = pems;
    if (ca) readCertificates(ca, this.#optionName('ca'));
    if (cert && key) this.#checkPair(cert, key);
    try {
      // As in Go, a trusted intermediate certificate ends the chain. Node 22.0 to 22.8 does not know the option and
      // requires the root.
      return {
        pems,
        context: createSecureContext({ ca, cert, key, allowPartialTrustChain: ca !== undefined }),
      };
    } catch (error) {
      throw new PemError('the certificates and keys of the options cannot be used', {
        cause: sanitizeError(error),
      });
    }
  }

  #checkPair(cert: Buffer, key: Buffer): void {
    const [leaf] = readCertificates(cert, this.#optionName('cert'));
    if (leaf?.checkPrivateKey(readKey(key, this.#optionName('key')))) return;
    throw new MismatchError(`${this.#optionName('key')} does not belong to ${this.#optionName('cert')}`);
  }

  #optionName(name: PemName): string {
    const file = this.#tls[`${name}File`];
    return file === undefined ? `tls.${name}` : `tls.${name}File ${file}`;
  }
}

function inline(tls: TlsOptions): Pems {
  const given = (['ca', 'cert', 'key'] as const).map((name) => [name, tls[name]] as const);
  return Object.fromEntries(
    given.flatMap(([name, pem]) => (pem === undefined ? [] : [[name, Buffer.from(pem)]])),
  );
}

function samePems(a: Pems, b: Pems): boolean {
  return (['ca', 'cert', 'key'] as const).every((name) => {
    const [one, other] = [a[name], b[name]];
    return one && other ? one.equals(other) : one === other;
  });
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Checks every certificate of a bundle.
 *
 * Workaround (Node 20.20; no public issue found, `tls.createSecureContext({ ca: 'no certificate' })` does not throw):
 * Node ignores what it cannot read, such as half a bundle or an empty file. Remove when Node rejects it.
 */
function readCertificates(pem: Buffer, name: string): X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(certificateBlock) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun === 0) throw new PemError(`${name} contains no certificate in PEM${pathHint(name)}`);
  if (begun !== blocks.length) throw new PemError(`${name} ends in the middle of a certificate`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new PemError(`${name} contains an invalid certificate`, { cause: sanitizeError(error) });
  }
}

function readKey(pem: Buffer, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const encrypted = pem.includes('ENCRYPTED') ? ', or an encrypted one' : '';
    throw new PemError(`${name} contains no private key in PEM${encrypted}${pathHint(name)}`, {
      cause: sanitizeError(error),
    });
  }
}

/** Suggests the option for a path. It does not read the value, which may be a key. */
function pathHint(name: string): string {
  return /^tls\.(ca|cert|key)$/.test(name) ? `; for a path use ${name}File` : '';
}
