import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { CertificateAuthority, type CertificatePair } from '#src/testing/certificates/index.js';
import { registerSecret } from '../../support/canary.js';

function make(tls: unknown, endpoint = 'https://127.0.0.1:1'): void {
  void new EtcdClient({ endpoints: [endpoint], tls } as EtcdClientOptions).close();
}

function refuses(tls: unknown, named: RegExp, endpoint?: string): void {
  assert.throws(
    () => make(tls, endpoint),
    (error: Error) => {
      assert.ok(error instanceof InvalidInputError, `${error.name}: ${error.message}`);
      assert.match(error.message, named);
      return true;
    },
  );
}

describe('TLS options', () => {
  let authority: CertificateAuthority;
  let pair: CertificatePair;

  before(async () => {
    authority = CertificateAuthority.root('all');
    pair = authority.issue();
  });

  const bad: readonly (readonly [unknown, RegExp])[] = [
    [false, /tls is false \(boolean\); it must be an object/],
    [true, /tls is true \(boolean\); it must be an object/],
    ['', /tls is a string; it must be an object/],
    [{ ca: 'x', caFile: '/x' }, /tls\.ca and tls\.caFile exclude each other/],
    [{ cert: 'x', certFile: '/x', key: 'x' }, /tls\.cert and tls\.certFile exclude each other/],
    [{ cert: 'x', key: 'x', keyFile: '/x' }, /tls\.key and tls\.keyFile exclude each other/],
    [{ cert: 'x' }, /tls\.key is missing beside tls\.cert/],
    [{ certFile: '/x' }, /tls\.keyFile is missing beside tls\.certFile/],
    [{ keyFile: '/x' }, /tls\.certFile is missing beside tls\.keyFile/],
    [{ ca: 7 }, /tls\.ca is a number; it must be PEM/],
    [{ caFile: '' }, /tls\.caFile is ''; it must be the path/],
    [{ caFile: 7 }, /tls\.caFile is '7'/],
    [{ ca: 'none' }, /tls\.ca contains no certificate in PEM/],
    [{ ca: '' }, /tls\.ca contains no certificate in PEM/],
    [{ serverName: '' }, /tls\.serverName is ''; it must be a host name or an IP address/],
    [{ serverName: 'a b' }, /tls\.serverName is 'a b'/],
    [{ serverName: 'https://a' }, /tls\.serverName is 'https:\/\/a'/],
    [{ serverName: 'a:1' }, /tls\.serverName is 'a:1'/],
    [{ dangerouslySkipVerification: 'no' }, /tls\.dangerouslySkipVerification is 'no' \(string\)/],
  ];
  for (const [tls, named] of bad) {
    it(`${JSON.stringify(tls)} are rejected, and the error names them`, () => refuses(tls, named));
  }

  it('with http:// are refused: there is no fallback to plaintext', () => {
    refuses({}, /tls is given, but the endpoints use http/, 'http://127.0.0.1:1');
  });

  it('for a socket whose file name is not a host require a server name', () => {
    refuses(
      {},
      /endpoint 'unixs:\/run\/my etcd' has no host to verify: set tls\.serverName/,
      'unixs:/run/my etcd',
    );
    make({ serverName: 'etcd.test' }, 'unixs:/run/my etcd');
  });

  it('with invalid PEM are refused immediately, and the PEM is not shown', async () => {
    const other = authority.issue();
    refuses({ cert: pair.cert, key: other.key }, /tls\.key does not belong to tls\.cert/);
    refuses(
      { cert: pair.cert, key: 'hush' },
      /: tls\.key contains no private key in PEM; for a path use tls\.keyFile$/,
    );
    refuses(
      { cert: 'hush', key: pair.key },
      /: tls\.cert contains no certificate in PEM; for a path use tls\.certFile$/,
    );
    refuses(
      { ca: authority.pem + pair.cert.slice(0, 300) },
      /: tls\.ca ends in the middle of a certificate$/,
    );
    refuses({ ca: authority.pem.replace('MII', 'AAA') }, /: tls\.ca contains an invalid certificate$/);
  });

  it('with files do not read them before the first connection', () => {
    make({ caFile: '/nowhere/ca.pem', certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' });
  });

  it('that skip verification cause one warning per client, and others none', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    try {
      make({ dangerouslySkipVerification: true });
      make({ dangerouslySkipVerification: false });
      make({ ca: authority.pem });
      void new EtcdClient({ endpoints: ['a:1', 'b:1'], tls: { dangerouslySkipVerification: true } }).close();
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', listen);
    }
    const ours = warnings.filter((warning) => (warning as { code?: string }).code === 'ETCD_TLS_UNVERIFIED');
    assert.equal(ours.length, 2);
  });
});

describe('a key in place of a path', () => {
  it('is refused, and not shown', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    registerSecret(pem);
    assert.throws(
      () => new EtcdClient({ endpoints: ['https://a:1'], tls: { certFile: 'c.pem', keyFile: pem } }),
      (error: Error) =>
        error instanceof InvalidInputError &&
        /keyFile contains PEM/.test(error.message) &&
        pem.split('\n').every((line) => line === '' || !error.message.includes(line)),
    );
  });
});
