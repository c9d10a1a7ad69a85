import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { DeadlineError, InvalidInputError, TlsError } from '#src/errors/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { startEtcd } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { DnsServer } from '../../support/dns-server.js';
import { useEtcd } from '../../support/etcd.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';

const portOf = (address: string) => Number(new URL(`tcp://${address}`).port);

/** Clients of a DNS server whose names are known to it alone. */
function useNames() {
  const clients: EtcdClient[] = [];
  let dns: DnsServer;
  beforeEach(async () => {
    dns = await DnsServer.start();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await dns.close();
  });
  return {
    dns: () => dns,
    serve: (name: string, ...addresses: string[]) => dns.records.set(name, { addresses }),
    connect(options: EtcdClientOptions): EtcdClient {
      const client = new EtcdClient({
        dns: { servers: [dns.address], refreshMs: 1_000 },
        timeoutMs: 5_000,
        ...options,
      });
      clients.push(client);
      return client;
    },
  };
}

describe('a call to one member, with dns.servers', () => {
  const { connect, dns, serve } = useNames();
  const etcd = useEtcd();
  let port: number;

  before(function () {
    skipUnlessBinary(this);
    port = portOf(etcd().endpoints[0] ?? '');
  });
  beforeEach(() => {
    serve('etcd.test', '127.0.0.1');
    serve('m0.node.test', '127.0.0.1');
  });

  const spellings = (name: string) => [
    `http://${name}:${port}`,
    `${name}:${port}`,
    `http://${name}:${port}/`,
    `${name.toUpperCase()}:${port}`,
    `${name}.:${port}`,
  ];
  for (const when of ['before', 'after'] as const)
    it(`finds the client's own name and another one in every spelling, ${when} the first ordinary call`, async () => {
      const client = connect({ endpoints: [`etcd.test:${port}`] });
      if (when === 'after') await client.kv.get('k');
      for (const endpoint of [...spellings('etcd.test'), ...spellings('m0.node.test'), `127.0.0.1:${port}`])
        assert.equal((await client.maintenance.status(endpoint)).version, etcd().version, endpoint);
      await client.kv.get('k');
    });

  it('finds the name for a snapshot too', async () => {
    const client = connect({ endpoints: [`etcd.test:${port}`] });
    const snapshot = client.maintenance.snapshot(`http://m0.node.test:${port}`);
    for await (const part of snapshot) assert.ok(part.length > 0);
    assert.equal(snapshot.receivedBytes, snapshot.totalBytes);
  });

  it('finds a name with several addresses', async () => {
    serve('m0.node.test', '127.0.0.1', '127.0.0.2');
    const client = connect({ endpoints: [`etcd.test:${port}`] });
    await client.maintenance.status(`m0.node.test:${port}`);
  });

  it('rejects with the answer of DNS for a name without an address, and sees one that it gets later', async () => {
    const client = connect({ endpoints: [`etcd.test:${port}`] });
    await assert.rejects(
      client.maintenance.status(`late.test:${port}`, { timeoutMs: 500 }),
      (error) =>
        error instanceof DeadlineError &&
        /member late\.test:\d+.*: the name late\.test cannot be resolved: ENOTFOUND/.test(error.message),
    );
    await assert.rejects(async () => {
      for await (const part of client.maintenance.snapshot(`late.test:${port}`)) assert.fail(String(part));
    }, /the name late\.test cannot be resolved: ENOTFOUND/);
    const status = client.maintenance.status(`late.test:${port}`);
    serve('late.test', '127.0.0.1');
    await status;
  });

  it('names the member in the text of a refusal', async () => {
    const client = connect({ endpoints: [`etcd.test:${port}`] });
    await assert.rejects(
      client.maintenance.moveLeader(`m0.node.test:${port}`, 1n),
      new RegExp(`\\(MoveLeader to member 1 on m0\\.node\\.test:${port}\\)`),
    );
    await assert.rejects(
      client.maintenance.hashKv(`m0.node.test:${port}`, { revision: 1_000_000n }),
      new RegExp(`on m0\\.node\\.test:${port}`),
    );
  });

  it('follows SRV records that decide on plaintext, before the first ordinary call', async () => {
    dns().records.set('_etcd-client._tcp.srv.test', { srv: [{ name: 'm0.node.test', port }] });
    const client = connect({ discovery: { srv: 'srv.test', insecure: true } });
    await client.maintenance.status(`http://m0.node.test:${port}`);
    await assert.rejects(client.maintenance.status(`https://m0.node.test:${port}`), InvalidInputError);
  });
});

