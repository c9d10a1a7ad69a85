import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { type CertificateUse, createCertificate } from './certificate.js';

const dayMs = 86_400_000;

/** A certificate, or a chain, and the key of the first certificate; PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses. Default: none, as in a client certificate. */
  readonly names?: readonly string[];
  /** Default: `leaf`; none if it is empty. */
  readonly commonName?: string;
  /** Days from now; negative for the past. Default: from -1 to 1. */
  readonly validFrom?: number;
  readonly validUntil?: number;
  /** Default: both. */
  readonly uses?: readonly CertificateUse[];
}

/** The name and the keys of a signer, and the certificates to send with one that it signs, if it is not the root. */
interface Signer extends KeyPairKeyObjectResult {
  readonly commonName: string;
  readonly chain: string;
}

/**
 * A certificate authority in memory, for tests. Node's crypto signs and verifies but does not create certificates, and an
 * `openssl` program is not on every machine that runs tests, so the project encodes them itself.
 */
export class CertificateAuthority {
  /** Its own certificate. */
  readonly pem: string;
  readonly #signer: Signer;

  private constructor(pem: string, signer: Signer) {
    this.pem = pem;
    this.#signer = signer;
  }

  static root(commonName: string): CertificateAuthority {
    const signer = { commonName, chain: '', ...newKeys() };
    return new CertificateAuthority(certify({ commonName }, signer, signer, true), signer);
  }

  intermediate(commonName: string): CertificateAuthority {
    const keys = newKeys();
    const pem = certify({ commonName }, keys, this.#signer, true);
    return new CertificateAuthority(pem, { commonName, chain: pem + this.#signer.chain, ...keys });
  }

  /** Issues a certificate with its chain. */
  issue(options: CertificateOptions = {}): CertificatePair {
    const keys = newKeys();
    return { cert: certify(options, keys, this.#signer) + this.#signer.chain, key: privatePem(keys) };
  }
}

/** A self-signed certificate. */
export function selfSigned(options: CertificateOptions = {}): CertificatePair {
  const keys = newKeys();
  const { commonName = 'self' } = options;
  return { cert: certify({ ...options, commonName }, keys, { commonName, ...keys }), key: privatePem(keys) };
}

function certify(
  {
    names = [],
    commonName = 'leaf',
    validFrom = -1,
    validUntil = 1,
    uses = ['server', 'client'],
  }: CertificateOptions,
  { publicKey }: Pick<Signer, 'publicKey'>,
  issuer: Omit<Signer, 'chain'>,
  isAuthority = false,
): string {
  const [notBefore, notAfter] = [daysFromNow(validFrom), daysFromNow(validUntil)];
  return createCertificate({ commonName, publicKey, issuer, notBefore, notAfter, isAuthority, names, uses });
}

function newKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function privatePem({ privateKey }: KeyPairKeyObjectResult): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}
