import assert from 'node:assert/strict';
import { type Registration, register, ServiceDirectory, type ServiceView } from '#src/naming/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { useEtcd } from '../support/etcd.js';
import { skipIfExternal } from './support.js';

const ttlSeconds = 3;

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
    const registrations: Registration[] = [];
    for (let i = 0; i < 10; i++)
      registrations.push(
        await register(owner, { target: 'stall', endpoint: { addr: `10.0.0.${i}:1` }, ttlSeconds }),
      );
    const directory = new ServiceDirectory(connect(etcd().endpoints), {
      lossProtection: { protectionMs: ttlSeconds * 1_000 },
    });
    await directory.ready('stall', { minEndpoints: 10 });
    const views: ServiceView[] = [];
    directory.follow('stall', { view: (view) => views.push(view), trouble: () => {} });
    await eventually('the watch is up', () => directory.status('stall').source === 'live');

    await etcd().pause();
    await eventually('no lease is left', () => registrations.every(({ state }) => state !== 'registered'));
    await etcd().resume();
    const isBack = ({ state, registrations: times }: Registration) => state === 'registered' && times === 2;
    await eventually('all are registered again', () => registrations.every(isBack), 30_000);
    const isCorrect = () => {
      const { endpoints, held } = directory.get('stall')!;
      return held.size === 0 && endpoints.length === 10;
    };
    await eventually('the view is correct', isCorrect, 30_000);

    const fewest = Math.min(...views.map(({ endpoints }) => endpoints.length));
    assert.equal(fewest, 10);
    assert.ok(
      views.some(({ held }) => held.size > 0),
      'the loss was seen',
    );
  });
});
