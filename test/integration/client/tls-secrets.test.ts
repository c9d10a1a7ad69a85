import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { EtcdClient, EtcdClientOptions } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import { CertificateAuthority, type CertificatePair } from '#src/testing/certificates/index.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { useClients } from './support.js';

/** The start of a private key in PEM as hex bytes, the form in which Node prints a Buffer. */
const pemInHex = [...Buffer.from('-----BEGIN PRIV')].map((byte) => byte.toString(16)).join(' ');

/** Fails if the text contains any part of the key. */
function assertKeepsSecret(text: string, { key }: CertificatePair, where: string): void {
  const lines = key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
  assert.ok(lines.length >= 2);
  for (const secret of [...lines, 'PRIVATE KEY', pemInHex]) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `${where} shows the key: ${text.slice(Math.max(0, at - 200), at + 40)}`);
  }
}

const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null } as const;

describe('the private key of a client certificate', () => {
  const { connect } = useClients();
  let folder: string;
  let authority: CertificateAuthority;
  let etcd: TlsEtcd;
  let pair: CertificatePair;
  /** Node's internal object of each TLS socket created in this file, because clients do not expose their sockets. */
  const wraps: object[] = [];
  const hook = createHook({
    init(_, type, __, resource) {
      if (type === 'TLSWRAP') wraps.push(resource);
    },
  });
  let files: { readonly certFile: string; readonly keyFile: string };

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(300_000);
    hook.enable();
    authority = CertificateAuthority.root('all');
    pair = authority.issue();
    etcd = await startTlsEtcd(authority.issue({ names: ['127.0.0.1'] }), authority.pem);
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-tls-'));
    files = { certFile: join(folder, 'client.pem'), keyFile: join(folder, 'client.key') };
    await writeFile(files.certFile, pair.cert);
    await writeFile(files.keyFile, pair.key);
  });

  after(async () => {
    hook.disable();
    await etcd?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  const ways: readonly (readonly [string, () => EtcdClientOptions['tls']])[] = [
    ['as PEM', () => ({ ...pair })],
    ['as Buffers', () => ({ cert: Buffer.from(pair.cert), key: Buffer.from(pair.key) })],
    ['in a file', () => files],
  ];

  for (const [way, tls] of ways) {
    it(`given ${way} does not appear in a client or its sockets`, async () => {
      const client = connect([`https://${etcd.secure}`], { tls: { ca: authority.pem, ...tls() } });
      await client.kv.get('x');
      assertKeepsSecret(inspect(client, everything), pair, 'inspect(client)');
      assertKeepsSecret(JSON.stringify(client), pair, 'JSON of the client');
      assert.ok(wraps.length > 0);
      for (const wrap of wraps.splice(0)) {
        const seen = inspect(wrap, { ...everything, depth: 10 });
        assert.match(seen, /TLSSocket/);
        assertKeepsSecret(seen, pair, 'a socket');
      }
    });

    it(`given ${way} does not appear in the error of a client that cannot connect; neither does the server's certificate`, async () => {
      const others = CertificateAuthority.root('others');
      const client = connect([`https://${etcd.secure}`], { tls: { ca: others.pem, ...tls() } });
      const error = await failure(client);
      assertNothingButWords(error, pair);
    });
  }

  it('in a file that is not a valid key does not appear in the error', async () => {
    const broken = join(folder, 'broken.key');
    await writeFile(broken, pair.key.replace('PRIVATE', 'PRIVAT'));
    const client = connect([`https://${etcd.secure}`], { tls: { ...files, keyFile: broken } });
    const error = await failure(client);
    assert.match(error.message, /tls\.keyFile .+broken\.key contains no private key in PEM/);
    assertNothingButWords(error, pair);
  });

  it('that does not match the certificate does not appear in the error', async () => {
    const { cert } = authority.issue();
    assert.throws(
      () => connect([`https://${etcd.secure}`], { tls: { cert, key: pair.key } }),
      (error: EtcdError) => {
        assert.match(error.message, /tls\.key does not belong to tls\.cert/);
        assertNothingButWords(error, pair);
        return true;
      },
    );
  });
});

async function failure(client: EtcdClient): Promise<EtcdError> {
  return client.kv.get('x').then(
    () => assert.fail('connected'),
    (error: unknown) => {
      assert.ok(error instanceof EtcdError);
      return error;
    },
  );
}

function assertNothingButWords(error: EtcdError, pair: CertificatePair): void {
  const seen = `${inspect(error, everything)} ${JSON.stringify(error)} ${error.stack}`;
  assertKeepsSecret(seen, pair, 'the error');
  assert.doesNotMatch(seen, /BEGIN|<Buffer|issuerCertificate|opensslErrorStack/);
  assert.ok(seen.length < 10_000, `${seen.length} characters`);
}
