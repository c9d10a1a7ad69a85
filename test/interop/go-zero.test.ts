import assert from 'node:assert/strict';
import { goZero } from '#src/codecs/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { goOrSkip } from './support/go-naming.js';
import { GoProcess } from './support/go-process.js';

/** The shortest time to live that etcd grants, in seconds. */
const shortTtl = 2;

describe('go-zero 1.10.3', function () {
  this.timeout(60_000);
  const opened = new Opened();
  const programs = new Opened();
  // Registered before the etcd's own hook, which requires that no watcher is left.
  after(() => programs.close());
  afterEach(() => opened.close());

  const etcd = useEtcd();
  const codec = goZero();
  let goZeroProcess: GoProcess;
  let keys = 0;
  let key: string;

  before(async function () {
    await goOrSkip(this, 'go-zero');
    goZeroProcess = await start(programs, 10);
  });

  beforeEach(() => {
    key = `${etcd().prefix}user${++keys}.rpc`;
  });

  async function start(closer: Opened, ttl: number): Promise<GoProcess> {
    const started = await GoProcess.start('go-zero', [etcd().endpoints.join(), String(ttl)]);
    return closer.add(started, (process) => process.close());
  }

  /** Registers a server with go-zero. Returns the server's address, and what stops it. */
  async function publish(process: GoProcess, name: string, options: { readonly keyId?: number } = {}) {
    const { id, reply } = process.send({ cmd: 'publish', key, name, ...options });
    const addr = (await reply) as string;
    return { addr, stop: () => process.request({ cmd: 'stop', of: id }) };
  }

  function caller() {
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client, { codec }), (resolver) => resolver[Symbol.dispose]());
    return opened.caller(`etcd:///${key}`);
  }

  const manager = () => new EndpointManager(opened.client(etcd().endpoints), key, { codec });

  describe('registers a server', () => {
    it('and it is called', async () => {
      const { addr } = await publish(goZeroProcess, 'a');
      assert.equal(await caller().call(), 'a');
      const [record, ...others] = (await manager().list()).values();
      assert.deepEqual(others, []);
      assert.ok(record);
      assert.equal(record.addr, addr);
      assert.equal(record.metadata, undefined);
      assert.equal(record.key, `${key}/${record.lease}`);
    });

    it('below an id of its configuration, and it is called', async () => {
      await publish(goZeroProcess, 'a', { keyId: 7 });
      assert.equal(await caller().call(), 'a');
      assert.deepEqual([...(await manager().list()).keys()], [`${key}/7`]);
    });

    it('beside another, and both are called until one stops', async () => {
      const a = await publish(goZeroProcess, 'a');
      await publish(goZeroProcess, 'b');
      const calls = caller();
      await calls.untilServedBy('a', 'b');
      await a.stop();
      await calls.untilServedBy('b');
    });

    it('beside one that dies, which is called until its lease expires', async () => {
      const mortal = await start(opened, shortTtl);
      await publish(mortal, 'a');
      await publish(goZeroProcess, 'b');
      const calls = caller();
      await calls.untilServedBy('a', 'b');
      await mortal.close();
      await eventually('only b is left', async () => (await manager().list()).size === 1);
      await calls.untilServedBy('b');
    });

    it('and its bytes are those that we write for the same address', async () => {
      const { addr } = await publish(goZeroProcess, 'a');
      const { kvs } = await opened.client(etcd().endpoints).kv.range({ prefix: `${key}/` });
      assert.deepEqual(
        kvs.map(({ value }) => value.toString()),
        [codec.encode?.({ addr }, { service: key, key: `${key}/1`, id: '1' })],
      );
    });
  });

  describe('finds a server that is registered by us', () => {
    /** Subscribes with go-zero. Returns a function that waits for exactly these addresses. */
    async function subscribe() {
      const { id, reply } = goZeroProcess.send({ cmd: 'subscribe', key });
      await reply;
      return async (...addrs: string[]) => {
        await eventually(`go-zero has [${addrs}]`, async () => {
          const values = (await goZeroProcess.request({ cmd: 'values', of: id })) as string[];
          return values.sort().join() === addrs.sort().join();
        });
      };
    }

    async function registerOurs(name: string) {
      const { addr } = await opened.server(name);
      const registration = await register(opened.client(etcd().endpoints), {
        target: key,
        addr,
        codec,
        ttlSeconds: shortTtl,
      });
      return { addr, registration: opened.add(registration, (one) => one.close()) };
    }

    it('and calls it', async () => {
      await registerOurs('ours');
      const { id, reply } = goZeroProcess.send({ cmd: 'dial', key });
      await reply;
      const answers = await goZeroProcess.request({ cmd: 'call', of: id, count: 3 });
      assert.deepEqual(answers, { ours: 3 });
    });

    it('beside one of its own, and calls both', async () => {
      await publish(goZeroProcess, 'its');
      await registerOurs('ours');
      const { id, reply } = goZeroProcess.send({ cmd: 'dial', key });
      await reply;
      await eventually('go-zero calls both', async () => {
        const answers = (await goZeroProcess.request({ cmd: 'call', of: id, count: 4 })) as object;
        return Object.keys(answers).sort().join() === 'its,ours';
      });
    });

    it('until the registration is closed or drained', async () => {
      const has = await subscribe();
      const a = await registerOurs('a');
      const b = await registerOurs('b');
      await has(a.addr, b.addr);
      await a.registration.close();
      await has(b.addr);
      await b.registration.drain({ propagateMs: 0 });
      await has();
    });

    it('until the lease of a process that died expires', async () => {
      const has = await subscribe();
      const client = opened.client(etcd().endpoints);
      const lease = await client.lease.grant({ ttlSeconds: shortTtl });
      await manager().addEndpoint(`${key}/1`, { addr: '127.0.0.1:1' }, { lease: lease.id });
      await has('127.0.0.1:1');
      await has();
    });

    it('also below the same key under a new lease', async () => {
      const { addr, registration } = await registerOurs('ours');
      const has = await subscribe();
      await has(addr);
      const client = opened.client(etcd().endpoints);
      const { kv } = await client.kv.get(registration.key);
      assert.ok(kv?.lease);
      await client.lease.revoke(kv.lease);
      await eventually('the record has a new lease', async () => {
        const { kv: now } = await client.kv.get(registration.key);
        return now !== undefined && now.lease !== kv.lease;
      });
      await has(addr);
    });

    it('and keeps it beside a record of ours that go-zero cannot dial', async () => {
      const { addr } = await registerOurs('ours');
      const client = opened.client(etcd().endpoints);
      await client.kv.put(`${key}/broken`, '{"Op":0}');
      const has = await subscribe();
      await has(addr, '{"Op":0}');
      assert.deepEqual(
        [...(await manager().list()).values()].map((record) => record.addr),
        [addr],
      );
    });
  });
});
