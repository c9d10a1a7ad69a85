import assert from 'node:assert/strict';
import { EtcdClient } from '@org/etcd-naming';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { metricValue, useOtel } from './use-otel.js';

const client = { 'etcd_naming.client': 'observed' };

describe('the record of a watch through a restart of etcd', () => {
  const etcd = useEtcd();
  const otel = useOtel();

  it('has no span of the watch; its metrics show the watcher, the lag and how often it resumed', async function () {
    skipUnlessBreakable(this, etcd());
    await using observed = new EtcdClient({ endpoints: etcd().endpoints, name: 'observed' });
    const watcher = observed.watch('a');
    await watcher.ready;
    const metric = async (name: string, attributes = {}) =>
      metricValue(await otel().metrics(), `etcd_naming.watch.${name}`, { ...client, ...attributes });
    assert.equal(await metric('watchers'), 1);
    assert.equal(await metric('live'), 1);
    assert.equal(await metric('lag'), 0);
    await etcd().kill();
    await eventually('the watcher lags', async () => Number(await metric('lag')) > 0);
    assert.equal(await metric('live'), 0);
    await etcd().restart();
    await eventually('the watcher is live', async () => (await metric('live')) === 1);
    assert.equal(await metric('resumes', { 'etcd_naming.cause': 'stream-lost' }), 1);
    assert.equal(await metric('lag'), 0);
    assert.deepEqual(
      otel()
        .spans()
        .filter(({ name }) => name.includes('Watch')),
      [],
    );
    await watcher.close();
  });
});
