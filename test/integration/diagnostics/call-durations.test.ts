import assert from 'node:assert/strict';
import { LeaseNotFoundError } from '#src/errors/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { useEtcd } from '../../support/etcd.js';
import { useClients } from '../client/support.js';

describe('the histograms of the durations of calls', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const metrics = { histograms: true };

  it('have the calls by their method and status, without a subscriber', async () => {
    const client = connect(etcd().endpoints, { metrics });
    const startedAt = performance.now();
    for (let i = 0; i < 3; i++) await client.kv.put(`k${i}`, '');
    await Promise.all(['a', 'b'].map((key) => client.kv.get(key)));
    await assert.rejects(client.kv.put('k', '', { lease: 12_345n }), LeaseNotFoundError);
    await assert.rejects(client.kv.put('k', '', { signal: AbortSignal.abort() }));
    const elapsedSeconds = (performance.now() - startedAt) / 1_000;
    const durations = client.metrics().callDurations ?? [];
    assert.deepEqual(durations.map(({ method, status, count }) => `${method} ${status} ${count}`).sort(), [
      'etcdserverpb.KV/Put CANCELLED 1',
      'etcdserverpb.KV/Put NOT_FOUND 1',
      'etcdserverpb.KV/Put OK 3',
      'etcdserverpb.KV/Range OK 2',
    ]);
    let sumSeconds = 0;
    for (const one of durations) {
      assert.equal(
        one.buckets.reduce((sum, count) => sum + count, 0),
        one.count,
      );
      sumSeconds += one.sumSeconds;
    }
    // The two reads are concurrent.
    assert.ok(sumSeconds > 0 && sumSeconds < elapsedSeconds * 2, `${sumSeconds} of ${elapsedSeconds} s`);
  });

  it('have the duration of a call in the bucket of its length', async () => {
    const client = connect([await deadEndpoint()], { metrics });
    await assert.rejects(client.kv.get('k', { timeoutMs: 300 }));
    const [one, ...others] = client.metrics().callDurations ?? [];
    assert.deepEqual(others, []);
    assert.equal(one?.status, 'DEADLINE_EXCEEDED');
    assert.ok(one.sumSeconds > 0.29);
    const atLeast250ms = one.buckets.slice(7).reduce((sum, count) => sum + count, 0);
    assert.equal(atLeast250ms, 1);
    one.buckets.slice(0, 6).forEach((count) => {
      assert.equal(count, 0);
    });
  });

  it('do not exist without the option', async () => {
    const client = connect(etcd().endpoints);
    await client.kv.get('k');
    assert.equal(client.metrics().callDurations, undefined);
  });
});