describe('a call to one member with TLS, with dns.servers', () => {
  const { connect, dns, serve } = useNames();
  const authority = CertificateAuthority.root('endpoint names');
  const tls = { ca: authority.pem };
  let etcd: TlsEtcd;
  let port: number;

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(60_000);
    etcd = await startTlsEtcd(authority.issue({ names: ['etcd.test', 'm0.node.test'] }));
    port = portOf(etcd.secure);
  });
  after(() => etcd?.close());

  for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']])
    for (const when of ['before', 'after'] as const)
      it(`proves the name of the endpoint, ${when} the first ordinary call, with ${addresses.length} addresses`, async () => {
        serve('etcd.test', ...addresses);
        serve('m0.node.test', '127.0.0.1');
        serve('other.test', '127.0.0.1');
        const client = connect({ endpoints: [`https://etcd.test:${port}`], tls });
        if (when === 'after') await client.kv.get('k');
        for (const host of [
          'etcd.test',
          'ETCD.test',
          'etcd.test.',
          'm0.node.test',
          'm0.NODE.test.',
          '127.0.0.1',
        ])
          for (const endpoint of [`https://${host}:${port}`, `${host}:${port}`, `https://${host}:${port}/`])
            await client.maintenance.status(endpoint);
        await assert.rejects(
          client.maintenance.status(`other.test:${port}`),
          (error) => error instanceof TlsError && error.reason === 'wrong-name',
        );
        await client.kv.get('k');
      });

  it('keeps the endpoint of an address when its name no longer has others', async () => {
    serve('etcd.test', '127.0.0.1', '127.0.0.2');
    const client = connect({ endpoints: [`https://etcd.test:${port}`], tls });
    await client.maintenance.status(`https://127.0.0.1:${port}`);
    const changed = (async () => {
      for await (const event of client.status())
        if (event.type === 'members-changed' && event.endpoints.length === 1) return;
    })();
    await client.kv.get('k');
    serve('etcd.test', '127.0.0.1');
    await changed;
    await client.maintenance.status(`https://127.0.0.1:${port}`);
  });

  it('and a password as the first call follow SRV records that decide on TLS', async () => {
    serve('m0.node.test', '127.0.0.1');
    const discovery = { srv: 'srv.test', insecure: true };
    const name = '_etcd-client-ssl._tcp.srv.test';
    dns().records.set(name, { srv: [{ name: 'm0.node.test', port }] });
    const isUntrusted = (error: unknown) => error instanceof TlsError && error.reason === 'unknown-authority';
    // Without the option tls, these members are found with Node's own authorities, which do not know the test's.
    for (const call of [
      (client: EtcdClient) => client.auth.users.add('u', { password: secretOf('srv user') }),
      (client: EtcdClient) => client.auth.users.changePassword('u', secretOf('srv user')),
      (client: EtcdClient) => client.maintenance.status(`https://m0.node.test:${port}`),
      (client: EtcdClient) => client.maintenance.status(`m0.node.test:${port}`),
    ])
      await assert.rejects(call(connect({ discovery })), isUntrusted);
  });
});

describe('a password as the first call of a client that finds its members by SRV records', () => {
  const { connect, dns, serve } = useNames();
  const password = secretOf('srv first call');
  const discovery = { srv: 'srv.test', insecure: true };

  it('is refused for plaintext to another machine, by the name of the member', async () => {
    serve('m0.node.test', '127.0.0.1');
    const etcd = await startEtcd();
    try {
      const port = portOf(etcd.endpoints[0] ?? '');
      dns().records.set('_etcd-client._tcp.srv.test', { srv: [{ name: 'm0.node.test', port }] });
      await assert.rejects(
        connect({ discovery }).auth.users.add('u', { password }),
        (error) =>
          error instanceof InvalidInputError &&
          /in plaintext to 'http:\/\/m0\.node\.test:\d+'/.test(error.message),
      );
      await connect({ discovery }).auth.users.add('u', { password, allowPlaintext: true });
    } finally {
      await etcd.close();
    }
  });

  it('rejects at its deadline while DNS has no records', async () => {
    const client = connect({ discovery });
    const start = performance.now();
    await assert.rejects(
      client.auth.users.add('u', { password, timeoutMs: 700 }),
      (error) =>
        error instanceof DeadlineError &&
        error.verdict === 'not-applied' &&
        /no member found by DNS: SRV records of/.test(error.message),
    );
    assert.ok(performance.now() - start < 5_000);
  });

  it('ends with its signal and with the client', async () => {
    dns().records.set('_etcd-client-ssl._tcp.srv.test', 'silence');
    const client = connect({ discovery });
    const reason = new Error('left');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(client.auth.users.add('u', { password, signal }), (error) => error === reason);
    const added = assert.rejects(client.auth.users.add('u', { password }), { name: 'ClosedError' });
    await client.close();
    await added;
  });
});
