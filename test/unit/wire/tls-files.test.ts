import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { PemError, TlsFiles } from '#src/wire/tls/files.js';

describe('TLS files', () => {
  let folder: string;
  let authority: CertificateAuthority;
  const path = (name: string) => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-tls-'));
    authority = CertificateAuthority.root('all');
    await writeFile(path('ca.pem'), authority.pem);
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('with unchanged content are not parsed again', async () => {
    const files = new TlsFiles({ caFile: path('ca.pem') });
    assert.equal(await files.context(), await files.context());
  });

  it('that have changed are used by the next connection', async () => {
    const files = new TlsFiles({ caFile: path('ca.pem') });
    const before = await files.context();
    await writeFile(path('ca.pem'), CertificateAuthority.root('next').pem);
    assert.notEqual(await files.context(), before);
  });

  it('that are temporarily invalid fail each connection, and are used again once they are valid', async () => {
    const files = new TlsFiles({ caFile: path('ca.pem') });
    const good = await files.context();
    await writeFile(path('ca.pem'), '');
    for (let i = 0; i < 2; i++) {
      await assert.rejects(files.context(), (error: Error) => {
        assert.ok(error instanceof PemError);
        assert.equal(error.message, `tls.caFile ${path('ca.pem')} contains no certificate in PEM`);
        return true;
      });
    }
    await writeFile(path('ca.pem'), authority.pem);
    assert.equal(await files.context(), good);
  });

  it('can be combined with PEM options', async () => {
    const { cert, key } = authority.issue();
    await writeFile(path('client.key'), key);
    await new TlsFiles({ ca: authority.pem, cert, keyFile: path('client.key') }).context();
  });

  it('read between the writes of a pair are read a second time before an error is reported', async () => {
    const [before, after] = [authority.issue(), authority.issue()];
    const keys = [after.key];
    const files = new TlsFiles({ certFile: 'cert', keyFile: 'key' }, async (name) =>
      Buffer.from(name === 'key' ? (keys.shift() ?? before.key) : before.cert),
    );
    await files.context();
    assert.equal(keys.length, 0);
  });

  it('with a mismatched pair are reported by both names', async () => {
    await writeFile(path('client.pem'), authority.issue().cert);
    await writeFile(path('client.key'), authority.issue().key);
    const files = new TlsFiles({ certFile: path('client.pem'), keyFile: path('client.key') });
    await assert.rejects(files.context(), {
      name: 'PemError',
      message: `tls.keyFile ${path('client.key')} does not belong to tls.certFile ${path('client.pem')}`,
    });
  });
});
