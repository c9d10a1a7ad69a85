import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CertificateAuthority, type CertificatePair, selfSigned } from '#src/testing/certificates/index.js';

function read({ cert }: Pick<CertificatePair, 'cert'>): X509Certificate {
  return new X509Certificate(cert);
}

describe('a certificate authority for tests', () => {
  const root = CertificateAuthority.root('root');

  it('is an authority that signed itself', () => {
    const certificate = read({ cert: root.pem });
    assert.equal(certificate.ca, true);
    assert.equal(certificate.subject, 'CN=root');
    assert.equal(certificate.checkIssued(certificate), true);
    assert.equal(certificate.verify(certificate.publicKey), true);
  });

  it('signs certificates that belong to their keys', () => {
    const pair = root.issue({ commonName: 'über', names: ['etcd.test'] });
    const [certificate, authority] = [read(pair), read({ cert: root.pem })];
    assert.equal(certificate.ca, false);
    assert.equal(certificate.subject, 'CN=über');
    assert.equal(certificate.issuer, 'CN=root');
    assert.equal(certificate.checkIssued(authority), true);
    assert.equal(certificate.verify(authority.publicKey), true);
    assert.equal(certificate.checkPrivateKey(createPrivateKey(pair.key)), true);
  });

  it('gives each certificate a number of its own', () => {
    const numbers = Array.from({ length: 100 }, () => read(root.issue()).serialNumber);
    assert.equal(new Set(numbers).size, 100);
    for (const number of numbers) assert.match(number, /^[0-9A-F]{2,32}$/);
  });

  it('writes DNS names and addresses', () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}`;
    const names = ['localhost', long, '127.0.0.1', '::1', 'fe80::1:2', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'];
    const certificate = read(root.issue({ names }));
    for (const name of ['localhost', long]) assert.equal(certificate.checkHost(name), name);
    for (const address of names.slice(2)) assert.equal(certificate.checkIP(address), address);
    assert.equal(certificate.checkHost('other'), undefined);
    assert.equal(certificate.checkIP('127.0.0.2'), undefined);
  });

  it('omits the common name if it is empty', () => {
    assert.equal(read(root.issue({ commonName: '' })).subject, undefined);
  });

  it('writes the uses', () => {
    const [server, client] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    assert.deepEqual(read(root.issue()).keyUsage, [server, client]);
    assert.deepEqual(read(root.issue({ uses: ['client'] })).keyUsage, [client]);
  });

  it('limits the validity, also beyond 2049, where the format of a time changes', () => {
    const now = Date.now();
    for (const days of [1, 30 * 365]) {
      const { validFrom, validTo } = read(root.issue({ validFrom: -2, validUntil: days }));
      assert.ok(Math.abs(Date.parse(validFrom) - (now - 2 * 86_400_000)) < 60_000, validFrom);
      assert.ok(Math.abs(Date.parse(validTo) - (now + days * 86_400_000)) < 60_000, validTo);
    }
  });

  it('has intermediate authorities, whose certificates come with their chain', () => {
    const middle = root.intermediate('middle');
    const { cert } = middle.issue();
    assert.equal(cert.split('BEGIN CERTIFICATE').length - 1, 2);
    assert.ok(cert.endsWith(middle.pem));
    assert.equal(read({ cert: middle.pem }).verify(read({ cert: root.pem }).publicKey), true);
    assert.equal(read({ cert }).checkIssued(read({ cert: middle.pem })), true);
  });
});

describe('a self-signed certificate for tests', () => {
  it('is its own issuer, and no authority', () => {
    const certificate = read(selfSigned({ names: ['localhost'] }));
    assert.equal(certificate.verify(certificate.publicKey), true);
    assert.equal(certificate.ca, false);
    assert.equal(certificate.checkHost('localhost'), 'localhost');
  });
});
