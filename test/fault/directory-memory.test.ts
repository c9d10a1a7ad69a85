import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { type Caller, eventually, type NamedServer, Opened } from '../integration/naming/support.js';
import { useEtcd } from '../support/etcd.js';
import { skipIfExternal } from './support.js';

const idling = { 'grpc.client_idle_timeout_ms': 1_500 };
const serviceConfigs = 'idle-config/';
const pickFirst = JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] });

describe('a channel that has idled', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const opened = new Opened();
  let tests = 0;
  let target: string;
  let directory: ServiceDirectory;
  let caller: Caller;
  let server: NamedServer;

  before(function () {
    skipIfExternal(this);
  });

  beforeEach(async () => {
    target = `idle/${++tests}`;
    const client = opened.client(etcd().endpoints);
    server = await opened.server('one');
    await add(server);
    // Longer than any test, so that nothing that is kept goes by itself.
    directory = new ServiceDirectory(client, { lossProtection: { protectionMs: 600_000 } });
    const serviceConfig = { prefix: serviceConfigs };
    opened.add(registerEtcdResolver(directory, { serviceConfig }), (one) => one[Symbol.dispose]());
    caller = opened.caller(`etcd:///${target}`, idling);
    assert.equal(await caller.call(), 'one');
    await isFollowedNoLonger();
    assert.equal(directory.get(target), undefined);
  });

  afterEach(async () => {
    await opened.close();
    await etcd().restart();
  });

  const add = (one: NamedServer) =>
    new EndpointManager(opened.client(etcd().endpoints), target).addEndpoint(`${target}/${one.name}`, {
      addr: one.addr,
    });
  const isFollowedNoLonger = () =>
    eventually('the service is followed no longer', () => directory.get(target) === undefined, 20_000);

  it('calls while etcd is gone, again and again', async () => {
    await etcd().kill();
    for (let round = 0; round < 2; round++) {
      assert.equal(await caller.call(), 'one');
      const { state, source, staleMs } = directory.status(target);
      assert.deepEqual([state, source], ['known', 'memory']);
      assert.ok(staleMs >= 1_000, `${staleMs} ms old`);
      if (round === 0) await isFollowedNoLonger();
    }
  });

  it('uses what a healthy etcd says, and not what it remembers', async () => {
    await add(await opened.server('two'));
    await new EndpointManager(opened.client(etcd().endpoints), target).deleteEndpoint(`${target}/one`);
    assert.deepEqual(await caller.calls(20), { two: 20 });
    assert.equal(directory.status(target).source, 'live');
  });

  it('keeps its endpoints when etcd was wiped meanwhile, until the servers have registered again', async () => {
    await etcd().wipe();
    assert.equal(await caller.call(), 'one');
    await eventually('the loss is in doubt', () => directory.get(target)?.held.size === 1, 20_000);
    await add(server);
    await eventually('it is there', () => directory.get(target)?.held.size === 0, 20_000);
    assert.equal(await caller.call(), 'one');
  });

  it('keeps the service config, too, while etcd is gone', async () => {
    const admin = opened.client(etcd().endpoints);
    await admin.kv.put(serviceConfigs + target, pickFirst);
    await add(await opened.server('two'));
    const both = () => Object.keys(directory.get(target)?.endpoints ?? []).length === 2;
    assert.equal(Object.keys(await caller.calls(9)).length, 1);
    await eventually('both endpoints are known', both);
    await isFollowedNoLonger();
    await etcd().kill();
    assert.equal(Object.keys(await caller.calls(9)).length, 1);
    assert.equal(directory.get(target)?.endpoints.length, 2);
    await isFollowedNoLonger();
    assert.equal(
      Object.keys(await caller.calls(9)).length,
      1,
      'nor forgotten by a channel that woke up in vain',
    );
  });
});
