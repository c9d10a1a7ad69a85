import assert from 'node:assert/strict';
import { type KitexOptions, kitex } from '#src/codecs/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { type Endpoint, EndpointManager, type JsonValue, register } from '#src/naming/index.js';
import { skip, useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { kitexShapes } from '../unit/codecs/support/kitex-shapes.js';
import { goOrSkip } from './support/go-naming.js';
import { GoProcess } from './support/go-process.js';

/** The shortest time to live that etcd grants, in seconds. */
const shortTtl = 2;

/** What Kitex's resolver returns. */
interface Instance {
  readonly network: string;
  readonly address: string;
  readonly weight: number;
  readonly tags: Readonly<Record<string, string>>;
}

interface Registered {
  readonly weight?: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly prefix?: string;
}

describe('registry-etcd 0.2.6 of Kitex', function () {
  this.timeout(60_000);
  const opened = new Opened();
  const programs = new Opened();
  // Registered before the etcd's own hook, which requires that no watcher is left.
  after(() => programs.close());
  afterEach(() => opened.close());

  const etcd = useEtcd();
  let kitexProcess: GoProcess;
  let services = 0;
  let service: string;
  const codec = kitex();

  before(async function () {
    await goOrSkip(this, 'kitex');
    // Most records have the default prefix, to which a random one cannot be added.
    if (etcd().prefix !== '') skip(this, 'the etcd is external');
    kitexProcess = await start(programs, 60);
  });

  beforeEach(() => {
    service = `user${++services}-${process.pid}`;
  });

  async function start(closer: Opened, ttl: number): Promise<GoProcess> {
    const env = { KITEX_ETCD_REGISTRY_LEASE_TTL: String(ttl) };
    const started = await GoProcess.start('kitex', [etcd().endpoints.join()], env);
    return closer.add(started, (one) => one.close());
  }

  /** Registers a gRPC server with Kitex's registry. Returns its address, and what stops the registration. */
  async function registerTheirs(program: GoProcess, name: string, members: Registered = {}) {
    const addr = (await program.request({ cmd: 'serve', name })) as string;
    const { id, reply } = program.send({ cmd: 'register', service, addr, ...members });
    await reply;
    return { addr, stop: () => program.request({ cmd: 'deregister', of: id }) };
  }

  /** What Kitex resolves, each instance with the tags that have one of the names. */
  async function resolve(
    names: readonly string[] = ['zone', 'status', 'build'],
    prefix = '',
  ): Promise<Instance[]> {
    const tags = Object.fromEntries(names.map((name) => [name, '']));
    const found = kitexProcess.request({ cmd: 'resolve', service, tags, prefix });
    return (await found.catch((error: Error) => {
      assert.match(error.message, /^no instance remains/);
      return [];
    })) as Instance[];
  }

  function caller() {
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client, { codec }), (resolver) => resolver[Symbol.dispose]());
    return opened.caller(`etcd:///${service}`);
  }

  const manager = (options: KitexOptions = {}) =>
    new EndpointManager(opened.client(etcd().endpoints), service, { codec: kitex(options) });

  async function stored(): Promise<Record<string, string>> {
    const { kvs } = await opened
      .client(etcd().endpoints)
      .kv.range({ prefix: `kitex/registry-etcd/${service}/` });
    return Object.fromEntries(kvs.map(({ key, value }) => [key.toString(), value.toString()]));
  }

  describe('registers a server', () => {
    it('and it is called', async () => {
      const { addr } = await registerTheirs(kitexProcess, 'a');
      assert.equal(await caller().call(), 'a');
      const records = [...(await manager().list()).values()];
      assert.deepEqual(
        records.map((one) => [one.key, one.addr, one.metadata]),
        [[`kitex/registry-etcd/${service}/${addr}`, addr, undefined]],
      );
    });

    it('with a weight and tags, which are metadata', async () => {
      await registerTheirs(kitexProcess, 'a', { weight: 25, tags: { zone: 'a', build: '7' } });
      const [record] = (await manager().list()).values();
      assert.deepEqual(record?.metadata, { zone: 'a', build: '7', weight: 2.5 });
    });

    it('below another prefix', async () => {
      const { addr } = await registerTheirs(kitexProcess, 'a', { prefix: 'shop' });
      const records = [...(await manager({ prefix: 'shop' }).list()).values()];
      assert.deepEqual(
        records.map((one) => one.addr),
        [addr],
      );
    });

    it('at an IPv6 address without brackets, which is read with brackets', async () => {
      await kitexProcess.request({ cmd: 'register', service, addr: '[2001:db8::7]:8888' });
      const [record] = (await manager().list()).values();
      assert.equal(record?.key, `kitex/registry-etcd/${service}/2001:db8::7:8888`);
      assert.equal(record?.addr, '[2001:db8::7]:8888');
    });

    it('beside another, and both are called until one stops', async () => {
      const a = await registerTheirs(kitexProcess, 'a');
      await registerTheirs(kitexProcess, 'b');
      const calls = caller();
      await calls.untilServedBy('a', 'b');
      await a.stop();
      await calls.untilServedBy('b');
    });

    it('beside one that dies, which is called until its lease expires', async () => {
      const mortal = await start(opened, shortTtl);
      await registerTheirs(mortal, 'a');
      await registerTheirs(kitexProcess, 'b');
      const calls = caller();
      await calls.untilServedBy('a', 'b');
      await mortal.close();
      await eventually('only b is left', async () => (await manager().list()).size === 1);
      await calls.untilServedBy('b');
    });

    for (const [what, members] of Object.entries<Registered>({
      'without tags': {},
      'with a weight and tags': { weight: 3, tags: { zone: 'a', build: '<7>' } },
    }))
      it(`${what}, and its bytes are those that we write`, async () => {
        await registerTheirs(kitexProcess, 'a', members);
        const [record] = (await manager().list()).values();
        assert.ok(record);
        const { key, addr, metadata } = record;
        const place = { service, key, id: addr };
        assert.deepEqual(await stored(), { [key]: codec.encode?.({ addr, metadata }, place) });
      });
  });

  describe('resolves a server that is registered by us', () => {
    async function registerOurs(name: string, metadata?: JsonValue) {
      const { addr } = await opened.server(name);
      const options = { target: service, addr, metadata, codec, ttlSeconds: shortTtl };
      const registration = await register(opened.client(etcd().endpoints), options);
      return { addr, registration: opened.add(registration, (one) => one.close()) };
    }

    /** Waits until Kitex resolves exactly these addresses. */
    async function resolves(...addrs: string[]): Promise<void> {
      await eventually(`Kitex resolves [${addrs}]`, async () => {
        const found = (await resolve()).map(({ address }) => address);
        return found.sort().join() === addrs.sort().join();
      });
    }

    it('and it can be called', async () => {
      const { addr } = await registerOurs('ours');
      assert.deepEqual(await resolve(), [{ network: 'tcp', address: addr, weight: 10, tags: {} }]);
      assert.equal(await kitexProcess.request({ cmd: 'call', addr }), 'ours');
    });

    it('with its weight and tags', async () => {
      const { addr } = await registerOurs('ours', { weight: 0.5, zone: 'a', build: 7 });
      const expected = { network: 'tcp', address: addr, weight: 5, tags: { zone: 'a', build: '7' } };
      assert.deepEqual(await resolve(), [expected]);
    });

    it('with the tag of a status while it is draining, and not after', async () => {
      const { registration } = await registerOurs('ours');
      const draining = registration.drain({ propagateMs: 1_000 });
      await eventually('the tag is there', async () => (await resolve())[0]?.tags['status'] === 'draining');
      await draining;
      await resolves();
    });

    it('below another prefix', async () => {
      const key = `shop/${service}/1`;
      await manager({ prefix: 'shop' }).addEndpoint(key, { addr: '127.0.0.1:1' });
      const [found] = await resolve([], 'shop');
      assert.equal(found?.address, '127.0.0.1:1');
    });

    it('beside one of its own, until ours is closed', async () => {
      const theirs = await registerTheirs(kitexProcess, 'theirs');
      const { addr, registration } = await registerOurs('ours');
      await resolves(theirs.addr, addr);
      await registration.close();
      await resolves(theirs.addr);
    });

    it('until the lease of a process that died expires', async () => {
      const lease = await opened.client(etcd().endpoints).lease.grant({ ttlSeconds: shortTtl });
      const addr = '127.0.0.1:1';
      await manager().addEndpoint(`${codec.keyPrefix(service)}${addr}`, { addr }, { lease: lease.id });
      await resolves(addr);
      await resolves();
    });

    it('beside records that neither reads', async () => {
      const { addr } = await registerOurs('ours');
      const client = opened.client(etcd().endpoints);
      for (const [id, value] of Object.entries({
        text: 'x',
        weight: '{"network":"tcp","address":"a:1","weight":"1"}',
      }))
        await client.kv.put(`${codec.keyPrefix(service)}${id}`, value);
      await resolves(addr);
      assert.deepEqual(
        [...(await manager().list()).values()].map((record) => record.addr),
        [addr],
      );
    });

    it('with a weight of 0 as its default', async () => {
      const client = opened.client(etcd().endpoints);
      await client.kv.put(`${codec.keyPrefix(service)}1`, '{"network":"tcp","address":"a:1","weight":0}');
      assert.equal((await resolve())[0]?.weight, 10);
    });
  });

  describe('reads a value as we do', () => {
    for (const { name, value, id = '1', reads, kitex: theirs, kitexWeight } of kitexShapes)
      it(name, async () => {
        await opened.client(etcd().endpoints).kv.put(`${codec.keyPrefix(service)}${id}`, value);
        const ours: Partial<Endpoint> = reads instanceof RegExp ? {} : (reads ?? {});
        const metadata = (ours.metadata ?? {}) as Record<string, string | number>;
        const { network = 'tcp', weight = 1, ...tags } = metadata;
        const address = theirs ?? ours.addr;
        const found = await resolve(Object.keys(tags));
        assert.deepEqual(
          found.map((instance) => instance.address),
          address === undefined ? [] : [address],
        );
        // Kitex does not connect to the other addresses.
        if (ours.addr !== undefined)
          assert.deepEqual(found, [{ network, address, weight: kitexWeight ?? Number(weight) * 10, tags }]);
      });
  });
});
