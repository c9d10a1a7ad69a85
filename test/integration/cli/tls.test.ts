import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { CommandRunner } from './support.js';

describe('etcd-naming on an etcd that requires TLS and a client certificate', () => {
  let etcd: TlsEtcd;
  let folder: string;
  const file = (name: string) => join(folder, name);
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: `https://${etcd.secure}` }));
  const credentials = () => ['--cert', file('client.pem'), '--key', file('client.key')];

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-cli-'));
    const [servers, clients] = [CertificateAuthority.root('servers'), CertificateAuthority.root('clients')];
    const client = clients.issue({ uses: ['client'] });
    await writeFile(file('ca.pem'), servers.pem);
    await writeFile(file('client.pem'), client.cert);
    await writeFile(file('client.key'), client.key);
    etcd = await startTlsEtcd(servers.issue({ names: ['127.0.0.1'] }), clients.pem);
  });

  after(async () => {
    await etcd?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('reads the file names from flags and variables', async () => {
    const flags = ['--cacert', file('ca.pem'), ...credentials()];
    const added = await commands.run('add', 'svc', '10.0.0.1:1', ...flags);
    assert.equal(added.code, 0, added.stderr);
    const env = {
      ETCDCTL_CACERT: file('ca.pem'),
      ETCDCTL_CERT: file('client.pem'),
      ETCDCTL_KEY: file('client.key'),
    };
    assert.match((await commands.runWith(env, 'ls', 'svc')).stdout, /10\.0\.0\.1:1/);
  });

  it('exits with 3 and the reason, and the doctor advises what to do', async () => {
    const untrusted = await commands.run('ls', 'svc', ...credentials());
    assert.equal(untrusted.code, 3);
    assert.match(untrusted.stderr, /^etcd-naming: UNAVAILABLE: [^\n]*\n$/);
    const advice = async (...flags: string[]) => {
      const { code, stdout } = await commands.run('doctor', 'svc', ...flags);
      assert.equal(code, 3);
      return /^Next steps:\n +1\. etcd: ([^\n]*)/m.exec(stdout)?.[1] ?? stdout;
    };
    assert.match(await advice(...credentials()), /name the authority that signed its certificate: --cacert/);
    assert.match(
      await advice('--cacert', file('ca.pem')),
      /it requires a client certificate: --cert and --key/,
    );
    assert.match(await advice('--cacert', file('none.pem'), ...credentials()), /check the files/);
    assert.match(await advice('--endpoints', etcd.secure), /it speaks TLS: use https:/);
  });

  it('accepts any certificate with --insecure-skip-tls-verify', async () => {
    const { code, stderr } = await commands.run('ls', '--insecure-skip-tls-verify', ...credentials());
    assert.equal(code, 0, stderr);
  });
});
