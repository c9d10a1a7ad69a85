import assert from 'node:assert/strict';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { EtcdClient } from '#src/index.js';
import { useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';

const name = 'client-seen';

describe('the channel of clients', () => {
  const etcd = useEtcd();
  const published = usePublished(diagnosticsChannels.client, name);
  const types = () => published().map(({ type }) => type);

  function finalMetrics() {
    const last = published().at(-1);
    assert.ok(last?.type === 'closed');
    return last.metrics;
  }

  it('publishes the endpoints when a client is made, and its final metrics once when it has closed', async () => {
    const { endpoints } = etcd();
    const client = new EtcdClient({ endpoints, name });
    assert.deepEqual(
      published().map((event) => ({ ...event })),
      [{ client: name, type: 'opened', endpoints }],
    );
    await client.kv.put('a', '');
    await client.lock('jobs');
    const { attempts } = client.metrics().calls;
    await client.close();
    await client.close();
    assert.deepEqual(types(), ['opened', 'closed']);
    const { calls, leases, members } = finalMetrics();
    assert.ok(attempts > 1);
    assert.deepEqual(calls, { attempts, answers: attempts, failures: 0, retries: 0 });
    assert.deepEqual([leases.held, leases.ended.closed], [0, 1]);
    assert.deepEqual(members, []);
    assert.doesNotThrow(() => JSON.stringify(published()));
  });

  it('counts what close() ends in the final metrics', async () => {
    const client = new EtcdClient({ endpoints: etcd().endpoints, name });
    await client.kv.put('a', '');
    const puts = Promise.allSettled([1, 2, 3].map((n) => client.kv.put(`k${n}`, '')));
    const waits = client.lock('jobs', { timeoutMs: 5_000 }).catch(() => {});
    await client.close();
    await Promise.all([puts, waits]);
    assert.deepEqual(finalMetrics().calls, client.metrics().calls);
  });

  it('ignores requests for metrics that have no function `report`', async () => {
    await using _ = new EtcdClient({ endpoints: etcd().endpoints, name });
    for (const message of [undefined, null, {}, { report: 5 }, 'metrics'])
      diagnosticsChannels.metrics.publish(message as never); // Mocha fails a test with an uncaught exception
    const reported: string[] = [];
    diagnosticsChannels.metrics.publish({ report: ({ client }) => reported.push(client) });
    assert.ok(reported.includes(name));
  });

  it('publishes nothing for options that are refused, such as an endpoint with a password', () => {
    const endpoints = ['http://root:secret@127.0.0.1:2379'];
    assert.throws(() => new EtcdClient({ endpoints, name }), InvalidInputError);
    assert.deepEqual(types(), []);
  });

  it('has no endpoints of a client with discovery', async () => {
    const client = new EtcdClient({ discovery: { srv: 'example.test' }, name });
    await client.close();
    const [opened] = published();
    assert.deepEqual(opened?.type === 'opened' && opened.endpoints, []);
  });
});
