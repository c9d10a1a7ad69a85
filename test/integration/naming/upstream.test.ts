import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, type EndpointRecord } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';

/** The part of a record that etcd's naming tests check. */
const plain = ({ addr, metadata }: EndpointRecord) => ({ addr, metadata });

// The six cases of etcd's tests/integration/clientv3/naming, run with this client.
describe('the cases of etcd’s tests of its Go client', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let target: string;
  let manager: EndpointManager;

  beforeEach(() => {
    target = `${etcd().prefix}upstream-${process.hrtime.bigint()}`;
    manager = new EndpointManager(opened.client(etcd().endpoints), target);
  });

  afterEach(() => opened.close());

  it('a watch reports an add and a delete (TestEndpointManager)', async () => {
    const events = manager.watch();
    const first = (await events.next()).value;
    assert.equal(first?.type === 'snapshot' && first.endpoints.size, 0);
    await manager.addEndpoint(`${target}/a1`, { addr: '127.0.0.1', metadata: 'metadata' });
    const added = (await events.next()).value;
    assert.ok(added?.type === 'delta');
    assert.deepEqual(added.added.map(plain), [{ addr: '127.0.0.1', metadata: 'metadata' }]);
    await manager.deleteEndpoint(`${target}/a1`);
    const deleted = (await events.next()).value;
    assert.deepEqual(deleted?.type === 'delta' && deleted.removed, [`${target}/a1`]);
    await events.return(undefined);
  });

  it('a watch reports the changes of one transaction together (TestEndpointManagerAtomicity)', async () => {
    const keys = [`${target}/host`, `${target}/host2`];
    await manager.update(
      keys.map((key, i) => ({ op: 'add', key, endpoint: { addr: `127.0.0.1:${2000 + i}` } })),
    );
    const events = manager.watch();
    const first = (await events.next()).value;
    assert.equal(first?.type === 'snapshot' && first.endpoints.size, 2);
    await manager.update(keys.map((key) => ({ op: 'delete', key })));
    const both = (await events.next()).value;
    assert.deepEqual(both?.type === 'delta' && [...both.removed].sort(), keys);
    await events.return(undefined);
  });

  it('endpoints are added, listed, deleted and replaced (TestEndpointManagerCRUD)', async () => {
    const listed = async () => [...(await manager.list())].map(([key, record]) => [key, plain(record)]);
    const endpoint = (n: number) => ({ addr: `127.0.0.${n}`, metadata: `metadata${n}` });
    const key = (n: number) => `${target}/a${n}`;
    await manager.addEndpoint(key(1), endpoint(1));
    await manager.addEndpoint(key(2), endpoint(2));
    assert.deepEqual(await listed(), [
      [key(1), endpoint(1)],
      [key(2), endpoint(2)],
    ]);
    await manager.deleteEndpoint(key(1));
    assert.deepEqual(await listed(), [[key(2), endpoint(2)]]);
    await manager.update([
      { op: 'add', key: key(3), endpoint: endpoint(3) },
      { op: 'delete', key: key(2) },
    ]);
    assert.deepEqual(await listed(), [[key(3), endpoint(3)]]);
  });

  for (const [policy, name] of [
    ['pick_first', 'TestEtcdGrpcResolverPickFirst'],
    ['round_robin', 'TestEtcdGrpcResolverRoundRobin'],
  ] as const) {
    it(`${policy} spreads calls over two servers, as with any resolver (${name})`, async () => {
      opened.add(registerEtcdResolver(opened.client(etcd().endpoints)), (resolver) =>
        resolver[Symbol.dispose](),
      );
      const servers = await opened.servers('one', 'two');
      for (const { name, addr } of servers) await manager.addEndpoint(`${target}/${name}`, { addr });
      const caller = opened.caller(`etcd:///${target}`, {
        'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [policy]: {} }] }),
      });
      if (policy === 'round_robin') await caller.untilServedBy('one', 'two');
      const counts = Object.values(await caller.calls(400));
      if (policy === 'pick_first') assert.deepEqual(counts, [400]);
      else assert.ok(counts.length === 2 && counts.every((n) => n >= 150), `${counts}`);
    });
  }

  it('a target excludes the endpoints of a target whose name starts with its name (TestEtcdEndpointManager)', async () => {
    const other = new EndpointManager(opened.client(etcd().endpoints), `${target}_other`);
    await manager.addEndpoint(`${target}/e1`, { addr: '127.0.0.1:1' });
    await other.addEndpoint(`${target}_other/e2`, { addr: '127.0.0.1:2' });
    assert.equal((await manager.list()).size, 1);
    assert.equal((await other.list()).size, 1);
  });
});
