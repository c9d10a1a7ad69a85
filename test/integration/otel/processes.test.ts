import assert from 'node:assert/strict';
import { diagnosticsChannels, EtcdClient, ServiceDirectory } from '@org/etcd-naming';
import { EtcdClient as OtherEtcdClient } from '#src/index.js';
import { useEtcd } from '../../support/etcd.js';
import { metricValue, useOtel } from './use-otel.js';

describe('one instrumentation', () => {
  const etcd = useEtcd();
  const otel = useOtel();

  it('records several clients, also of another copy of the package, each under its name', async () => {
    assert.notEqual(EtcdClient, OtherEtcdClient);
    const { endpoints } = etcd();
    await using one = new EtcdClient({ endpoints, name: 'one' });
    await using two = new EtcdClient({ endpoints, name: 'two' });
    await using other = new OtherEtcdClient({ endpoints, name: 'other copy' });
    for (const client of [one, two, other]) await client.kv.put('a', '');
    await two.kv.put('a', '');
    const names = otel()
      .spans()
      .map(({ attributes }) => attributes['etcd_naming.client']);
    assert.deepEqual(names, ['one', 'two', 'other copy', 'two']);
    const metrics = await otel().metrics();
    const attempts = (name: string) =>
      metricValue(metrics, 'etcd_naming.call.attempts', { 'etcd_naming.client': name });
    assert.deepEqual(['one', 'two', 'other copy'].map(attempts), [1, 2, 1]);
  });

  it('reports the outcome of calls of another copy by its errors', async () => {
    await using other = new OtherEtcdClient({ endpoints: etcd().endpoints });
    await assert.rejects(other.kv.put('a', '', { lease: 12_345n }));
    assert.equal(otel().spans()[0]?.attributes['error.type'], 'NOT_FOUND');
  });

  it('leaves no subscriber and no metric when it is disabled, also with calls in progress', async () => {
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    assert.ok(diagnosticsChannels.call.hasSubscribers);
    const put = client.kv.put('a', '');
    otel().instrumentation[Symbol.dispose]();
    assert.ok(!diagnosticsChannels.call.hasSubscribers);
    assert.deepEqual(
      otel()
        .spans()
        .map(({ name, ended }) => [name, ended]),
      [['etcdserverpb.KV/Put', true]],
    );
    await put;
    assert.equal(otel().spans().length, 1);
    const points = [...(await otel().metrics()).values()].map(({ dataPoints }) => dataPoints.length);
    assert.deepEqual(
      points.filter((count) => count > 0),
      [],
    );
  });

  it('counts the calls of clients that close between two collections, and of the next ones of their name', async () => {
    const attempts = async (of: string) =>
      metricValue(await otel().metrics(), 'etcd_naming.call.attempts', { 'etcd_naming.client': of });
    for (const name of ['job', 'job', 'other', 'job']) {
      await using client = new EtcdClient({ endpoints: etcd().endpoints, name });
      await client.kv.put('a', '');
    }
    assert.deepEqual([await attempts('job'), await attempts('other')], [3, 1]);
    await using client = new EtcdClient({ endpoints: etcd().endpoints, name: 'job' });
    await client.kv.put('a', '');
    assert.deepEqual([await attempts('job'), await attempts('other')], [4, 1]);
  });

  it('reports once more what has ended: as 0, and -1 for the health of a member', async () => {
    await using client = new EtcdClient({ endpoints: etcd().endpoints, name: 'ends' });
    await using directory = new ServiceDirectory(client);
    const lock = await client.lock('jobs');
    await directory.ready('services/ends', { minEndpoints: 0 });
    const names = ['lease.held', 'lease.margin', 'directory.followed', 'member.healthy', 'member.connected'];
    const values = async () => {
      const metrics = await otel().metrics();
      return names.map((name) =>
        metricValue(metrics, `etcd_naming.${name}`, { 'etcd_naming.client': 'ends' }),
      );
    };
    const [held, margin, ...others] = await values();
    assert.ok(held === 1 && Number(margin) > 0);
    assert.deepEqual(others, [1, 1, 1]);
    await lock.release();
    await directory.close();
    assert.deepEqual(await values(), [0, 0, 0, 1, 1]);
    await client.close();
    assert.deepEqual(await values(), [0, 0, 0, -1, 0]);
    assert.deepEqual(await values(), [0, 0, 0, -1, 0]);
  });
});
