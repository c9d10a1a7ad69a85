import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions, type StatusEvent } from '#src/client/index.js';
import { DeadlineError, InvalidInputError, TlsError } from '#src/errors/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { secretOf } from '../../support/canary.js';
import { DnsServer, type ServedSrv } from '../../support/dns-server.js';
import { useEtcd } from '../../support/etcd.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { eventually, folderOf } from './support.js';

const domain = 'example.test';
const tlsRecords = `_etcd-client-ssl._tcp.${domain}`;
const plaintextRecords = `_etcd-client._tcp.${domain}`;

/** A DNS server, and the clients that use it. */
function useDns() {
  const clients: EtcdClient[] = [];
  const events: StatusEvent[] = [];
  let dns: DnsServer;
  beforeEach(async () => {
    events.length = 0;
    dns = await DnsServer.start();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await dns.close();
  });
  return {
    events,
    dns: () => dns,
    connect(
      discovery: Partial<EtcdClientOptions['discovery']> = {},
      options: EtcdClientOptions = {},
    ): EtcdClient {
      const client = new EtcdClient({
        discovery: { srv: domain, ...discovery },
        dns: { servers: [dns.address], refreshMs: 1_000 },
        timeoutMs: 3_000,
        ...options,
      });
      clients.push(client);
      void (async () => {
        for await (const event of client.status()) events.push(event);
      })();
      return client;
    },
    /** The endpoints of the last change. */
    endpoints: () => events.findLast((event) => event.type === 'members-changed')?.endpoints,
    serve: (name: string, ...srv: ServedSrv[]) => dns.records.set(name, { srv }),
    serveHost: (name: string, ...addresses: string[]) => dns.records.set(name, { addresses }),
  };
}

const isUnanswered = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DeadlineError, String(error));
  assert.match(error.message, pattern);
  return error.verdict === 'not-applied';
};

