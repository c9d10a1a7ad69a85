import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { encodeEndpoint, type Registration, type RegistrationEvent } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { skipUnlessBreakable } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { useRegistrations } from './use-registrations.js';

describe('the record of a registration', () => {
  const { etcd, opened, fixture, endpoint, stored, start, record, untilRegisteredAgain } = useRegistrations();
  let admin: EtcdClient;
  let key: string;

  beforeEach(() => {
    ({ admin, key } = fixture);
  });

  function listen(registration: Registration): RegistrationEvent[] {
    const events: RegistrationEvent[] = [];
    void (async () => {
      for await (const event of registration.events()) events.push(event);
    })();
    return events;
  }

  /** Waits until the record has the registration's lease. */
  const untilLeaseMatches = (registration: Registration) =>
    eventually('the record has the registration’s lease', async () => {
      const kv = await record();
      return kv !== undefined && kv.lease === registration.lease && kv.value.toString() === stored;
    });

  describe('that another writer stored again without its lease', () => {
    for (const onConflict of ['wait', 'fail', 'takeover'] as const) {
      it(`is reclaimed in place with onConflict '${onConflict}', and deleted by close()`, async () => {
        const registration = await start({ onConflict });
        const events = listen(registration);
        const { lease } = registration;
        await admin.kv.put(key, stored, { lease: 0n });
        await untilLeaseMatches(registration);
        await eventually('it is reported', () => events.some(({ type }) => type === 'restored'));
        assert.deepEqual(
          [registration.state, registration.lease, registration.registrationCount],
          ['registered', lease, 1],
        );
        await registration.close();
        assert.equal(await record(), undefined);
      });
    }

    it('is deleted by a close() that follows immediately', async () => {
      const registration = await start();
      await admin.kv.put(key, stored, { lease: 0n });
      await registration.close();
      assert.equal(await record(), undefined);
    });

    it('is reclaimed as well while the registration waits for another’s record', async () => {
      const registration = await start();
      await admin.kv.put(key, encodeEndpoint({ addr: '10.9.9.9:1' }), { lease: 0n });
      await eventually('the registration is waiting', () => registration.state === 'waiting');
      await admin.kv.put(key, stored, { lease: 0n });
      await untilRegisteredAgain(registration, 2);
    });

    it('is reclaimed as well if that happens during a disconnection', async function () {
      skipUnlessBreakable(this, etcd());
      const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      const registration = await start({ ttlSeconds: 60 }, opened.client([link.endpoint]));
      link.refuse();
      await admin.kv.put(key, stored, { lease: 0n });
      link.heal();
      await untilLeaseMatches(registration);
    });

    it('is kept if its value differs, and close() does not delete it', async () => {
      const registration = await start();
      const { revision } = await admin.kv.put(key, encodeEndpoint({ ...endpoint, metadata: 1 }), {
        lease: 0n,
      });
      await eventually('the registration is waiting', () => registration.state === 'waiting');
      await registration.close();
      assert.equal((await record())?.modRevision, revision);
    });
  });

  describe('into which another writer stores another address', () => {
    const foreign = encodeEndpoint({ addr: '10.9.9.9:1', metadata: { weight: 2 } });
    const overwrite = (registration: Registration) =>
      admin.kv.put(key, foreign, { lease: registration.lease ?? 0n });

    it('keeps its own address, adopts the metadata, and reports both', async () => {
      const registration = await start();
      const events = listen(registration);
      const { lease } = registration;
      await overwrite(registration);
      await eventually('it is restored', () => events.some(({ type }) => type === 'restored'));
      assert.equal(
        (await record())?.value.toString(),
        `{"Op":0,"Addr":"${endpoint.addr}","Metadata":{"weight":2}}`,
      );
      assert.deepEqual(registration.endpoint, { ...endpoint, metadata: { weight: 2 } });
      assert.deepEqual(
        events.map((event) => (event.type === 'restored' ? event.value : event.type)),
        ['adopted', foreign.toString()],
      );
      assert.deepEqual([registration.lease, registration.registrationCount], [lease, 1]);
      // In a new record as well.
      await admin.lease.revoke(lease!);
      await eventually('it is registered again', () => registration.registrationCount === 2);
      assert.match(String((await record())?.value), /10\.0\.0\.7:50051.*weight":2/);
    });

    it('keeps its own address if that happens during a disconnection', async function () {
      skipUnlessBreakable(this, etcd());
      const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      const registration = await start({ ttlSeconds: 60 }, opened.client([link.endpoint]));
      link.refuse();
      await overwrite(registration);
      link.heal();
      await eventually('its own address is restored', async () =>
        (await record())?.value.toString().includes(endpoint.addr),
      );
      assert.equal(registration.endpoint.addr, endpoint.addr);
    });

    it('is restored ever more slowly if that is repeated', async function () {
      this.timeout(60_000);
      const registration = await start({ ttlSeconds: 60 });
      const began = performance.now();
      let restored = 0;
      let last = (await overwrite(registration)).revision;
      await eventually('some time has passed', async () => {
        const kv = await record();
        if (kv && kv.modRevision > last) {
          restored++;
          last = (await overwrite(registration)).revision;
        }
        return performance.now() - began > 6_000;
      });
      assert.ok(restored >= 2 && restored <= 20, `restored ${restored} times`);
    });
  });
});
