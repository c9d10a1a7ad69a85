import assert from 'node:assert/strict';
import { EndpointManager, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { skipIfExternal } from './support.js';

const ttlSeconds = 3;
const ids = Array.from({ length: 10 }, (_, i) => `${i}`);

describe('an etcd that stands still for longer than leases last, on connections that never break', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  afterEach(() => etcd().restart());

  it('expires all of them when it goes on, and leaves the view of a watcher as it was', async () => {
    const owner = connect(etcd().endpoints);
    const manager = new EndpointManager(owner, 'stall');
    // By hand: register() may be back before its old lease is expired, so that nothing would be lost.
    const registerAll = async () => {
      for (const id of ids) {
        const lease = await owner.lease.hold({ ttlSeconds });
        await manager.addEndpoint(`stall/${id}`, { addr: `${id}:1` }, { lease });
      }
    };
    await registerAll();
    const directory = new ServiceDirectory(connect(etcd().endpoints), {
      // Longer than the test: what is kept goes when it is registered again, and not by time.
      lossProtection: { protectionMs: 600_000, readIntervalMs: (ttlSeconds * 1_000) / 3 },
    });
    await directory.ready('stall', { minEndpoints: ids.length });
    const views: ServiceView[] = [];
    directory.follow('stall', { view: (view) => views.push(view), failure: () => {} });
    await eventually('the watch is up', () => directory.status('stall').source === 'live');

    await etcd().pause();
    const pausedAt = performance.now();
    await eventually('leases run out', () => performance.now() - pausedAt > (ttlSeconds + 1) * 1_000);
    await etcd().resume();
    const held = () => directory.get('stall')!.held.size;
    const isGone = async () => (await owner.kv.range({ prefix: 'stall/' })).count === 0n;
    await eventually('etcd has expired them', isGone, 20_000);
    await registerAll();
    await eventually('the view is correct', () => held() === 0, 20_000);

    assert.ok(
      views.some((view) => view.held.size > 0),
      'the loss was seen',
    );
    assert.equal(Math.min(...views.map(({ endpoints }) => endpoints.length)), ids.length);
  });
});
