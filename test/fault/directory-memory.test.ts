import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import type { Caller } from '../support/naming/caller.js';
import { Opened } from '../support/naming/opened.js';
import type { NamedServer } from '../support/naming/servers.js';
import { skipIfExternal } from './support.js';

const idling = { 'grpc.client_idle_timeout_ms': 1_500 };
const serviceConfigs = 'idle-config/';
const pickFirst = JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] });

describe('a channel that has been idle', function () {
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
    // Longer than any test, so that unconfirmed records do not expire.
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
    eventually('the service is no longer followed', () => directory.get(target) === undefined, 20_000);

  it('makes calls while etcd is down, after each idle period', async () => {
    await etcd().kill();
    for (let round = 0; round < 2; round++) {
      assert.equal(await caller.call(), 'one');
      const { state, source, staleMs } = directory.status(target);
      assert.deepEqual([state, source], ['known', 'memory']);
      assert.ok(staleMs >= 1_000, `${staleMs} ms old`);
      if (round === 0) await isFollowedNoLonger();
    }
  });

  it("uses a healthy etcd's records instead of its memory", async () => {
    await add(await opened.server('two'));
    await new EndpointManager(opened.client(etcd().endpoints), target).deleteEndpoint(`${target}/one`);
    assert.deepEqual(await caller.calls(20), { two: 20 });
    assert.equal(directory.status(target).source, 'live');
  });

  it('keeps its endpoints after a wipe of etcd until the servers have registered again', async () => {
    await etcd().wipe();
    assert.equal(await caller.call(), 'one');
    await eventually(
      'the record is unconfirmed',
      () => directory.get(target)?.unconfirmed.size === 1,
      20_000,
    );
    await add(server);
    await eventually('the record is registered', () => directory.get(target)?.unconfirmed.size === 0, 20_000);
    assert.equal(await caller.call(), 'one');
  });

  it('also keeps the service config while etcd is down', async () => {
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
      'the memory survives a channel that woke without reaching etcd',
    );
  });
});
