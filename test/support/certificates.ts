import 'reflect-metadata';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

/** A certificate, or a chain, and the key of the first certificate; PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses. Default: none, as in a client certificate. */
  readonly names?: readonly string[];
  /** Default: `leaf`. */
  readonly commonName?: string;
  /** Days from now; negative for the past. Default: from -1 to 1. */
  readonly validFrom?: number;
  readonly validUntil?: number;
  /** Default: both. */
  readonly uses?: readonly ('server' | 'client')[];
}

/** A certificate authority for tests, created in memory. */
export class CertificateAuthority {
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: CryptoKeyPair;
  /** The certificates to send with one signed by this authority, if it is not the root. */
  readonly #chain: string;

  private constructor(certificate: x509.X509Certificate, keys: CryptoKeyPair, chain: string) {
    this.pem = `${certificate.toString('pem')}\n`;
    this.#certificate = certificate;
    this.#keys = keys;
    this.#chain = chain;
  }

  static async root(name: string): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      ...validity(-1, 1),
      extensions: await authorityExtensions(keys),
      signingAlgorithm: algorithm,
    });
    return new CertificateAuthority(certificate, keys, '');
  }

  async intermediate(name: string): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await this.#sign(
      `CN=${name}`,
      keys,
      validity(-1, 1),
      await authorityExtensions(keys),
    );
    return new CertificateAuthority(certificate, keys, `${certificate.toString('pem')}\n${this.#chain}`);
  }

  /** Issues a certificate with its chain; see {@link leafOf}. */
  async issue(options: CertificateOptions = {}): Promise<CertificatePair> {
    const keys = await newKeys();
    const { validFrom = -1, validUntil = 1, commonName = 'leaf' } = options;
    const dates = validity(validFrom, validUntil);
    const certificate = await this.#sign(
      `CN=${commonName}`,
      keys,
      dates,
      await leafExtensions(keys, options),
    );
    const leaf = `${certificate.toString('pem')}\n`;
    return { cert: leaf + this.#chain, key: await privatePem(keys) };
  }

  async #sign(
    subject: string,
    { publicKey }: CryptoKeyPair,
    dates: ReturnType<typeof validity>,
    extensions: x509.Extension[],
  ): Promise<x509.X509Certificate> {
    return x509.X509CertificateGenerator.create({
      subject,
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      ...dates,
      extensions: [...extensions, await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey)],
      signingAlgorithm: algorithm,
    });
  }
}

/** A self-signed certificate. */
export async function selfSigned(options: CertificateOptions = {}): Promise<CertificatePair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=self',
    keys,
    ...validity(options.validFrom ?? -1, options.validUntil ?? 1),
    extensions: await leafExtensions(keys, options),
    signingAlgorithm: algorithm,
  });
  return { cert: certificate.toString('pem'), key: await privatePem(keys) };
}

/** The certificate of a pair without its chain. */
export function leafOf({ cert }: CertificatePair): string {
  const end = '-----END CERTIFICATE-----\n';
  return cert.slice(0, cert.indexOf(end) + end.length);
}

async function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privatePem({ privateKey }: CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

function validity(fromDays: number, untilDays: number) {
  const now = Date.now();
  return { notBefore: new Date(now + fromDays * dayMs), notAfter: new Date(now + untilDays * dayMs) };
}

async function authorityExtensions({ publicKey }: CryptoKeyPair): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

async function leafExtensions(
  { publicKey }: CryptoKeyPair,
  { names = [], uses = ['server', 'client'] }: CertificateOptions,
): Promise<x509.Extension[]> {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const alternatives = names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name }) as const);
  return [
    new x509.ExtendedKeyUsageExtension(uses.map((use) => (use === 'server' ? serverAuth : clientAuth))),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...alternatives])]),
  ];
}