describe('a client that finds plaintext members by SRV records', () => {
  const { connect, dns, serve, serveHost, endpoints, events } = useDns();
  const etcd = useEtcd();
  let port: number;
  let key: string;

  before(() => {
    port = Number(new URL(`tcp://${etcd().endpoints[0]}`).port);
    key = `${folderOf(etcd())}k`;
  });
  beforeEach(() => {
    serve(plaintextRecords, { name: `m0.${domain}`, port });
    serveHost(`m0.${domain}`, '127.0.0.1');
  });

  it('with insecure discovery uses them as etcdctl does', async () => {
    const client = connect({ insecure: true });
    await client.kv.put(key, 'v');
    assert.deepEqual(endpoints(), [`http://m0.${domain}:${port}`]);
    assert.deepEqual(dns().questions.slice(0, 2).sort(), [`${tlsRecords} SRV`, `${plaintextRecords} SRV`]);
  });

  it('asks for the records of a service name, and accepts a domain with a final dot', async () => {
    serve(`_etcd-client-blue._tcp.${domain}`, { name: '127.0.0.1', port });
    await connect({ srv: `${domain}.`, serviceName: 'blue', insecure: true }).kv.put(key, 'v');
    assert.deepEqual(endpoints(), [`http://127.0.0.1:${port}`]);
  });

  it('without insecure discovery asks only for those with TLS, and says so', async () => {
    const client = connect({}, { timeoutMs: 1_000 });
    await assert.rejects(
      client.kv.put(key, 'v'),
      isUnanswered(
        /no member found by DNS: SRV records of _etcd-client-ssl\._tcp\.example\.test: ENOTFOUND; those of _etcd-client\._tcp\.example\.test, for plaintext, are not used: discovery\.insecure is not set/,
      ),
    );
    assert.deepEqual([...new Set(dns().questions)], [`${tlsRecords} SRV`]);
  });

  it('does not use plaintext when DNS fails to answer for TLS', async () => {
    dns().records.set(tlsRecords, 'servfail');
    const client = connect({ insecure: true }, { timeoutMs: 1_000 });
    await assert.rejects(
      client.kv.put(key, 'v'),
      isUnanswered(/_etcd-client-ssl\._tcp\.example\.test: ESERVFAIL/),
    );
  });

  it('does not use plaintext with a password, unless that is allowed', async () => {
    const auth = { username: 'u', password: secretOf('srv') };
    const client = connect({ insecure: true }, { timeoutMs: 1_000, auth });
    await assert.rejects(
      client.kv.put(key, 'v'),
      isUnanswered(
        /no member found by DNS: .*, for plaintext, are not used: auth would send .*allowPlaintext/,
      ),
    );
    assert.deepEqual([...new Set(dns().questions)], [`${tlsRecords} SRV`]);
    const allowed = connect({ insecure: true }, { auth: { ...auth, allowPlaintext: true } });
    await allowed.kv.put(key, 'v'); // this etcd has no authentication
  });

  it('does not use plaintext when TLS options are given', async () => {
    const client = connect({ insecure: true }, { timeoutMs: 1_000, tls: {} });
    await assert.rejects(
      client.kv.put(key, 'v'),
      isUnanswered(/no member found by DNS: .*, for plaintext, are not used: tls is set/),
    );
  });

  it('follows records that change, and keeps the last ones while there are none', async () => {
    serveHost(`m1.${domain}`, '127.0.0.1');
    const client = connect({ insecure: true });
    await client.kv.put(key, 'v');
    serve(plaintextRecords, { name: `m1.${domain}`, port }, { name: `m2.${domain}`, port: 1 });
    await eventually('the new records are used', () => endpoints()?.includes(`http://m2.${domain}:1`));
    assert.deepEqual(endpoints(), [`http://m1.${domain}:${port}`, `http://m2.${domain}:1`]);
    dns().records.delete(plaintextRecords);
    await eventually('the failure is reported', () =>
      events.some(
        (event) => event.type === 'resolution-failed' && /no member found/.test(event.error.message),
      ),
    );
    await client.kv.put(key, 'v');
  });

  it('connects a call that waits as soon as there are records', async () => {
    dns().records.delete(plaintextRecords);
    const put = connect({ insecure: true }, { timeoutMs: 10_000 }).kv.put(key, 'v');
    await eventually('DNS was asked', () => dns().questions.length >= 2);
    serve(plaintextRecords, { name: '127.0.0.1', port });
    await put;
  });

  it('ignores targets that cannot be dialled', async () => {
    const unusable = [
      { name: '.', port: 0 },
      { name: '127.0.0.1', port: 0 },
      { name: 'a b', port },
    ];
    serve(plaintextRecords, ...unusable, { name: '127.0.0.1', port });
    await connect({ insecure: true }).kv.put(key, 'v');
    assert.deepEqual(endpoints(), [`http://127.0.0.1:${port}`]);
    serve(plaintextRecords, ...unusable);
    const other = connect({ insecure: true }, { timeoutMs: 1_000 });
    await assert.rejects(
      other.kv.put(key, 'v'),
      isUnanswered(/the SRV records of _etcd-client\._tcp\.example\.test name no host with a port/),
    );
  });

  it('uses the 32 of a thousand records that have the lowest priorities', async () => {
    const others = Array.from({ length: 999 }, (_, i) => ({ name: '127.0.0.1', port: 1 + i, priority: 2 }));
    serve(plaintextRecords, ...others, { name: '127.0.0.1', port, priority: 1 });
    const client = connect({ insecure: true }, { timeoutMs: 10_000 });
    await client.kv.get(key);
    assert.equal(endpoints()?.length, 32);
    assert.equal(endpoints()?.[0], `http://127.0.0.1:${port}`);
  });

  for (const answer of ['garbage', 'silence'] as const)
    it(`fails at the deadline of a call while DNS answers with ${answer}`, async () => {
      dns().records.set(tlsRecords, answer);
      const client = connect({ insecure: true }, { timeoutMs: 1_000 });
      await assert.rejects(
        client.kv.put(key, 'v'),
        isUnanswered(
          /member _etcd-client-ssl\._tcp\.example\.test.*(EBADRESP|did not answer|ETIMEOUT|ESERVFAIL)/,
        ),
      );
    });
});

