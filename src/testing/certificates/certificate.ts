import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  bitString,
  boolean,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.js';

/** The fields of a certificate. */
export interface CertificateFields {
  /** Empty for a certificate without. */
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** The signer; for a self-signed certificate, the certificate's own name and keys. */
  readonly issuer: {
    readonly commonName: string;
    readonly publicKey: KeyObject;
    readonly privateKey: KeyObject;
  };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whether its key may sign certificates. */
  readonly isAuthority: boolean;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly uses: readonly CertificateUse[];
}

export type CertificateUse = 'server' | 'client';

const useIds: Readonly<Record<CertificateUse, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
};
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
/** The values of the extension keyUsage; its bits are counted from the left. */
const signsCertificates = bitString(Buffer.of(0b0000_0110), 1);
const signsHandshakes = bitString(Buffer.of(0b1000_0000), 7);

/**
 * Creates a certificate as PEM. All keys are of the curve P-256.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function createCertificate(fields: CertificateFields): string {
  const { issuer, publicKey } = fields;
  const unsigned = sequence(
    tagged(0, integer(Buffer.of(2)), { constructed: true }), // version 3
    integer(randomBytes(16)),
    ecdsaWithSha256,
    nameOf(issuer.commonName),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    nameOf(fields.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensionsOf(fields)), { constructed: true }),
  );
  const certificate = sequence(
    unsigned,
    ecdsaWithSha256,
    bitString(sign('sha256', unsigned, issuer.privateKey)),
  );
  return toPem(certificate);
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(commonName: string): Buffer {
  if (commonName === '') return sequence();
  return sequence(set(sequence(objectId('2.5.4.3'), utf8String(commonName))));
}

function extensionsOf({ isAuthority, names, uses, publicKey, issuer }: CertificateFields): Buffer[] {
  const critical = { critical: true };
  const extensions = [
    extension('2.5.29.15', isAuthority ? signsCertificates : signsHandshakes, critical),
    extension('2.5.29.14', octetString(keyIdOf(publicKey))),
    extension('2.5.29.35', sequence(tagged(0, keyIdOf(issuer.publicKey)))),
  ];
  if (isAuthority) extensions.push(extension('2.5.29.19', sequence(boolean(true)), critical));
  else extensions.push(extension('2.5.29.37', sequence(...uses.map((use) => objectId(useIds[use])))));
  if (names.length > 0) extensions.push(extension('2.5.29.17', sequence(...names.map(alternativeName))));
  return extensions;
}

function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Any value that is unique to the key. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest().subarray(0, 20);
}

function alternativeName(name: string): Buffer {
  const address = addressBytes(name);
  return address ? tagged(7, address) : tagged(2, Buffer.from(name, 'latin1'));
}

/** The bytes of an IP address; undefined for a DNS name. */
function addressBytes(name: string): Buffer | undefined {
  if (isIPv4(name)) return Buffer.from(name.split('.').map(Number));
  if (!isIPv6(name)) return undefined;
  // A URL has the groups in hexadecimal, also of an address that ends like an IPv4 address.
  const { hostname } = new URL(`http://[${name}]`);
  const [start = [], end = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const zeros = hostname.includes('::') ? Array<string>(8 - start.length - end.length).fill('0') : [];
  const groups = [...start, ...zeros, ...end].map((group) => group.padStart(4, '0'));
  return Buffer.from(groups.join(''), 'hex');
}
