import assert from 'node:assert/strict';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { StoreReplacedError } from '#src/errors/index.js';
import { startEtcd } from '#src/testing/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, useClients } from '../client/support.js';

const name = 'members-seen';

describe('the channels of members and connections', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const members = usePublished(diagnosticsChannels.member, name);
  const connections = usePublished(diagnosticsChannels.connection, name);

  it('publish a connection once, and the metrics show it', async () => {
    const client = connect(etcd().endpoints, { name });
    assert.deepEqual(client.metrics().members, [
      { endpoint: etcd().endpoints[0], healthy: true, connected: false, preferred: true },
    ]);
    await Promise.all([1, 2, 3].map((n) => client.kv.put(`k${n}`, '')));
    const endpoint = etcd().endpoints[0];
    const made = connections().map((event) => ({ ...event }));
    assert.deepEqual(made, [{ client: name, type: 'connected', endpoint }]);
    assert.equal(client.metrics().members[0]?.connected, true);
    assert.deepEqual(client.metrics().connections, { made: 1, lost: 0 });
  });

  it('publish a lost connection, the failures to connect once for each reason, and the recovery', async () => {
    const link = await proxy(etcd());
    const { endpoint } = link;
    const client = connect([endpoint], { name, maxReconnectDelayMs: 300 });
    await client.kv.put('k', '');
    link.refuse();
    await eventually('the loss is published', () =>
      connections().some(({ type }) => type === 'disconnected'),
    );
    await assert.rejects(client.kv.put('k', '', { timeoutMs: 1_500 }));
    const failed = connections().filter(({ type }) => type === 'failed');
    const texts = failed.map((event) => event.type === 'failed' && event.error.message);
    assert.equal(failed.length, new Set(texts).size);
    assert.ok(failed.length >= 1);
    const [unhealthy] = members();
    assert.ok(unhealthy?.type === 'unhealthy');
    assert.deepEqual([unhealthy.endpoint, unhealthy.failure], [endpoint, 'unreachable']);
    const { members: seen, connections: counted } = client.metrics();
    assert.deepEqual(seen, [
      { endpoint, healthy: false, failure: 'unreachable', connected: false, preferred: true },
    ]);
    assert.deepEqual(counted, { made: 1, lost: 1 });
    link.heal();
    await client.kv.put('k', '', { timeoutMs: 30_000 });
    await eventually('the recovery is published', () => members().at(-1)?.type === 'recovered');
    assert.equal(connections().at(-1)?.type, 'connected');
    assert.deepEqual(client.metrics().connections, { made: 2, lost: 1 });
  });

  it('publish no loss when the client closes its connection, and the metrics show no member then', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint], { name });
    await client.kv.put('k', '');
    await client.close();
    await eventually('the connection is closed', () => link.connections === 0);
    assert.deepEqual(
      connections().map(({ type }) => type),
      ['connected'],
    );
    assert.deepEqual(client.metrics().connections, { made: 1, lost: 0 });
    assert.deepEqual(client.metrics().members, []);
  });

  it('publish a port without a listener once, however many calls wait for it', async () => {
    const endpoint = await deadEndpoint();
    const client = connect([endpoint], { name, maxReconnectDelayMs: 300 });
    await Promise.allSettled([1, 2, 3].map((n) => client.kv.put(`k${n}`, '', { timeoutMs: 1_000 })));
    const [event, ...others] = connections();
    assert.ok(event?.type === 'failed' && event.endpoint === endpoint);
    assert.match(event.error.message, /ECONNREFUSED/);
    assert.deepEqual(others, []);
    assert.deepEqual(client.metrics().connections, { made: 0, lost: 0 });
  });

  it('publish each change of the member list, and the metrics have the members of the new one', async () => {
    const link = await proxy(etcd());
    const client = connect([link.endpoint], { name, sync: { allow: () => true } });
    await client.kv.put('k', '');
    await client.sync();
    const listed = members().find(({ type }) => type === 'list-changed');
    assert.ok(listed?.type === 'list-changed');
    assert.deepEqual(
      client.metrics().members.map(({ endpoint }) => endpoint),
      listed.endpoints,
    );
    assert.ok(listed.endpoints.length > 1);
  });

  it('publish a sync that fails and a name that cannot be resolved', async () => {
    const dead = await deadEndpoint();
    connect([dead], { name, timeoutMs: 300, sync: { intervalMs: 1_000, allow: () => true } });
    await eventually('the sync fails', () => members().some(({ type }) => type === 'sync-failed'));
    const unresolved = connect(['no-such-host.invalid:2379'], { name });
    await assert.rejects(unresolved.kv.get('k', { timeoutMs: 500 }));
    await eventually('the resolution fails', () =>
      members().some(({ type }) => type === 'resolution-failed'),
    );
  });

  it('publish that the store was replaced', async function () {
    skipUnlessBreakable(this, etcd());
    const other = await startEtcd();
    try {
      const links = await Promise.all([proxy(etcd()), proxy(other)]);
      const client = connect(
        links.map(({ endpoint }) => endpoint),
        { name },
      );
      await client.kv.put('k', '');
      for (const { endpoint } of links) await client.maintenance.status(endpoint);
      assert.deepEqual(members(), [], "a call on one endpoint says nothing about the client's store");
      links.find(({ connections: open }) => open > 0)?.refuse();
      await client.kv.put('k', '', { idempotent: true });
      const replaced = members().filter(({ type }) => type === 'store-replaced');
      assert.equal(replaced.length, 1);
      const [event] = replaced;
      assert.ok(event?.type === 'store-replaced' && event.error instanceof StoreReplacedError);
    } finally {
      await other.close();
    }
  });
});
