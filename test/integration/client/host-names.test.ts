import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions, type StatusEvent } from '#src/client/index.js';
import { DeadlineError, TlsError } from '#src/errors/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { DnsServer } from '../../support/dns-server.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { Fronts } from '../../support/fronts.js';
import { isOwnAddress } from '../../support/own-address.js';
import { skipUnlessBinary, startTlsEtcd, type TlsEtcd } from '../../support/tls-etcd.js';
import { eventually, folderOf } from './support.js';

const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const [first, second, third] = hosts as [string, string, string];
const name = 'etcd.test';

/** What a test of names has: a DNS server, and one etcd behind several addresses. */
class Setup implements AsyncDisposable {
  readonly events: StatusEvent[] = [];
  readonly #clients: EtcdClient[] = [];
  readonly dns: DnsServer;
  readonly fronts: Fronts;

  private constructor(dns: DnsServer, fronts: Fronts) {
    this.dns = dns;
    this.fronts = fronts;
  }

  static async create(target: string): Promise<Setup> {
    return new Setup(await DnsServer.start(), await Fronts.start(target, hosts));
  }

  resolve(...addresses: string[]): void {
    this.dns.records.set(name, { addresses });
  }

  connect(options: Partial<EtcdClientOptions> = {}): EtcdClient {
    const client = new EtcdClient({
      endpoints: [`http://${name}:${this.fronts.port}`],
      dns: { servers: [this.dns.address], refreshMs: 1_000 },
      timeoutMs: 5_000,
      ...options,
    });
    this.#clients.push(client);
    void this.#record(client);
    return client;
  }

  async #record(client: EtcdClient): Promise<void> {
    for await (const event of client.status()) this.events.push(event);
  }

  /** The endpoints of the last change. */
  endpoints(): readonly string[] | undefined {
    const change = this.events.findLast((event) => event.type === 'members-changed');
    return change?.endpoints;
  }

  at(...addresses: string[]): string[] {
    return addresses.map((address) => `http://${address}:${this.fronts.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.fronts.close();
    await this.dns.close();
  }
}

describe('an endpoint with a host name', () => {
  const etcd = useEtcd();
  let setup: Setup;
  let key: string;

  before(async function () {
    if (!(await isOwnAddress(third))) skip(this, `this machine does not have ${third}`);
  });
  beforeEach(async () => {
    setup = await Setup.create(etcd().endpoints[0]!);
    key = `${folderOf(etcd())}k`;
  });
  afterEach(() => setup[Symbol.asyncDispose]());

  describe('with several addresses', () => {
    it('stands for as many members, each with its own health', async () => {
      setup.resolve(...hosts);
      const client = setup.connect();
      await client.kv.put(key, 'v');
      assert.deepEqual(setup.endpoints(), setup.at(...hosts));
      for (const host of [first, second]) await setup.fronts.shut(host);
      await client.kv.get(key);
      assert.deepEqual(setup.fronts.connected(), [third]);
      await setup.fronts.open(first);
      await setup.fronts.shut(third);
      await client.kv.get(key);
      assert.deepEqual(setup.fronts.connected(), [first]);
    });

    it('whose records change while the client runs is followed, without a failed call', async () => {
      setup.resolve(first);
      const client = setup.connect();
      await client.kv.put(key, 'v');
      setup.resolve(second, third);
      await eventually('the new addresses are used', async () => {
        await client.kv.put(key, 'v');
        return setup.endpoints()?.length === 2;
      });
      assert.deepEqual(setup.endpoints(), setup.at(second, third));
      await setup.fronts.shut(first);
      await client.kv.get(key);
    });

    it('keeps watches exact when the member of a watch is removed', async () => {
      setup.resolve(first);
      const client = setup.connect();
      const { revision } = await client.kv.put(key, '0');
      const values: string[] = [];
      const watcher = client.watch(key, { startRevision: revision });
      const watching = (async () => {
        for await (const { events } of watcher) {
          for (const { kv } of events) values.push(kv.value.toString());
          if (values.includes('2')) return;
        }
      })();
      await eventually('the watch is open', () => values.length === 1);
      setup.resolve(second);
      await eventually(
        'the new address is used',
        () => setup.fronts.accepted.has(second) || client.kv.get(key).then(() => false),
      );
      await client.kv.put(key, '1');
      await setup.fronts.shut(first);
      await client.kv.put(key, '2');
      await watching;
      assert.deepEqual(values, ['0', '1', '2']);
    });
  });

  describe('with one address', () => {
    it('keeps its endpoint, and moves when the address changes and the old one fails', async () => {
      setup.resolve(first);
      const client = setup.connect({ dns: { servers: [setup.dns.address], refreshMs: 600_000 } });
      await client.kv.put(key, 'v');
      assert.equal(setup.endpoints(), undefined, 'the list did not change');
      setup.resolve(second);
      await setup.fronts.shut(first);
      await client.kv.get(key);
      assert.deepEqual(setup.fronts.connected(), [second]);
      assert.deepEqual(setup.endpoints(), [`http://${name}:${setup.fronts.port}`]);
    });

    it('of each family is one member', async () => {
      setup.resolve('::1', first);
      const client = setup.connect();
      await client.kv.put(key, 'v');
      assert.equal(setup.endpoints(), undefined);
    });
  });

  describe('while DNS fails', () => {
    it('keeps the addresses that were found last, and reports the failure', async () => {
      setup.resolve(first, second);
      const client = setup.connect();
      await client.kv.put(key, 'v');
      setup.dns.records.set(name, 'servfail');
      await eventually('the failure is reported', () =>
        setup.events.some(({ type }) => type === 'resolution-failed'),
      );
      for (const host of [first, second]) await setup.fronts.shut(host);
      for (const host of [first, second]) await setup.fronts.open(host);
      await client.kv.get(key);
      const failure = setup.events.find((event) => event.type === 'resolution-failed');
      assert.equal(failure?.error.message, `UNAVAILABLE: the name ${name} cannot be resolved: ESERVFAIL`);
    });

    it('keeps the addresses when the name has none any more', async () => {
      setup.resolve(first);
      const client = setup.connect();
      await client.kv.put(key, 'v');
      setup.dns.records.delete(name);
      await eventually('the failure is reported', () =>
        setup.events.some(({ type }) => type === 'resolution-failed'),
      );
      await client.kv.put(key, 'v');
    });

    for (const answer of ['servfail', 'garbage', 'silence'] as const)
      it(`from the start (${answer}), fails a call at its deadline with the reason`, async () => {
        setup.dns.records.set(name, answer);
        const client = setup.connect({ timeoutMs: 1_500 });
        await assert.rejects(client.kv.put(key, 'v'), (error: Error) => {
          assert.ok(error instanceof DeadlineError);
          assert.match(error.message, /name etcd\.test (cannot be resolved: E\w+|is not resolved yet)/);
          return error.verdict === 'not-applied';
        });
      });

    it('connects a call that waits as soon as the name has an address', async () => {
      const client = setup.connect();
      const put = client.kv.put(key, 'v');
      await eventually('DNS was asked', () => setup.dns.questions.length > 0);
      setup.resolve(second);
      await put;
    });

    it('uses the other endpoints', async () => {
      const client = setup.connect({
        endpoints: [`http://${name}:${setup.fronts.port}`, `http://${third}:${setup.fronts.port}`],
      });
      await client.kv.put(key, 'v');
      assert.deepEqual(setup.fronts.connected(), [third]);
    });
  });

  it('is not resolved before the client is used, nor after it is closed', async () => {
    setup.resolve(first);
    setup.dns.records.set('busy.test', { addresses: [second] });
    setup.connect();
    const closed = setup.connect();
    await closed.kv.get(key);
    await closed.close();
    const asked = questionsFor(name);
    const busy = setup.connect({ endpoints: [`http://busy.test:${setup.fronts.port}`] });
    await busy.kv.get(key);
    await eventually('a client in use has asked three times', () => questionsFor('busy.test').length >= 6);
    assert.deepEqual(questionsFor(name), asked);
  });

  const questionsFor = (host: string) =>
    setup.dns.questions.filter((question) => question.startsWith(`${host} `));

  it('that means this machine is one member, which DNS is not asked for', async () => {
    const client = setup.connect({ endpoints: [`http://localhost:${setup.fronts.port}`] });
    await client.kv.put(key, 'v');
    assert.deepEqual([setup.dns.questions, setup.endpoints()], [[], undefined]);
  });

  it('is one member with another endpoint, or a URL of the member list, that has its address', async () => {
    setup.resolve(first);
    const { port } = new URL(`tcp://${etcd().endpoints[0]}`);
    const client = setup.connect({ endpoints: [`http://${name}:${port}`, `http://${first}:${port}`] });
    await client.kv.get(key);
    assert.deepEqual(setup.endpoints(), [`http://${name}:${port}`]);
    const { endpoints, adopted } = await client.sync();
    assert.deepEqual([endpoints, adopted], [[`http://${name}:${port}`], true]);
  });
});

