import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { EtcdClient } from '#src/client/index.js';
import type { EtcdError } from '#src/errors/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

const one = (policy: string) => JSON.stringify({ loadBalancingConfig: [{ [policy]: {} }] });

describe('a service config in etcd', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;
  let key: string;
  let failures: EtcdError[];

  beforeEach(async () => {
    client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}configured/${process.hrtime.bigint()}`;
    const prefix = `${etcd().prefix}service-config/`;
    key = prefix + target;
    failures = [];
    const serviceConfig = { prefix, onFailure: (error: EtcdError) => failures.push(error) };
    opened.add(registerEtcdResolver(client, { serviceConfig }), (resolver) => resolver[Symbol.dispose]());
  });

  afterEach(() => opened.close());

  async function serve(...names: string[]) {
    const manager = new EndpointManager(client, target);
    for (const { name, addr } of await opened.servers(...names))
      await manager.addEndpoint(`${target}/${name}`, { addr });
  }

  const untilServedByOne = (caller: { calls(n: number): Promise<object> }) =>
    eventually('one server answers', async () => Object.keys(await caller.calls(9)).length === 1);

  it('selects the policy from the first call on, and again when it changes', async () => {
    await serve('one', 'two', 'three');
    await client.kv.put(key, one('pick_first'));
    const caller = opened.caller(`etcd:///${target}`);
    assert.equal(Object.keys(await caller.calls(12)).length, 1);
    await client.kv.put(key, one('round_robin'));
    await caller.untilServedBy('one', 'two', 'three');
    await client.kv.put(key, one('pick_first'));
    await untilServedByOne(caller);
    await client.kv.delete(key);
    await caller.untilServedBy('one', 'two', 'three');
    assert.deepEqual(failures, []);
  });

  it('is optional: without one, calls use round_robin', async () => {
    await serve('one', 'two');
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one', 'two');
    await client.kv.put(key, one('pick_first'));
    await untilServedByOne(caller);
  });

  it("yields to the channel's own service config", async () => {
    await serve('one', 'two');
    await client.kv.put(key, one('round_robin'));
    const caller = opened.caller(`etcd:///${target}`, { 'grpc.service_config': one('pick_first') });
    assert.equal(Object.keys(await caller.calls(12)).length, 1);
  });

  it('sets the timeout of calls', async () => {
    const mute = createServer((socket) => opened.add(socket, () => socket.destroy())).listen(0, '127.0.0.1');
    opened.add(mute, (server) => server.close());
    await once(mute, 'listening');
    const addr = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    await new EndpointManager(client, target).addEndpoint(`${target}/mute`, { addr });
    await client.kv.put(key, JSON.stringify({ methodConfig: [{ name: [{}], timeout: '0.2s' }] }));
    const start = performance.now();
    await assert.rejects(opened.caller(`etcd:///${target}`).call(20_000), /^Error: 4 DEADLINE_EXCEEDED/);
    const tookMs = performance.now() - start;
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });

  it('stays in force when an invalid one replaces it, which is reported', async () => {
    await serve('one', 'two');
    await client.kv.put(key, one('pick_first'));
    const caller = opened.caller(`etcd:///${target}`);
    assert.equal(Object.keys(await caller.calls(9)).length, 1);
    await client.kv.put(key, '{"loadBalancingConfig":[{"best_of_all":{}}]}');
    await eventually('the failure is reported', () => failures.length > 0);
    assert.match(failures[0]!.message, new RegExp(`'${key}': .*not a service config`));
    assert.equal(Object.keys(await caller.calls(9)).length, 1);
    await client.kv.put(key, one('round_robin'));
    await caller.untilServedBy('one', 'two');
  });

  it('applies without the fields that grpc-js ignores, which are reported once', async () => {
    await serve('one', 'two');
    const healthCheckConfig = { serviceName: '' };
    await client.kv.put(
      key,
      JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }], healthCheckConfig }),
    );
    const caller = opened.caller(`etcd:///${target}`);
    assert.equal(Object.keys(await caller.calls(9)).length, 1);
    await eventually('the ignored field is reported', () => failures.length > 0);
    assert.match(failures[0]!.message, new RegExp(`'${key}': grpc-js ignores healthCheckConfig$`));
    await client.kv.put(key, one('round_robin'));
    await caller.untilServedBy('one', 'two');
    assert.equal(failures.length, 1);
  });

  it('is reported when it is invalid from the start, and calls use round_robin', async () => {
    await serve('one', 'two');
    await client.kv.put(key, '{');
    await opened.caller(`etcd:///${target}`).untilServedBy('one', 'two');
    assert.equal(failures.length, 1);
  });

  it('is followed by one watch for all channels, and by none once they are closed', async () => {
    const watchers = () => etcd().metric('etcd_debugging_mvcc_watcher_total');
    await serve('one');
    const before = await watchers();
    const callers = Array.from({ length: 5 }, () => opened.caller(`etcd:///${target}`));
    for (const caller of callers) await caller.call();
    assert.equal(await watchers(), before + 2, 'the service and its config');
    for (const caller of callers) caller.close();
    await eventually('both watchers are closed', async () => (await watchers()) === before);
  });
});
