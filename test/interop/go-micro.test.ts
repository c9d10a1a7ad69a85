import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { goMicro } from '#src/codecs/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { eventually } from '../support/eventually.js';
import { type GoMicroShape, goMicroShapes, goMicroWrites } from '../unit/codecs/support/go-micro-shapes.js';
import { GoMicroProgram } from './support/go-micro-program.js';
import { useFramework } from './support/use-framework.js';

const codec = goMicro();
const name = 'go.micro/srv/greeter';
const prefix = '/micro/registry/go.micro-srv-greeter/';

describe('a program that stores records as go-micro does, and this package', function () {
  this.timeout(60_000);
  const { etcd, opened, fixture } = useFramework('go-micro', codec, (endpoints) =>
    GoMicroProgram.start(endpoints),
  );
  let client: EtcdClient;
  let program: GoMicroProgram;

  beforeEach(() => {
    ({ client, program } = fixture);
  });

  const registered = async (addr: string, options: object = {}) =>
    opened.add(await register(client, { target: name, addr, codec, ...options }), (one) => one.close());

  const caller = () => {
    opened.add(registerEtcdResolver(client, { codec }), (one) => one[Symbol.dispose]());
    return opened.caller(`etcd:///${name}`);
  };

  describe('a server of the program', () => {
    it('is called by our resolver until it stops', async () => {
      const a = await program.serve(name, 'greeter-a');
      opened.add(await program.serve(name, 'greeter-b', { version: 'v2' }), (one) => one.stop());
      const ours = caller();
      await ours.untilServedBy('greeter-a', 'greeter-b');
      await a.stop();
      await ours.untilServedBy('greeter-b');
    });

    it('is called by our resolver until the lease of its process ends', async () => {
      const other = opened.add(await GoMicroProgram.start(etcd().endpoints), (one) => one.close());
      await other.serve(name, 'greeter-a', { ttl: 1 });
      opened.add(await program.serve(name, 'greeter-b'), (one) => one.stop());
      const ours = caller();
      await ours.untilServedBy('greeter-a', 'greeter-b');
      await other.close();
      await eventually('its record is gone', async () => {
        const [service] = await program.get(name);
        return service?.nodes.length === 1;
      });
      await ours.untilServedBy('greeter-b');
    });

    it('has its version, methods and metadata in the metadata of our endpoint', async () => {
      const started = await program.serve(name, 'greeter/a');
      opened.add(started, (one) => one.stop());
      const [node] = started.service.nodes;
      const list = await new EndpointManager(client, name, { codec }).list();
      assert.deepEqual(
        [...list].map(([key, { addr, metadata }]) => ({ key, addr, metadata })),
        [
          {
            key: `${prefix}greeter-a`,
            addr: node?.address,
            metadata: {
              ...node?.metadata,
              version: 'latest',
              id: 'greeter/a',
              endpoints: started.service.endpoints,
            },
          },
        ],
      );
    });
  });

  describe('a registration of ours', () => {
    it('is called by the program until it ends', async () => {
      const [a, b] = await opened.servers('a', 'b');
      const first = await registered(a!.addr);
      await registered(b!.addr, { metadata: { version: 'v2' } });
      assert.equal(await program.ask(name), 'a,b');
      await first.close();
      assert.equal(await program.ask(name), 'b');
    });

    it('is read by the program until its lease ends', async () => {
      const other = opened.client(etcd().endpoints);
      await register(other, { target: name, addr: '10.0.0.7:50051', codec, ttlSeconds: 1 });
      assert.equal((await program.get(name)).length, 1);
      await other.close();
      await eventually('the program reads nothing', async () => (await program.get(name)).length === 0);
    });

    it('is a service with one node, which has its metadata as texts', async () => {
      const metadata = { version: 'v2', weight: 2, tls: false };
      await registered('10.0.0.7:50051', { id: 'greeter-1', metadata });
      const node = {
        id: 'greeter-1',
        address: '10.0.0.7:50051',
        metadata: { protocol: 'grpc', tls: 'false', weight: '2' },
      };
      assert.deepEqual(await program.get(name), [
        { name, version: 'v2', metadata: null, endpoints: [], nodes: [node] },
      ]);
    });
  });

  describe('a value', () => {
    it('has the same address for the program as for this package', async () => {
      const decisions = await program.decide(goMicroShapes.map(({ value }) => value));
      assert.deepEqual(
        decisions.map(({ addrs }, i) => [goMicroShapes[i]?.name, addrs[0] ?? '']),
        goMicroShapes.map((shape) => [shape.name, expectedAddr(shape)]),
      );
    });

    it('that this package writes is what Go writes, except the order in a method', async () => {
      const values = goMicroWrites.flatMap(({ writes }) => (typeof writes === 'string' ? [writes] : []));
      assert.ok(values.length > 5);
      const decisions = await program.decide(values);
      for (const [i, { written }] of decisions.entries()) {
        const value = values[i] ?? '';
        if (value.includes('"endpoints":[]')) assert.equal(written, value);
        else assert.deepEqual(JSON.parse(written).nodes, JSON.parse(value).nodes);
      }
    });
  });
});

function expectedAddr({ reads, goMicro: theirs }: GoMicroShape): string {
  if (theirs !== undefined) return theirs;
  return reads === undefined || reads instanceof RegExp ? '' : reads.addr;
}
