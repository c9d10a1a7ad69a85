import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EtcdClient } from '#src/client/index.js';
import { type CallTrace, type DirectoryDiagnostics, diagnosticsChannels } from '#src/diagnostics/index.js';
import { formatLeaseId } from '#src/model/index.js';
import { EndpointManager, type EndpointOp, register, ServiceDirectory } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { grpcCounter, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';

describe('the reason why an endpoint departed', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let client: EtcdClient;
  let manager: EndpointManager;
  let directory: ServiceDirectory;
  let target: string;
  let services = 0;
  let events: DirectoryDiagnostics[];
  const listener = (event: DirectoryDiagnostics) => {
    if (event.target === target) events.push(event);
  };

  beforeEach(() => {
    events = [];
    target = `${etcd().prefix}departures/${services++}`;
    client = opened.client(etcd().endpoints);
    manager = new EndpointManager(client, target);
    directory = opened.add(new ServiceDirectory(client, { lossProtection: { protectionMs: 1_000 } }), (one) =>
      one.close(),
    );
    diagnosticsChannels.directory.subscribe(listener);
  });

  afterEach(async () => {
    diagnosticsChannels.directory.unsubscribe(listener);
    await opened.close();
  });

  const add = (id: string, lease = 0n) =>
    manager.addEndpoint(`${target}/${id}`, { addr: `${id}:1` }, lease === 0n ? {} : { lease });
  const grant = async () => (await client.lease.grant({ ttlSeconds: 60 })).id;
  const stays = 'stays:1';
  /** Follows the service, which has these endpoints and one that stays. */
  const followed = async (...addrs: string[]) => {
    await add('stays');
    directory.follow(target, { onView: () => {}, onFailure: () => {} });
    const expected = [...addrs, stays].sort().join();
    await eventually('the view is live', () => {
      const view = directory.get(target)?.endpoints.map(({ addr }) => addr);
      return view?.sort().join() === expected && directory.status(target).source === 'live';
    });
  };
  const departures = () =>
    events.flatMap((event) => (event.type === 'departed' ? `${event.addr} ${event.reason}` : []));
  const departs = async (...expected: string[]) => {
    await eventually(`${expected.length} departed`, () => departures().length >= expected.length);
    assert.deepEqual(departures(), expected);
  };

  it('is drained for a server that drained', async () => {
    const registration = await register(client, { target, addr: 'a:1' });
    await followed('a:1');
    await registration.drain();
    await departs('a:1 drained');
  });

  it('is drained for a registration that is closed', async () => {
    const registration = await register(client, { target, addr: 'a:1' });
    await followed('a:1');
    await registration.close();
    await departs('a:1 drained');
  });

  it('is drained for a registration that was closed while the watch was interrupted', async () => {
    const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    directory = opened.add(
      new ServiceDirectory(opened.client([link.endpoint]), { lossProtection: { protectionMs: 1_000 } }),
      (one) => one.close(),
    );
    const registration = await register(client, { target, addr: 'a:1' });
    await followed('a:1');
    link.refuse();
    await registration.close();
    link.heal();
    await departs('a:1 drained');
  });

  it('is deleted for a record that an operator deletes, with a lease or without', async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    await add('a', await grant());
    await add('b');
    await followed('a:1', 'b:1');
    await etcdctl.run('del', `${target}/a`);
    await departs('a:1 deleted');
    await etcdctl.run('del', `${target}/b`);
    await departs('a:1 deleted', 'b:1 deleted');
  });

  it('is lease-ended for records whose lease is revoked', async function () {
    const etcdctl = Etcdctl.orSkip(this, etcd());
    const lease = await grant();
    for (const id of ['a', 'b']) await add(id, lease);
    await followed('a:1', 'b:1');
    await etcdctl.run('lease', 'revoke', formatLeaseId(lease));
    await departs('a:1 lease-ended', 'b:1 lease-ended');
  });

  it('is lease-ended for a server whose process was killed', async () => {
    const program = fileURLToPath(new URL('./killed-server.js', import.meta.url));
    const server = fork(program, [etcd().endpoints[0]!, target, 'a:1']);
    opened.add(server, (one) => one.kill('SIGKILL'));
    await once(server, 'message');
    await followed('a:1');
    server.kill('SIGKILL');
    await departs('a:1 lease-ended');
  });

  it('is store-replaced for an endpoint that did not return after etcd lost its data', async function () {
    skipUnlessBreakable(this, etcd());
    const registration = await register(client, { target, addr: 'returns:1' });
    opened.add(registration, () => registration.close());
    await add('a', await grant());
    await followed('a:1', 'returns:1');
    await etcd().wipe();
    await departs('a:1 store-replaced', `${stays} store-replaced`);
    assert.deepEqual(
      directory.get(target)?.endpoints.map(({ addr }) => addr),
      ['returns:1'],
    );
  });

  it('is unknown when etcd does not answer the look-up', async function () {
    skipUnlessBreakable(this, etcd());
    await add('a', await grant());
    await followed('a:1');
    const paused: Promise<void>[] = [];
    const pause = ({ method }: CallTrace) => {
      if (method === 'LeaseTimeToLive') paused.push(etcd().pause());
    };
    diagnosticsChannels.call.subscribe({ start: pause });
    opened.add(pause, () => diagnosticsChannels.call.unsubscribe({ start: pause }));
    await manager.deleteEndpoint(`${target}/a`);
    await departs('a:1 unknown');
    assert.equal(paused.length, 1);
    await Promise.all(paused);
    await etcd().resume();
  });

  describe('with a thousand endpoints', () => {
    const count = 1_000;
    /** Four records share a lease. */
    const leaseCount = count / 4;

    it('is looked up for 64 of their leases when all depart at once', async () => {
      const leases = await Promise.all(Array.from({ length: leaseCount }, grant));
      const ids = Array.from({ length: count }, (_, i) => `e${String(i).padStart(4, '0')}`);
      const operations = ids.map(
        (id, i): EndpointOp => ({
          op: 'add',
          key: `${target}/${id}`,
          endpoint: { addr: `${id}:1` },
          lease: leases[i % leaseCount],
        }),
      );
      for (let i = 0; i < count; i += 100) await manager.update(operations.slice(i, i + 100));
      await followed(...ids.map((id) => `${id}:1`));
      const asked = () => grpcCounter(etcd(), 'grpc_server_started_total', 'LeaseTimeToLive');
      const before = await asked();
      await client.kv.delete({ prefix: `${target}/e` });
      await eventually('all departed', () => departures().length === count);
      assert.equal((await asked()) - before, 64);
      const [service] = client.metrics().services.filter((one) => one.target === target);
      assert.deepEqual([service?.departures.deleted, service?.departures.unknown], [4 * 64, count - 4 * 64]);
    });
  });

  it('comes after the states of the view, which show an outage of etcd', async function () {
    skipUnlessBreakable(this, etcd());
    await followed();
    const states = () =>
      events.flatMap((event) => (event.type === 'state' ? `${event.state} ${event.source}` : []));
    assert.deepEqual(states(), ['known memory', 'known live']);
    await etcd().kill();
    await eventually('the view is no longer live', () => states().length === 3);
    await etcd().restart();
    await eventually('the view is live again', () => states().length === 4);
    assert.deepEqual(states(), ['known memory', 'known live', 'known memory', 'known live']);
    assert.deepEqual(departures(), []);
  });
});
