import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import type { Caller } from '../../support/naming/caller.js';
import { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

// The snippets of https://etcd.io/docs/latest/dev-guide/grpc_naming/ in TypeScript, each with what it must do.
describe('the snippets of etcd’s gRPC naming guide', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;
  let servers: NamedServer[];

  beforeEach(async () => {
    client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}foo/bar/my-service`;
    servers = await opened.servers('one', 'two');
    opened.add(registerEtcdResolver(client), (resolver) => resolver[Symbol.dispose]());
  });

  afterEach(async () => {
    await client.kv.delete({ prefix: `${target}/` });
    await opened.close();
  });

  it('add an endpoint that is dialled by the name of the service', async () => {
    // em := endpoints.NewManager(client, "foo/bar/my-service")
    // em.AddEndpoint(ctx, "foo/bar/my-service/e1", endpoints.Endpoint{Addr:"1.2.3.4"})
    const manager = new EndpointManager(client, target);
    const { revision } = await manager.addEndpoint(`${target}/e1`, { addr: servers[0]!.addr });

    assert.equal((await manager.list()).get(`${target}/e1`)?.modRevision, revision);
    // conn := grpc.NewClient("etcd:///foo/bar/my-service", grpc.WithResolvers(etcdResolver))
    assert.equal(await opened.caller(`etcd:///${target}`).call(), 'one');
  });

  it('dial the service with its first part as an authority, too', async () => {
    const manager = new EndpointManager(client, target);
    await manager.addEndpoint(`${target}/e1`, { addr: servers[0]!.addr });
    assert.equal(await opened.caller(`etcd://${target}`).call(), 'one');
  });

  it('delete an endpoint', async () => {
    const manager = new EndpointManager(client, target);
    await manager.addEndpoint(`${target}/e1`, { addr: servers[0]!.addr });
    const view = opened.view(manager);
    await view.untilEndpointsAre(servers[0]!.addr);

    // em.DeleteEndpoint(ctx, "foo/bar/my-service/e1")
    await manager.deleteEndpoint(`${target}/e1`);

    assert.equal((await manager.list()).size, 0);
    await view.untilEndpointsAre();
    await manager.deleteEndpoint(`${target}/e1`); // already deleted: no error, as in Go
  });

  it('add an endpoint that is deleted when its lease is revoked', async () => {
    const manager = new EndpointManager(client, target);
    // lease, err := client.Grant(ctx, ttl); em.AddEndpoint(ctx, key, endpoint, clientv3.WithLease(lease.ID))
    const lease = await client.lease.grant({ ttlSeconds: 60 });
    await manager.addEndpoint(`${target}/e1`, { addr: servers[0]!.addr }, { lease });
    await manager.addEndpoint(`${target}/e2`, { addr: servers[1]!.addr }, { lease: lease.id });

    const leases = [...(await manager.list()).values()].map((record) => record.lease);
    assert.deepEqual(leases, [lease.id, lease.id]);
    await client.lease.revoke(lease.id);
    assert.equal((await manager.list()).size, 0);
  });

  it('replace an endpoint atomically, in one change', async () => {
    const manager = new EndpointManager(client, target);
    await manager.addEndpoint(`${target}/e1`, { addr: '1.2.3.4' });
    const view = opened.view(manager);
    await view.untilEndpointsAre('1.2.3.4');

    // em.Update(context.TODO(), []*endpoints.UpdateWithOpts{
    //   endpoints.NewDeleteUpdateOpts("foo/bar/my-service/e1"),
    //   endpoints.NewAddUpdateOpts("foo/bar/my-service/e1", endpoints.Endpoint{Addr:"1.2.3.14"})})
    const { revision } = await manager.update([
      { op: 'delete', key: `${target}/e1` },
      { op: 'add', key: `${target}/e1`, endpoint: { addr: '1.2.3.14' } },
    ]);

    await view.untilEndpointsAre('1.2.3.14');
    assert.equal(view.events.length, 2);
    const [, delta] = view.events;
    assert.equal(delta?.revision, revision);
    assert.deepEqual(delta.type === 'delta' && delta.changed.map(({ key }) => key), [`${target}/e1`]);
    assert.deepEqual(delta.type === 'delta' && [delta.added, delta.removed], [[], []]);
  });

  it('replace an endpoint by another one atomically, in one change', async () => {
    const manager = new EndpointManager(client, target);
    await manager.addEndpoint(`${target}/e1`, { addr: servers[0]!.addr });
    const view = opened.view(manager);
    const caller: Caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one');

    const { revision } = await manager.update([
      { op: 'delete', key: `${target}/e1` },
      { op: 'add', key: `${target}/e2`, endpoint: { addr: servers[1]!.addr } },
    ]);

    await view.untilEndpointsAre(servers[1]!.addr);
    await caller.untilServedBy('two');
    assert.deepEqual(
      view.events.map((event) => [event.type, event.revision]),
      [
        ['snapshot', revision - 1n],
        ['delta', revision],
      ],
    );
  });
});
