import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner } from './support.js';

const same = (bytes: Buffer) => bytes;
const healthService = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};
const statuses = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2 };
type Status = keyof typeof statuses;

describe('etcd-naming doctor with --tls and --health', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
  const caFile = join(folder, 'ca.pem');
  let authority: CertificateAuthority;
  const servers: Server[] = [];
  let client: EtcdClient;
  let target: string;
  let round = 0;

  before(async () => {
    authority = CertificateAuthority.root('servers');
    writeFileSync(caFile, authority.pem);
  });

  after(() => rmSync(folder, { recursive: true }));

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}transport-${++round}/svc`;
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) server.forceShutdown();
    await client.close();
  });

  const put = (addr: string) => client.kv.put(`${target}/${addr}`, JSON.stringify({ Op: 0, Addr: addr }));

  /** Starts and registers a server. Without a status it has no health service, without a name no TLS. */
  async function serve(status?: Status, name?: string): Promise<string> {
    const server = new Server();
    servers.push(server);
    if (status !== undefined) {
      const number = statuses[status];
      const response = Buffer.from(number === 0 ? [] : [0x08, number]);
      server.addService(healthService, {
        check: (_: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, response),
      });
    }
    const pair = name === undefined ? undefined : authority.issue({ names: [name] });
    const credentials = pair
      ? ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(pair.cert), private_key: Buffer.from(pair.key) },
        ])
      : ServerCredentials.createInsecure();
    const addr = `127.0.0.1:${await promisify(server.bindAsync.bind(server))('127.0.0.1:0', credentials)}`;
    await put(addr);
    return addr;
  }

  async function examine(...flags: string[]) {
    const { code, stdout, stderr } = await commands.run('doctor', target, '--json', ...flags);
    assert.equal(stderr, '');
    const { findings } = JSON.parse(stdout) as {
      findings: { level: string; check: string; message: string }[];
    };
    const found = (check: string) =>
      findings.filter((one) => one.check === check).map(({ level, message }) => `${level}: ${message}`);
    return { code, tls: found('tls'), health: found('health') };
  }

  const tlsFlags = ['--server-name', 'svc.internal', '--server-cacert', caFile];

  it('does not check TLS or health without the flags', async () => {
    await serve('NOT_SERVING');
    assert.deepEqual(await examine(), { code: 0, tls: [], health: [] });
  });

  it('reports servers whose status is SERVING', async () => {
    await serve('SERVING');
    assert.deepEqual(await examine('--health'), { code: 0, tls: [], health: ['ok: 1 of 1 report SERVING'] });
  });

  for (const status of ['NOT_SERVING', 'UNKNOWN'] as const)
    it(`reports servers whose status is ${status}: all of them as a problem, some as a warning`, async () => {
      const addr = await serve(status);
      const all = await examine('--health');
      assert.equal(all.code, 4);
      assert.deepEqual(all.health, [`problem: 1 of 1 do not report SERVING: ${addr} (${status})`]);
      await serve('SERVING');
      const some = await examine('--health');
      assert.equal(some.code, 0);
      assert.deepEqual(some.health, [
        'ok: 1 of 2 report SERVING',
        `warning: 1 of 2 do not report SERVING: ${addr} (${status})`,
      ]);
    });

  it('warns about servers without a health service', async () => {
    const addr = await serve();
    const { code, health } = await examine('--health');
    assert.equal(code, 0);
    assert.match(health.join(), new RegExp(`^warning: 1 of 1 speak gRPC but have no health .*: ${addr}`));
  });

  it('reports an address that accepts connections and is not a gRPC server', async () => {
    const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    try {
      await put(`127.0.0.1:${(listener.address() as { port: number }).port}`);
      const { code, health } = await examine('--health');
      assert.equal(code, 4);
      assert.match(health.join(), /^problem: 1 of 1 do not report SERVING: /);
      assert.match(
        (await examine('--tls')).tls.join(),
        /^problem: 1 of 1 failed the TLS handshake for 'svc': /,
      );
    } finally {
      listener.close();
    }
  });

  it('says that an HTTP/1 server does not speak HTTP/2', async () => {
    const web = createWebServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    try {
      const addr = `127.0.0.1:${(web.address() as { port: number }).port}`;
      await put(addr);
      const { code, health } = await examine('--health');
      assert.equal(code, 4);
      assert.deepEqual(health, [
        `problem: 1 of 1 do not report SERVING: ${addr} (the server does not speak HTTP/2)`,
      ]);
    } finally {
      web.close();
    }
  });

  it('verifies the certificates, and checks health over the same connection', async () => {
    await serve('SERVING', 'svc.internal');
    assert.deepEqual(await examine(...tlsFlags, '--health'), {
      code: 0,
      tls: ["ok: all 1 have a valid certificate for 'svc.internal' and speak HTTP/2"],
      health: ['ok: 1 of 1 report SERVING'],
    });
  });

  it('verifies the last part of the service as the name, as channelTarget() does', async () => {
    await serve(undefined, 'svc');
    const { code, tls } = await examine('--server-cacert', caFile);
    assert.deepEqual([code, tls], [0, ["ok: all 1 have a valid certificate for 'svc' and speak HTTP/2"]]);
  });

  it('reports certificates for another name: all of them as a problem, some as a warning', async () => {
    const addr = await serve('SERVING', 'other.internal');
    const all = await examine(...tlsFlags);
    assert.equal(all.code, 4);
    assert.match(
      all.tls.join(),
      new RegExp(`^problem: 1 of 1 failed the TLS handshake for 'svc.internal': ${addr} \\(.*altnames`),
    );
    await serve('SERVING', 'svc.internal');
    const some = await examine(...tlsFlags, '--health');
    assert.equal(some.code, 0);
    assert.match(some.tls.join(), /^warning: 1 of 2 failed the TLS handshake/);
    assert.deepEqual(some.health, ['ok: 1 of 1 report SERVING']);
  });

  it('reports certificates of an unknown authority, and servers without TLS', async () => {
    await serve('SERVING', 'svc.internal');
    const unknown = await examine('--tls', '--server-name', 'svc.internal');
    assert.deepEqual([unknown.code, unknown.tls.length], [4, 1]);
    assert.match(unknown.tls.join(), /self-signed|unable to verify/);
    await client.kv.delete({ prefix: `${target}/` });
    await serve('SERVING');
    const plaintext = await examine(...tlsFlags);
    assert.deepEqual([plaintext.code, plaintext.tls.length], [4, 1]);
  });

  it('rejects a CA file that cannot be read', async () => {
    const { code, stderr } = await commands.run('doctor', target, '--server-cacert', join(folder, 'none'));
    assert.equal(code, 2);
    assert.match(stderr, /^etcd-naming: --server-cacert .*none cannot be read: ENOENT\n$/);
  });
});
