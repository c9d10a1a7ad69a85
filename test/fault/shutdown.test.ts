import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  EndpointManager,
  type LossProtectionOptions,
  type Registration,
  register,
  ServiceDirectory,
  type ServiceView,
} from '#src/naming/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { grpcCounter, useEtcd } from '../support/etcd.js';
import { skipIfExternal, useCluster } from './support.js';

const ttlSeconds = 3;

/** The views of one service, from the first one with all endpoints. */
class WatchedService {
  readonly views: ServiceView[] = [];
  readonly #directory: ServiceDirectory;
  readonly #target: string;

  private constructor(directory: ServiceDirectory, target: string) {
    this.#directory = directory;
    this.#target = target;
  }

  static async of(
    client: EtcdClient,
    target: string,
    count: number,
    lossProtection: LossProtectionOptions = {},
  ) {
    const directory = new ServiceDirectory(client, { lossProtection });
    const watched = new WatchedService(directory, target);
    await directory.ready(target, { minEndpoints: count });
    directory.follow(target, { onView: (view) => watched.views.push(view), onFailure: () => {} });
    await eventually('the watch is up', () => directory.status(target).source === 'live');
    return watched;
  }

  get view(): ServiceView {
    return this.#directory.get(this.#target)!;
  }

  get fewest(): number {
    return Math.min(...this.views.map(({ endpoints }) => endpoints.length));
  }

  get mostUnconfirmed(): number {
    return Math.max(...this.views.map(({ unconfirmed }) => unconfirmed.size));
  }

  /** Resolves when the view has exactly the registered records, all confirmed. */
  async waitUntilCorrect(registrations: readonly Registration[]): Promise<void> {
    await eventually(
      'the view is correct',
      () => {
        const leases = new Set(registrations.map(({ state, lease }) => state === 'registered' && lease));
        const { endpoints, unconfirmed } = this.view;
        const shown = endpoints.filter(({ lease }) => leases.has(lease)).length;
        return unconfirmed.size === 0 && endpoints.length === shown && shown === registrations.length;
      },
      60_000,
    );
  }
}

async function registerMany(client: EtcdClient, target: string, count: number): Promise<Registration[]> {
  const registrations: Registration[] = [];
  for (let i = 0; i < count; i++)
    registrations.push(await register(client, { target, addr: `10.0.0.${i}:1`, ttlSeconds }));
  return registrations;
}

describe('an etcd that is stopped gracefully while servers run', function () {
  this.timeout(180_000);
  const { connect, proxy } = useClients();

  describe('with one member', () => {
    const etcd = useEtcd();

    /** etcd 3.4 stops without waiting for its clients' streams. */
    const waitsForStreams = () => !etcd().version.startsWith('3.4.');

    before(function () {
      skipIfExternal(this);
    });

    afterEach(() => etcd().restart());

    it('expires leases during its shutdown, and a watcher keeps its view', async () => {
      const link = await proxy(etcd());
      const registrations = await registerMany(connect([link.endpoint]), 'stop/one', 1);
      const watched = await WatchedService.of(connect(etcd().endpoints), 'stop/one', 1);
      link.refuse(); // otherwise etcd may accept renewals until the end
      await etcd().stop();
      if (waitsForStreams()) assert.equal(watched.mostUnconfirmed, 1, 'the loss was observed');
      assert.equal(watched.fewest, 1);
      await etcd().restart();
      link.heal();
      await watched.waitUntilCorrect(registrations);
      assert.equal(watched.fewest, 1);
    });

    it('leaves at least the configured share of a hundred endpoints that expire one by one', async () => {
      const link = await proxy(etcd());
      const registrations = await registerMany(connect([link.endpoint]), 'stop/hundred', 100);
      const watched = await WatchedService.of(connect(etcd().endpoints), 'stop/hundred', 100, {
        lossThreshold: 0.5,
      });
      link.refuse();
      await etcd().stop();
      if (waitsForStreams())
        assert.ok(watched.mostUnconfirmed >= 50, `${watched.mostUnconfirmed} were unconfirmed`);
      assert.ok(watched.fewest > 50, `${watched.fewest} endpoints at one time`);
      await etcd().restart();
      link.heal();
      await watched.waitUntilCorrect(registrations);
      assert.ok(watched.fewest > 50, `${watched.fewest} endpoints at one time`);
    });
  });

  describe('with three members at once', () => {
    const cluster = useCluster();

    it('leaves the view of a watcher unchanged', async () => {
      const registrations = await registerMany(connect(cluster().endpoints), 'stop/three', 1);
      const watched = await WatchedService.of(connect(cluster().endpoints), 'stop/three', 1);
      await Promise.all(cluster().members.map((member) => member.stop()));
      assert.equal(watched.fewest, 1);
      await Promise.all(cluster().members.map((member) => member.restart()));
      await watched.waitUntilCorrect(registrations);
      assert.equal(watched.fewest, 1);
    });
  });
});

describe('a healthy etcd', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  /** So long that only a confirming read can end the protection. */
  const lossProtection = { protectionMs: 600_000, readIntervalMs: 0 };
  const reads = () => grpcCounter(etcd(), 'grpc_server_started_total', 'Range');

  before(function () {
    skipIfExternal(this);
  });

  it('confirms the delete of the last endpoint with one read, and other deletes with none', async () => {
    const admin = connect(etcd().endpoints);
    const manager = new EndpointManager(admin, 'healthy/delete');
    for (const id of ['a', 'b']) await manager.addEndpoint(`healthy/delete/${id}`, { addr: `${id}:1` });
    const watched = await WatchedService.of(connect(etcd().endpoints), 'healthy/delete', 2, lossProtection);
    const before = await reads();
    await manager.deleteEndpoint('healthy/delete/a');
    await eventually('one is gone', () => watched.view.endpoints.length === 1);
    assert.equal((await reads()) - before, 0);
    await manager.deleteEndpoint('healthy/delete/b');
    await eventually('both are gone', () => watched.view.endpoints.length === 0);
    assert.equal((await reads()) - before, 1);
  });

  it('confirms the expiry of all leases', async () => {
    const owner = connect(etcd().endpoints);
    const manager = new EndpointManager(owner, 'healthy/expiry');
    for (const id of ['a', 'b', 'c']) {
      const lease = await owner.lease.hold({ ttlSeconds: 2 });
      await manager.addEndpoint(`healthy/expiry/${id}`, { addr: `${id}:1` }, { lease });
    }
    const watched = await WatchedService.of(connect(etcd().endpoints), 'healthy/expiry', 3, lossProtection);
    await owner.close(); // like a crash: its leases expire
    await eventually('all are gone', () => watched.view.endpoints.length === 0, 60_000);
    assert.equal(watched.view.unconfirmed.size, 0);
  });
});
