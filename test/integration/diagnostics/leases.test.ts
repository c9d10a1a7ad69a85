import assert from 'node:assert/strict';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, useClients } from '../client/support.js';

const name = 'leases-seen';

describe('the channel of leases', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const leases = usePublished(diagnosticsChannels.lease, name);
  const types = () => leases().map(({ type }) => type);

  it('publishes that a lease is held and that it was revoked, and the metrics show its margin', async () => {
    const client = connect(etcd().endpoints, { name });
    assert.equal(client.metrics().leases.held, 0);
    assert.ok(!('minMarginMs' in client.metrics().leases));
    const long = await client.lease.hold({ ttlSeconds: 60 });
    const short = await client.lease.hold({ ttlSeconds: 20 });
    const { held, minMarginMs = Number.NaN } = client.metrics().leases;
    assert.equal(held, 2);
    assert.ok(minMarginMs > 10_000 && minMarginMs < 20_000, `${minMarginMs}`);
    await short.revoke();
    assert.ok((client.metrics().leases.minMarginMs ?? 0) > 20_000);
    await long.close();
    const [first, second, third, fourth] = leases();
    assert.deepEqual({ ...first }, { client: name, type: 'held', lease: long.id, ttlSeconds: 60 });
    assert.deepEqual({ ...second }, { client: name, type: 'held', lease: short.id, ttlSeconds: 20 });
    assert.ok(third?.type === 'ended' && third.lease === short.id && third.reason === 'revoked');
    assert.ok(fourth?.type === 'ended' && fourth.lease === long.id && fourth.reason === 'closed');
    assert.deepEqual(client.metrics().leases, {
      held: 0,
      ended: { expired: 0, 'lost-contact': 0, unauthorized: 0, revoked: 1, closed: 1 },
    });
  });

  it('publishes that another client revoked the lease', async () => {
    const client = connect(etcd().endpoints, { name });
    const lease = await client.lease.hold({ ttlSeconds: 3 });
    await connect(etcd().endpoints).lease.revoke(lease.id);
    await lease.ended;
    const last = leases().at(-1);
    assert.ok(last?.type === 'ended' && last.reason === 'expired');
    assert.equal(client.metrics().leases.ended.expired, 1);
  });

  it('publishes that the stream of the renewals was lost, and that no renewal was acknowledged in time', async function () {
    skipUnlessBreakable(this, etcd());
    const link = await proxy(etcd());
    const client = connect([link.endpoint], { name, maxReconnectDelayMs: 300 });
    const lease = await client.lease.hold({ ttlSeconds: 3 });
    await client.lease.keepAliveOnce(lease.id); // opens the stream
    link.refuse();
    const end = await lease.ended;
    assert.equal(end.reason, 'lost-contact');
    const lost = leases().find(({ type }) => type === 'stream-lost');
    assert.ok(lost?.type === 'stream-lost' && lost.held === 1);
    const last = leases().at(-1);
    assert.ok(last?.type === 'ended' && last.reason === 'lost-contact');
    assert.equal(last.unacknowledgedMs, end.unacknowledgedMs);
    assert.equal(client.metrics().leases.ended['lost-contact'], 1);
  });

  it('publishes the end of each lease when the client is closed, whose metrics show none then', async () => {
    const client = connect(etcd().endpoints, { name });
    const lease = await client.lease.hold({ ttlSeconds: 5 });
    await client.close();
    assert.deepEqual(types(), ['held', 'ended']);
    const { held, ended } = client.metrics().leases;
    assert.deepEqual([held, ended.closed], [0, 1]);
    await eventually('etcd is left without it', async () => {
      await connect(etcd().endpoints).lease.revoke(lease.id);
      return true;
    });
  });
});
