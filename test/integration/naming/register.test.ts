import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { EndpointManager, NamingError, register } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { openSockets } from '../../support/sockets.js';
import { useRegistrations } from './use-registrations.js';

describe('a registration', () => {
  const { etcd, opened, fixture, endpoint, stored, start, record, untilRegisteredAgain, newLease } =
    useRegistrations();
  let admin: EtcdClient;
  let client: EtcdClient;
  let target: string;
  let key: string;

  beforeEach(() => {
    ({ admin, client, target, key } = fixture);
  });

  it('stores Go’s value under <target>/<addr>, with a lease of 10 s', async () => {
    const registration = await start({ ttlSeconds: undefined as never });
    const kv = await record();
    assert.equal(registration.key, key);
    assert.equal(kv?.value.toString(), stored);
    assert.equal(kv.lease, registration.lease);
    assert.equal(kv.modRevision, registration.revision);
    assert.equal((await admin.lease.timeToLive(kv.lease))?.grantedSeconds, 10);
    assert.deepEqual(
      [registration.state, registration.registrationCount, registration.lastError],
      ['registered', 1, undefined],
    );
  });

  it('stores the id and metadata of the caller', async () => {
    const registration = await start({ id: 'pod-1', ...endpoint, metadata: { zone: 'eu' } });
    assert.equal(registration.key, `${target}/pod-1`);
    const kv = await record(`${target}/pod-1`);
    assert.equal(kv?.value.toString(), '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":{"zone":"eu"}}');
  });

  it('stays registered past its TTL', async () => {
    const registration = await start();
    const lease = registration.lease!;
    const started = performance.now();
    const view = opened.view(new EndpointManager(admin, target));
    await view.untilEndpointsAre(endpoint.addr);
    await eventually('two TTLs are over', () => performance.now() - started > 4_000);
    assert.deepEqual([registration.lease, registration.registrationCount], [lease, 1]);
    assert.equal(view.events.length, 1);
  });

  it('rejects invalid input before a request is sent', async () => {
    const { revision } = await admin.kv.get('x');
    await assert.rejects(register(undefined as never, { target, ...endpoint }), {
      message: /invalid etcd client/,
    });
    await assert.rejects(start({ target: '' }), { message: /invalid target/ });
    await assert.rejects(start({ id: '' }), { message: /the endpoint id is empty/ });
    await assert.rejects(start({ addr: '' }), { message: /the endpoint has no addr/ });
    await assert.rejects(start({ addr: 'a:1', metadata: Number.NaN }), NamingError);
    assert.equal((await admin.kv.get('x')).revision, revision);
  });

  for (const ttlSeconds of [0, -1, 1.5, Number.NaN]) {
    it(`rejects immediately for a TTL of ${ttlSeconds} s`, async () => {
      const before = performance.now();
      await assert.rejects(start({ ttlSeconds }), { name: 'InvalidInputError', message: /ttlSeconds/ });
      assert.ok(performance.now() - before < 2_000);
    });
  }

  describe('that loses its record', () => {
    it('is registered again under the same key with a new lease after its lease is revoked', async () => {
      const registration = await start();
      const lease = registration.lease!;
      await admin.lease.revoke(lease);
      await untilRegisteredAgain(registration, 2);
      assert.notEqual(registration.lease, lease);
      assert.equal(registration.state, 'registered');
    });

    it('is registered again after an operator deletes it', async () => {
      const registration = await start();
      await admin.kv.delete(key);
      await untilRegisteredAgain(registration, 2);
    });

    it('is registered again after each loss', async () => {
      const registration = await start();
      for (const count of [2, 3, 4]) {
        await admin.kv.delete(key);
        await untilRegisteredAgain(registration, count);
      }
    });

    it('leaves no lease behind', async () => {
      const before = new Set(await admin.lease.list());
      const registration = await start();
      await admin.kv.delete(key);
      await untilRegisteredAgain(registration, 2);
      await eventually('one lease is left', async () => {
        const own = (await admin.lease.list()).filter((lease) => !before.has(lease));
        return own.length === 1 && own[0] === registration.lease;
      });
    });

    it('is registered again after etcd was wiped', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start();
      await etcd().wipe();
      await untilRegisteredAgain(registration, 2);
      assert.equal((await record())?.createRevision, registration.revision);
    });

    it('is registered again after etcd was paused for longer than the TTL', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start();
      const lease = registration.lease!;
      await etcd().pause();
      try {
        await eventually('it has noticed the lost lease', () => registration.lease !== lease);
        assert.notEqual(registration.state, 'registered');
        assert.match(
          registration.lastError?.message ?? '',
          /no renewal of lease [0-9a-f]+ \(hex\) was acknowledged for \d+\.\d s \(TTL \d+ s\)/,
        );
      } finally {
        await etcd().resume();
      }
      await untilRegisteredAgain(registration, 2);
      assert.equal((await new EndpointManager(admin, target).list()).size, 1);
    });

    it('is registered again after etcd was restarted', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start();
      await etcd().kill();
      await eventually('it has noticed the lost lease', () => registration.lease === undefined);
      await etcd().restart();
      await untilRegisteredAgain(registration, 2);
    });

    it('stays registered when etcd restarts within the TTL', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start({ ttlSeconds: 20 });
      const { lease } = registration;
      await etcd().restart();
      await eventually(
        'the lease is renewed',
        async () => {
          const left = await admin.lease.timeToLive(lease!);
          return left !== undefined && left.remainingSeconds >= 18;
        },
        20_000,
      );
      assert.deepEqual([registration.lease, registration.registrationCount], [lease, 1]);
    });
  });

  describe('that is closed', () => {
    it('deletes its record and its lease, and stores nothing again', async () => {
      const registration = await start();
      const lease = registration.lease!;
      await registration.close();
      assert.equal(await record(), undefined);
      assert.equal(await admin.lease.timeToLive(lease), undefined);
      assert.deepEqual([registration.state, registration.lease], ['closed', undefined]);

      const began = performance.now();
      await eventually('possible retries would have happened', () => performance.now() - began > 1_000);
      assert.equal(await record(), undefined);
    });

    it('is closed once by several calls', async () => {
      const registration = await start();
      await Promise.all([registration.close(), registration.close(), registration[Symbol.asyncDispose]()]);
      await registration.close();
      assert.equal(await record(), undefined);
    });

    it('keeps another registration’s record', async () => {
      const registration = await start();
      const { revision } = await new EndpointManager(admin, target).addEndpoint(key, { addr: '10.9.9.9:1' });
      await registration.close();
      assert.equal((await record())?.modRevision, revision);
    });

    it('ends in bounded time when etcd is down, and its record expires with its lease', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start();
      await etcd().kill();
      const began = performance.now();
      await registration.close();
      assert.ok(performance.now() - began < 7_000, `close() took ${performance.now() - began} ms`);
      assert.deepEqual(await registration.ended, { reason: 'closed', expiresInMs: 2_000 });

      await etcd().restart();
      await eventually('the record is gone', async () => (await record()) === undefined, 20_000);
      assert.equal(registration.state, 'closed');
    });

    it('ends in bounded time when etcd is frozen', async function () {
      skipUnlessBreakable(this, etcd());
      const registration = await start({ ttlSeconds: 20 });
      await etcd().pause();
      const began = performance.now();
      try {
        await registration.close();
      } finally {
        await etcd().resume();
      }
      assert.ok(performance.now() - began < 7_000, `close() took ${performance.now() - began} ms`);
    });

    it('ends when its client was closed first', async () => {
      const registration = await start();
      await client.close();
      await registration.close();
      assert.equal(registration.state, 'closed');
    });
  });

  describe('whose client is closed', () => {
    it('keeps its record, which expires with its lease', async () => {
      const registration = await start();
      const { key, lease } = registration;
      await client.close();
      const { kv } = await opened.client(etcd().endpoints).kv.get(key);
      assert.equal(kv?.lease, lease);
    });

    it('is closed with it, and keeps nothing running', async () => {
      const registration = await start();
      await client.close();
      await eventually('it is closed', () => registration.state === 'closed', 3_000);
      await eventually('its lease is no longer kept alive', () => registration.lease === undefined, 3_000);
    });
  });

  describe('that cannot be stored for the first time', () => {
    it('rejects in time at a dead port with the key and the cause, and leaves nothing running', async () => {
      const dead = await deadEndpoint();
      const sockets = openSockets();
      const lost = opened.client([dead]);
      const began = performance.now();
      await assert.rejects(register(lost, { target, ...endpoint, timeoutMs: 600 }), (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, /'.*register\/svc\/10\.0\.0\.7:50051' was not registered within 600 ms/);
        assert.match(error.message, new RegExp(`${dead}.*ECONNREFUSED`));
        return true;
      });
      assert.ok(performance.now() - began < 2_000, `it took ${performance.now() - began} ms`);
      await lost.close();
      await eventually('no socket is left', () => openSockets() <= sockets);
    });

    it('rejects in time when a peer accepts connections and never answers', async () => {
      const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      proxy.acceptSilently();
      const began = performance.now();
      const registering = register(opened.client([proxy.endpoint]), { target, ...endpoint, timeoutMs: 600 });
      await assert.rejects(registering, (error: Error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, /'.*10\.0\.0\.7:50051' was not registered within 600 ms/);
        return true;
      });
      assert.ok(performance.now() - began < 2_000, `it took ${performance.now() - began} ms`);
      proxy.heal();
      assert.equal(await record(), undefined);
    });

    it('rejects with the reason of its signal, and stores nothing afterwards', async () => {
      await new EndpointManager(admin, target).addEndpoint(key, { addr: '10.9.9.9:1' });
      const before = await admin.lease.list();
      const reason = new Error('enough');
      const abort = new AbortController();
      const registering = start({ signal: abort.signal });
      const lease = await newLease(before);
      abort.abort(reason);
      await assert.rejects(registering, (error) => error === reason);
      const isRevoked = async () => (await admin.lease.timeToLive(lease)) === undefined;
      await eventually('its lease is revoked', isRevoked);
      assert.match(String((await record())?.value), /10\.9\.9\.9:1/);
    });
  });

  it('is independent of another registration of the same client', async () => {
    const one = await start({ id: 'one' });
    const two = await start({ id: 'two' });
    assert.notEqual(one.lease, two.lease);
    const { lease, revision } = two;

    await admin.lease.revoke(one.lease!);
    await eventually('the first is registered again', () => one.registrationCount === 2);
    await one.close();

    assert.deepEqual([two.lease, two.revision, two.registrationCount], [lease, revision, 1]);
    assert.deepEqual([...(await new EndpointManager(admin, target).list()).keys()], [`${target}/two`]);
  });
});
