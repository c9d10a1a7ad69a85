import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { encodeEndpoint, type NamingClient, type RegistrationEvent } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { skipUnlessBreakable } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { useRegistrations } from './use-registrations.js';

describe('the updates of a registration', function () {
  this.timeout(60_000);
  const { etcd, opened, fixture, endpoint, start, record } = useRegistrations();
  let admin: EtcdClient;
  let key: string;

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  beforeEach(() => {
    ({ admin, key } = fixture);
  });

  /** A client whose connection can be cut, and the number of its writes. */
  async function behindDoor() {
    const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    const client = opened.client([link.endpoint]);
    const writes = { count: 0 };
    const counted: NamingClient = Object.create(client, {
      kv: {
        value: {
          get: client.kv.get.bind(client.kv),
          range: client.kv.range.bind(client.kv),
          txn: (...args: Parameters<typeof client.kv.txn>) => {
            writes.count++;
            return client.kv.txn(...args);
          },
        },
      },
      lease: { value: client.lease },
      closed: { get: () => client.closed },
      timeoutMs: { value: 10_000 },
      watch: { value: client.watch.bind(client) },
      onClose: { value: client.onClose.bind(client) },
    });
    return { link, client: counted as EtcdClient, writes };
  }

  const metadata = async () => JSON.parse(String((await record())?.value ?? null))?.Metadata;

  it('during an outage are written as one after it', async () => {
    const { link, client, writes } = await behindDoor();
    const registration = await start({ ttlSeconds: 60 }, client);
    const { version } = (await record())!;
    link.refuse();
    writes.count = 0;
    const updates: Promise<void>[] = [];
    const began = performance.now();
    await eventually('an outage of 4 s is over, with an update every 50 ms', () => {
      while (updates.length * 50 < performance.now() - began)
        updates.push(registration.update({ metadata: { weight: updates.length } }, { timeoutMs: 30_000 }));
      return performance.now() - began > 4_000;
    });
    const during = writes.count;
    link.heal();
    await Promise.all(updates);
    const kv = (await record())!;
    const stored = kv.version - version;
    console.log(
      `      ${updates.length} updates: ${during} attempts to write during the outage, ${writes.count - during} after it, ${stored} stored`,
    );
    assert.deepEqual(await metadata(), { weight: updates.length - 1 });
    assert.ok(updates.length > 20, `${updates.length} updates`);
    assert.ok(during <= 20, `${during} attempts during the outage`);
    assert.ok(stored <= 3n, `${stored} writes were stored`);
    assert.ok(writes.count - during <= 5, `${writes.count - during} attempts after the outage`);
  });

  it('reject at their own deadline, and are still stored once possible', async () => {
    const { link, client } = await behindDoor();
    const registration = await start({ ttlSeconds: 60 }, client);
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of registration.events()) events.push(event);
    })();
    link.refuse();
    await assert.rejects(
      registration.update({ metadata: { weight: 7 } }, { timeoutMs: 1_000 }),
      (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, /was not updated within 1000 ms; the update stays desired/);
        return true;
      },
    );
    assert.deepEqual(registration.endpoint, { ...endpoint, metadata: { weight: 7 } });
    link.heal();
    await eventually('it is stored', async () => (await metadata())?.weight === 7, 30_000);
    await eventually('the failure is over', () => registration.state === 'registered');
    assert.equal(registration.lastError, undefined);
  });

  it('reject an invalid timeout', async () => {
    const registration = await start();
    for (const timeoutMs of [Number.NaN, -1, '5' as never])
      await assert.rejects(registration.update({ metadata: 1 }, { timeoutMs }), /timeoutMs/);
    await assert.rejects(registration.update(undefined as never), /no change/);
  });

  it('that etcd rejects are discarded, and do not block later ones', async () => {
    const registration = await start();
    const big = registration.update({ metadata: { weight: 1, text: 'x'.repeat(2_000_000) } });
    await assert.rejects(big, /over the limit/);
    assert.equal(registration.endpoint.metadata, undefined);
    await registration.update({ metadata: { weight: 2 } });
    assert.deepEqual(await metadata(), { weight: 2 });
    assert.equal(registration.state, 'registered');
  });

  it('during a drain keep the draining status, as does an operator’s change', async () => {
    const registration = await start();
    const hurry = new AbortController();
    const draining = registration.drain({ propagateMs: 3_600_000, signal: hurry.signal });
    await eventually('the status is stored', async () => (await metadata())?.status === 'draining');
    await registration.update({ metadata: { weight: 5 } });
    assert.deepEqual(await metadata(), { weight: 5, status: 'draining' });
    await registration.update({ metadata: { weight: 6, status: 'up' } });
    assert.deepEqual(await metadata(), { weight: 6, status: 'draining' });
    const unmarked = encodeEndpoint({ ...endpoint, metadata: { weight: 9 } });
    await admin.kv.put(key, unmarked, { lease: registration.lease ?? 0n });
    await eventually('the status is restored', async () => (await metadata())?.status === 'draining');
    assert.equal((await metadata()).weight, 9);
    assert.equal(registration.state, 'draining');
    hurry.abort();
    await draining;
  });

  it('by an operator are adopted if the owner was disconnected and gave up its lease', async () => {
    const { link, client } = await behindDoor();
    const registration = await start({ ttlSeconds: 3 }, client);
    const lease = registration.lease!;
    link.refuse();
    await eventually('the owner has abandoned its lease', async () => {
      await admin.lease.keepAliveOnce(lease); // as a change of etcd's leader does
      return registration.lease !== lease;
    });
    const drained = encodeEndpoint({ ...endpoint, metadata: { weight: 1, status: 'draining' } });
    await admin.kv.put(key, drained, { lease });
    link.heal();
    await eventually(
      'it is back',
      async () => {
        if ((await record())?.lease === lease) await admin.lease.keepAliveOnce(lease);
        return registration.registrationCount === 2;
      },
      30_000,
    );
    assert.deepEqual(registration.endpoint.metadata, { weight: 1, status: 'draining' });
    assert.deepEqual(await metadata(), { weight: 1, status: 'draining' });
  });

  it('fail for two processes of one address, and the error of the earlier names the remedy', async () => {
    const one = await start();
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of one.events()) events.push(event);
    })();
    await start({}, admin);
    await eventually('the first waits', () => one.state === 'waiting');
    assert.match(one.lastError?.message ?? '', /own address: .*each need their own id/);
    const waiting = events.find(({ type }) => type === 'waiting');
    assert.ok(waiting?.type === 'waiting');
    assert.match(waiting.error.message, /option id of register/);
  });
});
