import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { EndpointManager, type Registration, register } from '#src/naming/index.js';
import { eventually } from './support.js';
import { useRegistrations } from './use-registrations.js';

describe('a registration', () => {
  const { etcd, opened, scene, endpoint, stored, start, record, isBack, newLease } = useRegistrations();
  let admin: EtcdClient;
  let target: string;
  let key: string;

  beforeEach(() => {
    ({ admin, target, key } = scene);
  });

  describe('whose key has a record already', () => {
    it('takes over its own address’s record, as after a restart within the TTL', async () => {
      const dead = opened.client(etcd().endpoints);
      const before = await register(dead, { target, ...endpoint, ttlSeconds: 60 });
      const oldLease = before.lease!;
      await dead.close(); // the record stays until its lease runs out

      const registration = await start({ ttlSeconds: 20 });
      assert.ok(await admin.lease.timeToLive(oldLease), 'it did not wait for the old lease');
      assert.equal((await record())?.lease, registration.lease);

      await admin.lease.revoke(oldLease);
      assert.equal((await record())?.lease, registration.lease);
      assert.equal(registration.registrationCount, 1);
    });

    it('waits for another’s record to go, and takes its place', async () => {
      const manager = new EndpointManager(admin, target);
      await manager.addEndpoint(key, { addr: '10.9.9.9:1' });
      const before = await admin.lease.list();
      let registration: Registration | undefined;
      const registering = start().then((one) => {
        registration = one;
      });
      await newLease(before);
      // The other one's next record is not the end of the wait.
      await manager.addEndpoint(key, { addr: '10.9.9.9:2' });
      assert.equal(registration, undefined);
      assert.match(String((await record())?.value), /10\.9\.9\.9:2/);

      await manager.deleteEndpoint(key);
      await registering;
      assert.equal((await record())?.value.toString(), stored);
    });

    it('rejects in time naming the other when it does not go, and leaves it alone', async () => {
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

    it('yields to another that takes its key, says so, and comes back when that one goes', async () => {
      const registration = await start();
      const manager = new EndpointManager(admin, target);
      await manager.addEndpoint(key, { addr: '10.9.9.9:1' });
      await eventually('it waits', () => registration.state === 'waiting');
      assert.match(registration.lastError?.message ?? '', /10\.9\.9\.9:1/);
      assert.match(String((await record())?.value), /10\.9\.9\.9:1/);

      await manager.deleteEndpoint(key);
      await isBack(registration, 2);
      assert.equal(registration.lastError, undefined);
    });

    it('does not wrestle with another process of the same address', async () => {
      const one = await start();
      const two = await start({}, admin);
      await eventually('the first yields', () => one.state === 'waiting');
      // Whoever lost writes no more: between two looks, more than a renewal apart, the record is the same.
      const before = (await record())?.modRevision;
      const began = performance.now();
      await eventually('a TTL is over', () => performance.now() - began > 2_000);
      assert.equal((await record())?.modRevision, before);
      assert.deepEqual([one.registrationCount, two.registrationCount], [1, 1]);
    });
  });
});
