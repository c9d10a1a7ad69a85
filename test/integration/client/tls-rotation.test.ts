import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdClient, StatusEvent } from '#src/client/index.js';
import { TlsError, type TlsReason } from '#src/errors/index.js';
import { CertificateAuthority, type CertificatePair } from '#src/testing/certificates/index.js';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { eventually, useClients } from './support.js';

const names = ['127.0.0.1'];

describe('certificates that are replaced under a running client', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  let [servers, newServers, clients, strangers]: CertificateAuthority[] = [];
  let folder: string;
  let etcd: TlsEtcd;
  let proxy: FaultProxy;
  let client: EtcdClient;

  const path = (name: string) => join(folder, name);

  /** Replaces a file atomically, as rotation tools do. */
  async function replace(name: string, content: string): Promise<void> {
    await writeFile(path(`${name}.new`), content);
    await rename(path(`${name}.new`), path(name));
  }

  async function replacePair({ cert, key }: CertificatePair): Promise<void> {
    await Promise.all([replace('client.pem', cert), replace('client.key', key)]);
  }

  async function works(): Promise<void> {
    await client.kv.get('rotation'); // a read, because a lost connection makes a write ambiguous
  }

  async function failsWith(reason: TlsReason, text = /./): Promise<void> {
    await assert.rejects(works(), (error: unknown) => {
      assert.ok(error instanceof TlsError, `${error}`);
      assert.equal(error.reason, reason);
      assert.match(error.message, text);
      return true;
    });
  }

  /** Waits until calls work: for one second they may still reject with the error of the previous attempt. */
  async function worksSoon(): Promise<void> {
    await eventually('a call succeeds', () =>
      works().then(
        () => true,
        (error) => !(error instanceof TlsError) && assert.fail(error),
      ),
    );
  }

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(300_000);
    [servers, newServers, clients, strangers] = ['servers', 'new servers', 'clients', 'strangers'].map(
      (name) => CertificateAuthority.root(name),
    );
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-tls-'));
    etcd = await startTlsEtcd(servers!.issue({ names }), clients!.pem);
  });

  beforeEach(async () => {
    await etcd.rotate(servers!.issue({ names }));
    await replace('ca.pem', servers!.pem);
    await replacePair(clients!.issue());
    proxy = await startFaultProxy({ target: etcd.secure });
    client = connect([`https://${proxy.endpoint}`], {
      tls: { caFile: path('ca.pem'), certFile: path('client.pem'), keyFile: path('client.key') },
    });
    await works();
  });

  afterEach(() => proxy?.close());

  after(async () => {
    await etcd?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  it('do not affect the open connection, and are used for the next one', async () => {
    await replacePair(strangers!.issue());
    await works();
    assert.equal(proxy.accepted, 1);
    proxy.cut();
    await failsWith('client-certificate-rejected');
    await replacePair(clients!.issue());
    await worksSoon();
  });

  it('can include the server’s, with a new authority that the client already trusts', async () => {
    await replace('ca.pem', servers!.pem + newServers!.pem);
    await etcd.rotate(newServers!.issue({ names }));
    await works();
    assert.equal(proxy.accepted, 1);
    proxy.cut();
    await works();
    await replace('ca.pem', newServers!.pem);
    proxy.cut();
    await works();
  });

  it('fail calls with `unknown-authority` until the CA file has the new authority', async () => {
    await etcd.rotate(newServers!.issue({ names }));
    proxy.cut();
    await failsWith('unknown-authority');
    await replace('ca.pem', newServers!.pem);
    await worksSoon();
  });

  it('fail calls with `expired` until the expired certificate is replaced', async () => {
    await etcd.rotate(servers!.issue({ names, validFrom: -2, validUntil: -1 }));
    proxy.cut();
    await failsWith('expired');
    await etcd.rotate(servers!.issue({ names }));
    await worksSoon();
  });

  it('fail calls with `bad-files` and the file names while only the key is replaced', async () => {
    const next = clients!.issue();
    await replace('client.key', next.key);
    await works();
    proxy.cut();
    await failsWith('bad-files', /tls\.keyFile .+client\.key does not belong to tls\.certFile .+client\.pem/);
    await replace('client.pem', next.cert);
    await worksSoon();
  });

  it('fail calls with `bad-files` and the file name while a file is missing', async () => {
    await rm(path('ca.pem'));
    await works();
    proxy.cut();
    await failsWith('bad-files', /tls\.caFile .+ca\.pem cannot be read: ENOENT/);
    await replace('ca.pem', servers!.pem);
    await worksSoon();
  });

  it('do not end a watch or a held lease: both keep trying, status() has the reason, and no event is lost', async () => {
    const events: StatusEvent[] = [];
    void (async () => {
      for await (const event of client.status()) events.push(event);
    })();
    const kept = await client.lease.hold({ ttlSeconds: 30 });
    const watcher = client.watch('watched');
    const next = watcher[Symbol.asyncIterator]().next();
    await eventually('the watch is open', async () => watcher.nextRevision !== undefined);
    await etcd.rotate(newServers!.issue({ names }));
    proxy.cut();
    const isTls = (event: StatusEvent) => event.type === 'disconnected' && event.error instanceof TlsError;
    await eventually('the status reports TLS', () => events.some(isTls));
    const other = connect([etcd.plain]);
    await other.kv.put('watched', 'meanwhile');
    await replace('ca.pem', newServers!.pem);
    const { value } = await next;
    assert.equal(value?.events[0]?.kv.value.toString(), 'meanwhile');
    await kept.revoke();
  });
});