describe('a client that finds members with TLS by SRV records', () => {
  const { connect, serve, serveHost, endpoints } = useDns();
  const authority = CertificateAuthority.root('srv');
  const host = `m0.${domain}`;
  const tls = { ca: authority.pem };
  let byDomain: TlsEtcd;
  let byHost: TlsEtcd;

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(60_000);
    [byDomain, byHost] = await Promise.all([
      startTlsEtcd(authority.issue({ names: [domain] })),
      startTlsEtcd(authority.issue({ names: [host] })),
    ]);
  });
  after(() => Promise.all([byDomain?.close(), byHost?.close()]));
  beforeEach(() => {
    serveHost(host, '127.0.0.1');
  });

  const serveMember = (etcd: TlsEtcd) =>
    serve(tlsRecords, { name: host, port: Number(new URL(`tcp://${etcd.secure}`).port) });
  const isWrongName = (error: unknown) => error instanceof TlsError && error.reason === 'wrong-name';

  it('requires that each member proves the domain', async () => {
    serveMember(byDomain);
    await connect({}, { tls }).kv.put('k', 'v');
    assert.match(endpoints()?.[0] ?? '', /^https:\/\/m0\.example\.test:\d+$/);
    serveMember(byHost);
    await assert.rejects(connect({}, { tls }).kv.put('k', 'v'), isWrongName);
  });

  it('requires the name in tls.serverName instead, if there is one', async () => {
    serveMember(byHost);
    await connect({}, { tls: { ...tls, serverName: host } }).kv.put('k', 'v');
  });

  it('with insecure discovery requires the name of the member’s own host, as etcdctl does', async () => {
    serveMember(byHost);
    await connect({ insecure: true }, { tls }).kv.put('k', 'v');
    serveMember(byDomain);
    await assert.rejects(connect({ insecure: true }, { tls }).kv.put('k', 'v'), isWrongName);
  });

  it('with insecure discovery prefers them to plaintext ones', async () => {
    serveMember(byHost);
    serve(plaintextRecords, { name: host, port: 1 });
    const client = connect({ insecure: true }, { timeoutMs: 1_000 });
    await assert.rejects(client.kv.put('k', 'v'), (error) => error instanceof TlsError);
    assert.match(endpoints()?.[0] ?? '', /^https:/);
  });

  it('may use the member list without an allow rule, because every member proves the domain', async () => {
    serveMember(byDomain);
    const { skipped } = await connect({}, { tls }).sync();
    assert.match(skipped[0]?.reason ?? '', /loopback|TLS/);
    serveMember(byHost);
    await assert.rejects(connect({ insecure: true }, { tls }).sync(), InvalidInputError);
  });
});

describe('discovery options', () => {
  const rows: readonly (readonly [string, EtcdClientOptions, RegExp])[] = [
    [
      'beside endpoints',
      { endpoints: ['a:1'], discovery: { srv: domain } },
      /endpoints and discovery exclude each other/,
    ],
    [
      'without srv',
      { discovery: {} as unknown as NonNullable<EtcdClientOptions['discovery']> },
      /discovery\.srv is missing; it must be a domain/,
    ],
    ['without a domain', { discovery: { srv: '' } }, /discovery\.srv is ''/],
    ['with a domain that is none', { discovery: { srv: 'a b' } }, /discovery\.srv is 'a b'/],
    [
      'with a service name that is none',
      { discovery: { srv: domain, serviceName: 'a.b' } },
      /discovery\.serviceName is 'a\.b'/,
    ],
    [
      'with a DNS server that is a name',
      { endpoints: ['a:1'], dns: { servers: ['ns.test'] } },
      /dns\.servers is \['ns\.test'\]/,
    ],
    [
      'with an empty list of DNS servers',
      { endpoints: ['a:1'], dns: { servers: [] } },
      /dns\.servers is empty/,
    ],
    ...['127.0.0.1:0', '127.0.0.1:00', '[::1]:0', '127.0.0.1:65536', '[::1]:70000', '127.0.0.1:'].map(
      (server) =>
        [
          `with a DNS server at ${server}`,
          { endpoints: ['a:1'], dns: { servers: ['127.0.0.1', server] } },
          /dns\.servers is \['127\.0\.0\.1', '.*'\]; each must be .*: (port 0 cannot be dialled|port \d+ is over 65535|it has no port after its colon)$/,
        ] as const,
    ),
    ['with too short an interval', { endpoints: ['a:1'], dns: { refreshMs: 10 } }, /dns\.refreshMs is 10/],
    [
      'with periodic syncs and no rule',
      { discovery: { srv: domain, insecure: true }, tls: {}, sync: { intervalMs: 1_000 } },
      /needs sync\.allow/,
    ],
    ['that name no member', {}, /endpoints/],
  ];
  for (const [what, options, message] of rows)
    it(`${what} are refused`, () => {
      assert.throws(
        () => new EtcdClient(options),
        (error) => error instanceof InvalidInputError && message.test(error.message),
      );
    });
});
