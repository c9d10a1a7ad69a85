import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { coreDns } from '#src/codecs/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { compareWithCoreDns } from '../fuzz/codecs/core-dns-decoder.js';
import { GoLines } from '../fuzz/go-lines.js';
import { skip, useEtcd } from '../support/etcd.js';
import { Etcdctl } from '../support/etcdctl.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { CoreDnsServer } from './support/core-dns-server.js';
import { goOrSkip } from './support/go-naming.js';

const codec = coreDns();
const service = 'my-service.svc.example.org';
const prefix = '/skydns/org/example/svc/my-service/';

describe('CoreDNS and this package', function () {
  this.timeout(60_000);
  const opened = new Opened();
  const etcd = useEtcd();
  let client: EtcdClient;
  let coredns: CoreDnsServer;

  before(async function () {
    await goOrSkip(this, 'coredns');
    // The names are fixed, so a random prefix cannot be added.
    if (etcd().prefix !== '') skip(this, 'the etcd is external');
    coredns = await CoreDnsServer.start('example.org', etcd().endpoints);
  });

  after(() => coredns?.close());

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
  });

  afterEach(async () => {
    await client.kv.delete({ prefix: '/skydns/' });
    await opened.close();
  });

  const registered = async (addr: string, options: object = {}) =>
    opened.add(await register(client, { target: service, addr, codec, ...options }), (one) => one.close());

  const portOf = (addr: string) => Number(addr.replace(/^.*:/, ''));

  describe('a registration of ours', () => {
    it('is answered as SRV and A until it ends', async () => {
      const { addr } = await opened.server('a');
      const port = portOf(addr);
      const registration = await registered(addr);
      const name = `127-0-0-1-${port}.${service}`;
      assert.deepEqual(await coredns.srv(service), [{ name, port, priority: 10, weight: 100 }]);
      assert.deepEqual(await coredns.addresses(name), ['127.0.0.1']);
      assert.deepEqual(await coredns.addresses(service), ['127.0.0.1']);
      const [answer] = await coredns.dns.resolve4(name, { ttl: true });
      assert.equal(answer?.ttl, 30, 'the least TTL of CoreDNS, which is longer than that of the lease');
      await registration.close();
      assert.equal(await coredns.srv(service), 'ENOTFOUND');
    });

    it('is not answered after its lease has expired', async () => {
      const other = opened.client(etcd().endpoints);
      await register(other, { target: service, addr: '10.0.0.7:50051', codec, ttlSeconds: 1 });
      assert.equal((await coredns.srv(service)).length, 1);
      await other.close();
      await eventually('CoreDNS does not know it', async () => (await coredns.srv(service)) === 'ENOTFOUND');
    });

    it('is answered as AAAA if it has an IPv6 address', async () => {
      await registered('[2001:db8::7]:50051');
      const name = `2001-db8--7-50051.${service}`;
      assert.deepEqual(await coredns.srv(service), [{ name, port: 50051, priority: 10, weight: 100 }]);
      assert.deepEqual(await coredns.addresses(name, 6), ['2001:db8::7']);
    });

    it('is answered with its host name', async () => {
      await registered('pod-7.other.test:50051');
      const answer = { name: 'pod-7.other.test', port: 50051, priority: 10, weight: 100 };
      assert.deepEqual(await coredns.srv(service), [answer]);
    });

    it('has its weight relative to a registration without one', async () => {
      await registered('10.0.0.1:1');
      await registered('10.0.0.2:1', { metadata: { weight: 2, ttl: 60, group: 'g', text: 'note' } });
      const answers = await coredns.srv(service);
      assert.ok(Array.isArray(answers));
      assert.deepEqual(
        answers.map(({ weight }) => weight),
        [33, 66],
      );
    });

    it('is removed by a drain', async () => {
      const registration = await registered('10.0.0.1:1');
      await registration.drain({ propagateMs: 0 });
      assert.equal(await coredns.srv(service), 'ENOTFOUND');
    });
  });

  describe('a record of another writer', () => {
    const follow = () => {
      opened.add(registerEtcdResolver(client, { codec }), (one) => one[Symbol.dispose]());
      return opened.caller(`etcd:///${service}`);
    };
    const hostOf = (addr: string) => JSON.stringify({ host: '127.0.0.1', port: portOf(addr) });

    it('reaches our resolver, which sees it leave', async () => {
      const [a, b] = await opened.servers('a', 'b');
      await client.kv.put(`${prefix}a`, hostOf(a!.addr));
      const caller = follow();
      assert.equal(await caller.call(), 'a');
      await client.kv.put(`${prefix}nested/b`, hostOf(b!.addr));
      await caller.untilServedBy('a', 'b');
      assert.equal((await coredns.srv(service)).length, 2);
      await client.kv.delete(`${prefix}a`);
      await caller.untilServedBy('b');
    });

    it('reaches our resolver if etcdctl puts it, until its lease ends', async function () {
      const etcdctl = Etcdctl.orSkip(this, etcd());
      const [a, b] = await opened.servers('a', 'b');
      const lease = await etcdctl.grant(60);
      await etcdctl.run('put', `--lease=${lease}`, `${prefix}a`, hostOf(a!.addr));
      await etcdctl.run('put', `${prefix}b`, hostOf(b!.addr));
      const caller = follow();
      await caller.untilServedBy('a', 'b');
      await etcdctl.run('lease', 'revoke', lease);
      await caller.untilServedBy('b');
    });

    it('is found under the name in any case, with and without the dot of the root', async () => {
      await client.kv.put(`${prefix}a`, '{"host":"10.0.0.7","port":1}');
      for (const name of ['My-Service.SVC.example.org', `${service}.`]) {
        assert.deepEqual(await coredns.addresses(name), ['10.0.0.7']);
        const records = await new EndpointManager(client, name, { codec }).list();
        assert.deepEqual([...records.keys()], [`${prefix}a`]);
      }
    });

    it('below labels with underscores is one of that name', async () => {
      const name = '_grpc._tcp.my-service.example.org';
      await client.kv.put('/skydns/org/example/my-service/_tcp/_grpc/a', '{"host":"10.0.0.7","port":1}');
      assert.equal((await coredns.srv(name)).length, 1);
      assert.equal((await new EndpointManager(client, name, { codec }).list()).size, 1);
    });

    it('at the key of the name itself is one of the parent name for us', async () => {
      const own = prefix.slice(0, -1);
      await client.kv.put(own, '{"host":"10.0.0.7","port":1}');
      assert.equal((await coredns.srv(service)).length, 1);
      assert.equal((await new EndpointManager(client, service, { codec }).list()).size, 0);
      const ofParent = await new EndpointManager(client, 'svc.example.org', { codec }).list();
      assert.deepEqual([...ofParent.keys()], [own]);
    });

    it('is not an endpoint if CoreDNS answers no address for it', async () => {
      await client.kv.put(`${prefix}text`, '{"text":"a text"}');
      await client.kv.put(`${prefix}both`, '{"host":"a.other.test","port":1,"text":"a text"}');
      assert.equal(await coredns.srv(service), 'ENODATA');
      assert.equal((await new EndpointManager(client, service, { codec }).list()).size, 0);
    });

    it('that is not readable leaves the others usable for us, and none for CoreDNS', async () => {
      const { addr } = await opened.server('a');
      await client.kv.put(`${prefix}a`, hostOf(addr));
      await client.kv.put(`${prefix}bad`, '{"host":"10.0.0.7","port":"80"}');
      assert.equal(await follow().call(), 'a');
      assert.equal(await coredns.srv(service), 'ESERVFAIL');
    });
  });
});

describe('values in the format of CoreDNS', function () {
  this.timeout(60_000);
  before(async function () {
    await goOrSkip(this, 'coredns');
  });

  it('are decoded as by CoreDNS', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { counts, failures } = await compareWithCoreDns(seed, 20_000);
    assert.deepEqual(failures, [], `seed ${seed}`);
    assert.ok(
      Object.values(counts).every((count) => count > 500),
      JSON.stringify(counts),
    );
  });

  it('are encoded as by CoreDNS', async () => {
    const go = await GoLines.start('coredns', 'decide');
    try {
      for (const [addr, metadata] of [
        ['10.0.0.7:50051', undefined],
        ['[2001:db8::7]:50051', { weight: 0.5 }],
        [
          '10.0.0.7:50051',
          { group: 'g', targetstrip: 1, ttl: 60, text: '<é\u2028&>', weight: 0.5, priority: 20 },
        ],
      ] as const) {
        const place = { service, id: 'a', key: `${prefix}a` };
        const value = String(codec.encode?.({ addr, metadata }, place));
        go.write([Buffer.from(value).toString('base64')]);
        assert.equal(Buffer.from(await go.next(), 'base64').toString(), value);
      }
    } finally {
      await go.close();
    }
  });
});
