import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { kratos } from '#src/codecs/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { register, ServiceDirectory } from '#src/naming/index.js';
import { compareWithKratos } from '../fuzz/codecs/kratos-resolver.js';
import { eventually } from '../support/eventually.js';
import { type KratosShape, kratosShapes, secureShapes } from '../unit/codecs/support/kratos-shapes.js';
import { kratosWrites } from '../unit/codecs/support/kratos-writes.js';
import { KratosProgram } from './support/kratos-program.js';
import { useFramework } from './support/use-framework.js';

const codec = kratos();
const name = 'helloworld';
const prefix = codec.keyPrefix(name);

describe('kratos and this package', function () {
  this.timeout(60_000);
  const { etcd, opened, fixture } = useFramework('kratos', codec, (endpoints) =>
    KratosProgram.start(endpoints),
  );
  let client: EtcdClient;
  let program: KratosProgram;

  beforeEach(() => {
    ({ client, program } = fixture);
  });

  const served = async (app: { readonly id: string; readonly version?: string; readonly http?: boolean }) =>
    opened.add(
      await program.serve(
        { name, ...app, metadata: { zone: 'a', weight: '200' } },
        { http: app.http ?? false },
      ),
      (one) => one.stop(),
    );

  const registered = async (addr: string, options: object = {}) =>
    opened.add(await register(client, { target: name, addr, codec, ...options }), (one) => one.close());

  const directory = () => opened.add(new ServiceDirectory(client, { codec }), (one) => one.close());

  const caller = () => {
    opened.add(registerEtcdResolver(client, { codec }), (one) => one[Symbol.dispose]());
    return opened.caller(`etcd:///${name}`);
  };

  describe('an application of kratos', () => {
    it('is called by our resolver until it stops', async () => {
      const a = await program.serve({ id: 'a', name }, { http: true });
      await served({ id: 'b' });
      const ours = caller();
      await ours.untilServedBy('a', 'b');
      await a.stop();
      await ours.untilServedBy('b');
    });

    it('is called by our resolver until the lease of its process ends', async () => {
      const other = opened.add(await KratosProgram.start(etcd().endpoints), (one) => one.close());
      await other.serve({ id: 'a', name }, { ttl: 1 });
      await served({ id: 'b' });
      const ours = caller();
      await ours.untilServedBy('a', 'b');
      await other.close();
      await eventually('its record is gone', async () => (await program.list(name)).length === 1);
      await ours.untilServedBy('b');
    });

    it('has its version, metadata and other endpoints in the metadata of our endpoint', async () => {
      const { endpoints } = await served({ id: 'a', version: 'v1.0.0', http: true });
      const [http, grpc] = endpoints;
      assert.match(`${http} ${grpc}`, /^http:\/\/127.0.0.1:\d+ grpc:\/\/127.0.0.1:\d+$/);
      const view = await directory().ready(name);
      assert.deepEqual(
        view.endpoints.map(({ key, addr, metadata }) => ({ key, addr, metadata })),
        [
          {
            key: `${prefix}a`,
            addr: grpc?.replace('grpc://', ''),
            metadata: { zone: 'a', weight: 2, version: 'v1.0.0', endpoints },
          },
        ],
      );
    });
  });

  describe('a registration of ours', () => {
    it('is called by a channel of kratos until it ends', async () => {
      const [a, b] = await opened.servers('a', 'b');
      const first = await registered(a!.addr);
      await registered(b!.addr);
      const channel = await program.dial(name);
      await eventually('kratos calls both', async () => (await channel.answers(8)) === 'a,b');
      await first.close();
      await eventually('kratos calls b alone', async () => (await channel.answers(8)) === 'b');
    });

    it('is listed by kratos until its lease ends', async () => {
      const other = opened.client(etcd().endpoints);
      await register(other, { target: name, addr: '10.0.0.7:50051', codec, ttlSeconds: 1 });
      assert.equal((await program.list(name)).length, 1);
      await other.close();
      await eventually('kratos lists nothing', async () => (await program.list(name)).length === 0);
    });

    it('is an instance with its metadata as texts', async () => {
      const metadata = { version: 'v2', weight: 0.5, tls: false, endpoints: ['http://10.0.0.7:8000'] };
      await registered('10.0.0.7:50051', { id: 'pod-1', metadata });
      assert.deepEqual(await program.list(name), [
        {
          id: 'pod-1',
          name,
          version: 'v2',
          metadata: { weight: '50', tls: 'false' },
          endpoints: ['grpc://10.0.0.7:50051', 'http://10.0.0.7:8000'],
        },
      ]);
    });

    it('is draining in its metadata before it leaves', async () => {
      const registration = await registered('10.0.0.7:50051');
      const drained = registration.drain({ propagateMs: 2_000 });
      await eventually('kratos sees the status', async () => {
        const [instance] = await program.list(name);
        return instance?.metadata?.['status'] === 'draining';
      });
      await drained;
      assert.deepEqual(await program.list(name), []);
    });
  });

  it('a value that is not an instance ends kratos’s list of a shorter name, and not ours', async () => {
    await registered('10.0.0.7:50051');
    await client.kv.put('/microservices/helloworld2/a', '10.0.0.8:50051');
    await client.kv.put(`${prefix}bad`, '10.0.0.8:50051');
    await assert.rejects(program.list(name), /invalid character/);
    const view = await directory().ready(name);
    assert.deepEqual(
      view.endpoints.map(({ addr }) => addr),
      ['10.0.0.7:50051'],
    );
  });

  describe('a value', () => {
    for (const [secure, shapes] of [
      [false, kratosShapes],
      [true, secureShapes],
    ] as const)
      it(`has the same address for kratos as for this package, with secure: ${secure}`, async () => {
        const values = shapes.map(({ value }) => value);
        const decisions = await program.decide(name, values, secure);
        assert.deepEqual(
          decisions.map(({ addr }, i) => [shapes[i]?.name, addr]),
          shapes.map((shape) => [shape.name, expectedAddr(shape)]),
        );
      });

    it('of any bytes has the same address for both', async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { counts, failures } = await compareWithKratos(program, seed, 4_000);
      assert.deepEqual(failures, [], `seed ${seed}`);
      assert.ok(
        Object.values(counts).every((count) => count > 50),
        JSON.stringify(counts),
      );
    });

    it('that this package writes is what kratos writes, and has the same address', async () => {
      const written = kratosWrites.filter(({ writes }) => typeof writes === 'string');
      const values = written.map(({ writes }) => String(writes));
      const decisions = await program.decide(name, values, false);
      assert.deepEqual(
        decisions.map((decision) => [decision.written, decision.addr]),
        written.map(({ writes, endpoint }) => [writes, endpoint.addr]),
      );
      assert.ok(values.length > 10);
    });
  });
});

function expectedAddr({ reads, kratos: theirs }: KratosShape): string {
  if (theirs !== undefined) return theirs;
  return reads === undefined || reads instanceof RegExp ? '' : reads.addr;
}
