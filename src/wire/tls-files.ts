import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { InvalidInputError } from '../errors/index.js';
import { sanitizeError } from './tls-failure.js';
import { checkTlsOptions, type PemName, type TlsOptions } from './tls-options.js';

type ReadFile = (path: string) => Promise<Buffer>;
type Pems = Readonly<Partial<Record<PemName, Buffer>>>;

/** The options' certificates and key cannot be used. The text names the option and the file, and shows no content. */
export class PemError extends Error {
  override readonly name = 'BadPem';
}

/** A certificate and a key that do not match: half of a pair that is being replaced may be on disk. */
class MismatchError extends PemError {}

/**
 * The client's certificates and key as Node's TLS takes them, from options and files. One for all members; what it made
 * is kept and given again as long as the files hold the same bytes.
 */
export class TlsFiles {
  readonly #tls: TlsOptions;
  readonly #readFile: ReadFile;
  #cached: { readonly pems: Pems; readonly context: SecureContext } | undefined;

  /** @throws {InvalidInputError} for options that cannot work. Files are not looked at. */
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

  /** For the next handshake. @throws {PemError} */
  async context(): Promise<SecureContext> {
    try {
      return await this.#read();
    } catch (error) {
      // Read between the writes of the two: by now the other one is there too, most likely.
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
      // As in Go: whatever certificate the caller trusts ends the chain, an intermediate one too. Node 22.0 to 22.8
      // does not know the option, and wants the root.
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

/** Node itself takes what it can read and passes over the rest: half a bundle would go unnoticed, or an empty file. */
function readCertificates(pem: Buffer, name: string): X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(certificateBlock) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun === 0) throw new PemError(`${name} holds no certificate in PEM${pathHint(name)}`);
  if (begun !== blocks.length) throw new PemError(`${name} breaks off within a certificate`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new PemError(`${name} holds something that is no certificate`, { cause: sanitizeError(error) });
  }
}

function readKey(pem: Buffer, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const encrypted = pem.includes('ENCRYPTED') ? ', or an encrypted one' : '';
    throw new PemError(`${name} holds no private key in PEM${encrypted}${pathHint(name)}`, {
      cause: sanitizeError(error),
    });
  }
}

/** Never by what was given: that may be a key. */
function pathHint(name: string): string {
  return /^tls\.(ca|cert|key)$/.test(name) ? `; for a path use ${name}File` : '';
}
