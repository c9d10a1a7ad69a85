import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError } from '#src/errors/index.js';
import {
  ConflictError,
  EndpointManager,
  encodeEndpoint,
  type RegisterOptions,
  type Registration,
  type RegistrationEvent,
  register,
} from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('the owner of a registration', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  let opened: Opened;
  let admin: EtcdClient;
  let target: string;
  let key: string;
  let targets = 0;
  const endpoint = { addr: '10.0.0.7:50051', metadata: { weight: 1 } };

  beforeEach(() => {
    opened = new Opened();
    admin = opened.client(etcd().endpoints);
    target = `${etcd().prefix}owner/${targets++}`;
    key = `${target}/one`;
  });

  afterEach(() => opened.close());

  async function start(options: Partial<RegisterOptions> = {}): Promise<Registration> {
    const registration = await register(opened.client(etcd().endpoints), {
      target,
      id: 'one',
      ...endpoint,
      ttlSeconds: 3,
      ...options,
    });
    return opened.add(registration, (one) => one.close());
  }

  function listen(registration: Registration): RegistrationEvent[] {
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of registration.events()) events.push(event);
    })();
    return events;
  }

  const record = async () => (await admin.kv.get(key)).kv;
  const stored = async () => JSON.parse((await record())?.value.toString() ?? 'null');

  describe('who updates it', () => {
    it('changes the record in place, under its key and lease', async () => {
      const registration = await start();
      const { lease } = registration;
      const view = opened.view(new EndpointManager(admin, target));
      await view.untilEndpointsAre(endpoint.addr);
      await registration.update({ metadata: { weight: 5 } });
      const kv = await record();
      assert.deepEqual((await stored()).Metadata, { weight: 5 });
      assert.equal(kv?.lease, lease);
      assert.equal(kv?.modRevision, registration.revision);
      assert.deepEqual(registration.endpoint, { addr: endpoint.addr, metadata: { weight: 5 } });
      await eventually('the view changes', () => view.events.length > 1);
      assert.equal(view.events[1]?.type, 'delta');
    });

    it('stores the last of many simultaneous updates', async () => {
      const registration = await start();
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => registration.update({ metadata: { weight: i } })),
      );
      assert.deepEqual((await stored()).Metadata, { weight: 19 });
      await registration.update({ addr: '10.0.0.8:1' });
      assert.deepEqual(await stored(), { Op: 0, Addr: '10.0.0.8:1', Metadata: { weight: 19 } });
      assert.equal(registration.registrationCount, 1);
    });

    it('gets the update into the next record when the current one is lost meanwhile', async () => {
      const registration = await start();
      await admin.lease.revoke(registration.lease ?? 0n);
      await registration.update({ metadata: { weight: 9 } });
      assert.deepEqual((await stored()).Metadata, { weight: 9 });
      assert.equal((await record())?.lease, registration.lease);
    });

    it('gets a rejection for an update that cannot be stored, and after the end', async () => {
      const registration = await start();
      await assert.rejects(registration.update({ addr: '' }), /no addr/);
      await registration.close();
      await assert.rejects(registration.update({ metadata: 1 }), ClosedError);
    });
  });

  describe('whose record another writer changes in place', () => {
    const markDraining = () =>
      admin.kv.put(key, encodeEndpoint({ ...endpoint, metadata: { weight: 1, status: 'draining' } }), {
        lease: 0n,
      });

    it('adopts a value that is written under its lease, and keeps it in a new record', async () => {
      const registration = await start();
      const events = listen(registration);
      const value = encodeEndpoint({ ...endpoint, metadata: { weight: 1, status: 'draining' } });
      await admin.kv.put(key, value, { lease: registration.lease ?? 0n });
      await eventually('the change is adopted', () => events.some(({ type }) => type === 'adopted'));
      assert.deepEqual(registration.endpoint.metadata, { weight: 1, status: 'draining' });
      await registration.update({ metadata: { weight: 7 } });
      assert.deepEqual((await stored()).Metadata, { weight: 7, status: 'draining' });
      await admin.lease.revoke(registration.lease ?? 0n);
      await eventually('the record is stored again', () => registration.registrationCount === 2);
      assert.deepEqual((await stored()).Metadata, { weight: 7, status: 'draining' });
    });

    it('reports the result of a concurrent update correctly, in either order', async function () {
      this.timeout(60_000);
      const registration = await start();
      for (let round = 0; round < 60; round++) {
        const theirs = encodeEndpoint({ ...endpoint, metadata: { weight: 1, status: `s${round}` } });
        await Promise.all([
          registration.update({ metadata: { weight: round } }),
          admin.kv.put(key, theirs, { lease: registration.lease ?? 0n }),
        ]);
        const { Metadata } = await stored();
        const ours = Metadata.weight === round;
        const last = Metadata.status === `s${round}`;
        assert.ok(ours || last, `round ${round}: ${JSON.stringify(Metadata)}`);
        await eventually('the record matches the registration', async () => {
          const value = (await record())?.value;
          return value?.equals(encodeEndpoint(registration.endpoint)) ?? false;
        });
      }
    });

    it('restores its record over a value that no reader can use', async () => {
      const registration = await start();
      await admin.kv.put(key, 'garbage', { lease: registration.lease ?? 0n });
      await eventually('the record is restored', async () =>
        (await record())?.value.toString().startsWith('{"Op":0'),
      );
      assert.equal(registration.registrationCount, 1);
    });

    it('prefers its own later update to the foreign value', async () => {
      const registration = await start();
      const events = listen(registration);
      const value = encodeEndpoint({ ...endpoint, metadata: { weight: 1, status: 'draining' } });
      await admin.kv.put(key, value, { lease: registration.lease ?? 0n });
      await eventually('the change is adopted', () => events.some(({ type }) => type === 'adopted'));
      await registration.update({ metadata: { status: 'up' } });
      await registration.update({ metadata: { weight: 2 } });
      assert.deepEqual((await stored()).Metadata, { weight: 2 });
    });

    it('keeps a record that was written without its lease', async () => {
      const registration = await start();
      await markDraining();
      await eventually('the registration is waiting', () => registration.state === 'waiting');
      assert.equal((await record())?.lease, 0n);
      await admin.kv.delete(key);
      await eventually('the record is stored again', () => registration.state === 'registered');
    });
  });

  describe('when an operator deletes the record', () => {
    it('ends with onDeleted stop, and stores nothing again', async () => {
      const registration = await start({ onDeleted: 'stop' });
      const events = listen(registration);
      await admin.kv.delete(key);
      assert.deepEqual(await registration.ended, { reason: 'deleted' });
      assert.equal(registration.state, 'closed');
      assert.equal(await record(), undefined);
      assert.deepEqual(
        events.map(({ type }) => type),
        ['lost', 'ended'],
      );
    });

    it('does not treat the end of its lease as a delete', async () => {
      const registration = await start({ onDeleted: 'stop' });
      const events = listen(registration);
      await admin.lease.revoke(registration.lease ?? 0n);
      await eventually('the record is stored again', () => registration.registrationCount === 2);
      const [lost] = events;
      assert.ok(lost?.type === 'lost' && lost.cause === 'lease', JSON.stringify(lost));
    });
  });

  describe('whose key belongs to another registration', () => {
    const other = { addr: '10.9.9.9:1' };

    it('gets an immediate rejection with onConflict fail, and changes nothing', async () => {
      const { revision } = await admin.kv.put(key, encodeEndpoint(other));
      await assert.rejects(start({ onConflict: 'fail' }), ConflictError);
      assert.equal((await record())?.modRevision, revision);
    });

    it('overwrites the record with onConflict takeover, and the other registration ends', async () => {
      const first = await start({ ...other, onConflict: 'fail' });
      const second = await start({ onConflict: 'takeover' });
      const end = await first.ended;
      assert.equal(end.reason, 'replaced');
      assert.ok(end.error instanceof ConflictError);
      assert.equal((await record())?.lease, second.lease);
      assert.equal(second.registrationCount, 1);
    });

    it('waits after it was overwritten, with onConflict wait', async () => {
      const first = await start({ ...other });
      const second = await start({ onConflict: 'takeover' });
      await eventually('the first waits', () => first.state === 'waiting');
      await second.close();
      await eventually('the first is registered again', () => first.state === 'registered');
      assert.equal((await stored()).Addr, other.addr);
    });
  });

  describe('who drains it', () => {
    it('stores the draining status, waits, and deletes the record permanently', async () => {
      const registration = await start();
      const view = opened.view(new EndpointManager(admin, target));
      await view.untilEndpointsAre(endpoint.addr);
      let wasDeletedBeforeWait: boolean | undefined;
      const draining = registration.drain({
        propagateMs: 200,
        whenIdle: async () => {
          wasDeletedBeforeWait = (await record()) === undefined;
        },
      });
      await eventually('the status is stored', () => view.events.length > 1);
      assert.equal(registration.state, 'draining');
      assert.deepEqual([...view.endpoints.values()][0]?.metadata, { weight: 1, status: 'draining' });
      await draining;
      await view.untilEndpointsAre();
      assert.equal(wasDeletedBeforeWait, true, 'the record is deleted before drain() waits for calls');
      assert.equal(registration.state, 'closed');
      assert.equal((await registration.ended).reason, 'closed');
    });

    it('finishes in bounded time when calls do not end, and immediately when its signal aborts', async () => {
      const registration = await start();
      const began = performance.now();
      await registration.drain({ propagateMs: 0, timeoutMs: 300, whenIdle: () => new Promise(() => {}) });
      const another = await start();
      const hurry = new AbortController();
      const draining = another.drain({ propagateMs: 3_600_000, timeoutMs: 3_600_000, signal: hurry.signal });
      hurry.abort();
      await draining;
      assert.ok(performance.now() - began < 20_000);
      assert.equal(await record(), undefined);
    });
  });

  it('receives an event for each loss, each registration and the end', async () => {
    const registration = await start();
    const events = listen(registration);
    await admin.kv.delete(key);
    await eventually('the record is stored again', () => registration.registrationCount === 2);
    await registration.close();
    await eventually('the end is reported', () => events.at(-1)?.type === 'ended');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['lost', 'registered', 'ended'],
    );
    const [lost, back] = events;
    assert.ok(lost?.type === 'lost' && lost.cause === 'deleted');
    assert.ok(back?.type === 'registered' && back.again);
    assert.deepEqual(await registration.events().next(), { done: true, value: undefined });
  });

  it('removes its listener from the signal of an event reader that outlives it', async () => {
    const abort = new AbortController();
    const registration = await start();
    const events = registration.events({ signal: abort.signal });
    await registration.close();
    for await (const _ of events);
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
  });
});
