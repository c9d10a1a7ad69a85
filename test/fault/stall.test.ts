import assert from 'node:assert/strict';
import { EndpointManager, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { skipIfExternal } from './support.js';

const ttlSeconds = 3;
const ids = Array.from({ length: 10 }, (_, i) => `${i}`);

describe("an etcd that is paused for longer than its leases' TTL, on connections that stay open", function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  afterEach(() => etcd().restart());

  it('expires all leases when it resumes, and a watcher keeps its view', async () => {
    const owner = connect(etcd().endpoints);
    const manager = new EndpointManager(owner, 'stall');
    // Without register(), which may renew its record before the old lease expires, so that nothing would be lost.
    const registerAll = async () => {
      for (const id of ids) {
        const lease = await owner.lease.hold({ ttlSeconds });
        await manager.addEndpoint(`stall/${id}`, { addr: `${id}:1` }, { lease });
      }
    };
    await registerAll();
    const directory = new ServiceDirectory(connect(etcd().endpoints), {
      // Longer than the test: protection ends by the new registrations, not by time.
      lossProtection: { protectionMs: 600_000, readIntervalMs: (ttlSeconds * 1_000) / 3 },
    });
    await directory.ready('stall', { minEndpoints: ids.length });
    const views: ServiceView[] = [];
    directory.follow('stall', { onView: (view) => views.push(view), onFailure: () => {} });
    await eventually('the watch is up', () => directory.status('stall').source === 'live');

    await etcd().pause();
    const pausedAt = performance.now();
    await eventually(
      'the leases have expired',
      () => performance.now() - pausedAt > (ttlSeconds + 1) * 1_000,
    );
    await etcd().resume();
    const unconfirmed = () => directory.get('stall')!.unconfirmed.size;
    const isGone = async () => (await owner.kv.range({ prefix: 'stall/' })).count === 0n;
    await eventually('etcd has expired them', isGone, 20_000);
    await registerAll();
    await eventually('the view is correct', () => unconfirmed() === 0, 20_000);

    assert.ok(
      views.some((view) => view.unconfirmed.size > 0),
      'the loss was observed',
    );
    assert.equal(Math.min(...views.map(({ endpoints }) => endpoints.length)), ids.length);
  });
});