describe('an endpoint with a host name and TLS', () => {
  const authority = CertificateAuthority.root('names');
  let etcd: TlsEtcd;
  let setup: Setup;

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(60_000);
    if (!(await isOwnAddress(third))) skip(this, `this machine does not have ${third}`);
    etcd = await startTlsEtcd(authority.issue({ names: [name] }));
  });
  after(() => etcd?.close());
  beforeEach(async () => {
    setup = await Setup.create(etcd.secure);
    setup.resolve(...hosts);
    setup.dns.records.set('other.test', { addresses: hosts });
  });
  afterEach(() => setup[Symbol.asyncDispose]());

  const connect = (host: string) =>
    setup.connect({
      endpoints: [`https://${host}:${setup.fronts.port}`],
      tls: { ca: authority.pem },
      timeoutMs: 3_000,
    });

  it('has the name verified at each of its addresses', async () => {
    await connect(name).kv.put('k', 'v');
    assert.deepEqual(
      setup.endpoints(),
      hosts.map((host) => `https://${host}:${setup.fronts.port}`),
    );
  });

  it('has the name verified in calls to one of its members', async () => {
    const client = connect(name);
    await client.kv.get('k');
    const endpoints = setup.endpoints() ?? [];
    const answers = await Promise.all(endpoints.map((endpoint) => client.maintenance.status(endpoint)));
    assert.equal(answers.length, 3);
  });

  it('is refused when the certificate has another name', async () => {
    await assert.rejects(connect('other.test').kv.put('k', 'v'), (error) => {
      assert.ok(error instanceof TlsError);
      return error.reason === 'wrong-name';
    });
  });
});
