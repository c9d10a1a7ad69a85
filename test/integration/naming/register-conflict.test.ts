import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { EndpointManager, type Registration, register } from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import { useRegistrations } from './use-registrations.js';

describe('a registration', () => {
  const { etcd, opened, fixture, endpoint, stored, start, record, untilRegisteredAgain, newLease } =
    useRegistrations();
  let admin: EtcdClient;
  let target: string;
  let key: string;

  beforeEach(() => {
    ({ admin, target, key } = fixture);
  });

  describe('whose key already has a record', () => {
    it('takes over a record of its own address, as after a restart within the TTL', async () => {
      const dead = opened.client(etcd().endpoints);
      const before = await register(dead, { target, ...endpoint, ttlSeconds: 60 });
      const oldLease = before.lease!;
      await dead.close(); // the record stays until its lease expires

      const registration = await start({ ttlSeconds: 20 });
      assert.ok(
        await admin.lease.timeToLive(oldLease),
        'the old lease still exists: the registration did not wait for it',
      );
      assert.equal((await record())?.lease, registration.lease);

      await admin.lease.revoke(oldLease);
      assert.equal((await record())?.lease, registration.lease);
      assert.equal(registration.registrationCount, 1);
    });

    it('waits until another registration’s record is gone, and then stores its own', async () => {
      const manager = new EndpointManager(admin, target);
      await manager.addEndpoint(key, { addr: '10.9.9.9:1' });
      const before = await admin.lease.list();
      let registration: Registration | undefined;
      const registering = start().then((one) => {
        registration = one;
      });
      await newLease(before);
      // The next record of the other registration does not end the wait.
      await manager.addEndpoint(key, { addr: '10.9.9.9:2' });
      assert.equal(registration, undefined);
      assert.match(String((await record())?.value), /10\.9\.9\.9:2/);

      await manager.deleteEndpoint(key);
      await registering;
      assert.equal((await record())?.value.toString(), stored);
    });

    it('rejects in time with the value of another’s record that stays, and keeps that record', async () => {
      const manager = new EndpointManager(admin, target);
      const { revision } = await manager.addEndpoint(key, { addr: '10.9.9.9:1' });
      await assert.rejects(start({ timeoutMs: 500 }), (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(
          error.message,
          /'.*10\.0\.0\.7:50051' was not registered within 500 ms: .*10\.9\.9\.9:1/,
        );
        return true;
      });
      assert.equal((await record())?.modRevision, revision);
    });

    it('waits with an event when another process takes its key, and is registered again when that record is gone', async () => {
      const registration = await start();
      const manager = new EndpointManager(admin, target);
      await manager.addEndpoint(key, { addr: '10.9.9.9:1' });
      await eventually('the registration is waiting', () => registration.state === 'waiting');
      assert.match(registration.lastError?.message ?? '', /10\.9\.9\.9:1/);
      assert.match(String((await record())?.value), /10\.9\.9\.9:1/);

      await manager.deleteEndpoint(key);
      await untilRegisteredAgain(registration, 2);
      assert.equal(registration.lastError, undefined);
    });

    it('does not overwrite the record of another process that has the same address', async () => {
      const one = await start();
      const two = await start({}, admin);
      await eventually('the first waits', () => one.state === 'waiting');
      // The first stops writing: the record is unchanged between two reads more than a renewal apart.
      const before = (await record())?.modRevision;
      const began = performance.now();
      await eventually('a TTL is over', () => performance.now() - began > 2_000);
      assert.equal((await record())?.modRevision, before);
      assert.deepEqual([one.registrationCount, two.registrationCount], [1, 1]);
    });
  });
});
