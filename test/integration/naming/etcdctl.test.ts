import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { Etcdctl } from '../../support/etcdctl.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('a service that etcdctl manages', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let ctl: Etcdctl;
  let target: string;
  let manager: EndpointManager;

  beforeEach(function () {
    ctl = Etcdctl.orSkip(this, etcd());
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client), (resolver) => resolver[Symbol.dispose]());
    target = `${etcd().prefix}foo/bar/my-service`;
    manager = new EndpointManager(client, target);
  });

  afterEach(async () => {
    await opened.close();
    await ctl?.run('del', '--prefix', `${target}/`);
  });

  it('lists records that are stored as in etcd’s guide', async () => {
    await ctl.run('put', `${target}/1.2.3.4`, '{"Addr":"1.2.3.4","Metadata":"..."}');

    const record = (await manager.list()).get(`${target}/1.2.3.4`);
    assert.equal(record?.addr, '1.2.3.4');
    assert.equal(record.metadata, '...');
    assert.equal(record.lease, 0n);
  });

  it('dials an endpoint without a port at gRPC’s default port 443', async () => {
    // A local address without a listener: the error names the dialled address.
    await ctl.run('put', `${target}/127.0.0.1`, '{"Addr":"127.0.0.1","Metadata":"..."}');
    await assert.rejects(opened.caller(`etcd:///${target}`).call(), /127\.0\.0\.1:443/);
  });

  it('calls a stored endpoint, and no longer a deleted one', async () => {
    const [one, two] = await opened.servers('one', 'two');
    await ctl.run('put', `${target}/1`, `{"Addr":"${one!.addr}"}`);
    await ctl.run('put', `${target}/2`, `  {"metadata":{"zone":"eu"}, "addr":"${two!.addr}"}\n`);
    const view = opened.view(manager);
    const caller = opened.caller(`etcd:///${target}`);
    await view.untilEndpointsAre(one!.addr, two!.addr);
    await caller.untilServedBy('one', 'two');

    await ctl.run('del', `${target}/1`);
    await view.untilEndpointsAre(two!.addr);
    await caller.untilServedBy('two');

    await ctl.run('del', `${target}/2`);
    await view.untilEndpointsAre();
    await eventually('calls fail', () =>
      caller.call().then(
        () => false,
        () => true,
      ),
    );
    await assert.rejects(caller.call(), { code: 14, details: /no endpoints under '.*my-service\/'/ });
  });

  it('keeps an endpoint past its TTL while its lease is kept alive, and loses it when that stops', async () => {
    const server = await opened.server('leased');
    const lease = await ctl.grant(2);
    await ctl.run('put', `--lease=${lease}`, `${target}/leased`, `{"Addr":"${server.addr}"}`);
    const keeper = opened.add(await ctl.keepAlive(lease), (process) => process.stop());
    const view = opened.view(manager);
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('leased');
    assert.equal(view.endpoints.get(`${target}/leased`)?.lease, BigInt(`0x${lease}`));

    // Renewals are a third of the TTL apart, so four of them are past the TTL.
    const renewals = keeper.renewals;
    await eventually('renewals have continued for a TTL', () => keeper.renewals >= renewals + 4);
    assert.deepEqual(view.addrs, [server.addr]);
    assert.equal(view.events.length, 1);
    assert.equal(await caller.call(), 'leased');

    await keeper.stop();
    await view.untilEndpointsAre();
    await eventually('calls fail', () =>
      caller.call().then(
        () => false,
        () => true,
      ),
    );
  });

  it('shows that register() and addEndpoint() store exactly Go’s bytes', async () => {
    const client = opened.client(etcd().endpoints);
    const endpoint = { addr: '10.0.0.7:50051' };
    opened.add(await register(client, { target, ...endpoint }), (registration) => registration.close());
    await manager.addEndpoint(`${target}/e1`, { addr: 'localhost:50055' });

    const registered = await ctl.run('get', '--print-value-only', `${target}/10.0.0.7:50051`);
    assert.equal(registered, '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":null}\n');
    const added = await ctl.run('get', '--print-value-only', `${target}/e1`);
    assert.equal(added, '{"Op":0,"Addr":"localhost:50055","Metadata":null}\n');
  });
});
