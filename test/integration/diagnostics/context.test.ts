import assert from 'node:assert/strict';
import { EtcdClient, encodeEndpoint, type Registration, register } from '@org/etcd-naming';
import { ContextRecorder } from '../../support/context-recorder.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';

describe('the asynchronous context of what a client does', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const recorder = new ContextRecorder();
  let client: EtcdClient;

  beforeEach(() => recorder.start());

  afterEach(async () => {
    recorder.stop();
    await client.close();
  });

  const connect = async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    await client.kv.get('connected');
    recorder.clear();
  };

  it('is that of the caller for each call, also for the first, which connects', async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    const read = (request: string) => recorder.within(request, () => client.kv.get(request));
    await Promise.all([read('a'), read('b'), recorder.within('c', () => client.kv.put('c', ''))]);
    assert.deepEqual(recorder.requestsOf('Range').sort(), ['a', 'b']);
    assert.deepEqual(recorder.requestsOf('Put'), ['c']);
    assert.deepEqual(recorder.requestsOf('etcd-naming:connection connected'), [undefined]);
  });

  it('is that of no caller for the revision that several watches read together', async () => {
    await connect();
    const watchers = ['a', 'b'].map((request) => recorder.within(request, () => client.watch(request)));
    await Promise.all(watchers.map(({ ready }) => ready));
    assert.deepEqual(recorder.requestsOf('Range'), [undefined]);
    assert.deepEqual(recorder.ofRequests, []);
    await Promise.all(watchers.map((watcher) => watcher.close()));
  });

  it('is that of the caller for the loop over a mirror, and for the grant of a held lease', async () => {
    await connect();
    const lease = await recorder.within('a', () => client.lease.hold({ ttlSeconds: 5 }));
    await recorder.within('b', async () => {
      for await (const _ of client.mirror({ prefix: 'mirrored/' })) break;
    });
    assert.deepEqual(recorder.requestsOf('LeaseGrant'), ['a']);
    assert.ok(recorder.requestsOf('Range').every((request) => request === 'b'));
    assert.ok(recorder.requestsOf('Range').length > 0);
    lease.signal.addEventListener('abort', () => recorder.note('the lease has ended'));
    await client.lease.revoke(lease.id);
    assert.deepEqual(recorder.requestsOf('the lease has ended'), [undefined]);
  });

  describe('of a registration', () => {
    const target = 'services/registered';
    const recordOf = async ({ key }: Registration) => (await client.kv.get(key)).kv;
    let registration: Registration;

    beforeEach(async () => {
      await connect();
      registration = await recorder.within('first request', () =>
        register(client, { target, addr: '10.0.0.1:80', ttlSeconds: 5 }),
      );
    });

    it('is that of the caller until the record is stored, and later that of no caller', async function () {
      skipUnlessBreakable(this, etcd());
      assert.deepEqual(recorder.requestsOf('LeaseGrant'), ['first request']);
      assert.deepEqual(recorder.requestsOf('Txn'), ['first request']);
      recorder.clear();
      await etcd().wipe();
      await eventually('the record is stored again', () => recordOf(registration));
      assert.ok(recorder.requestsOf('LeaseGrant').length > 0 && recorder.requestsOf('Txn').length > 0);
      assert.deepEqual(recorder.ofRequests, []);
      await registration.close();
    });

    it('is that of no caller for updates, which may be one write, and for a drain', async () => {
      recorder.clear();
      const update = (weight: number) =>
        recorder.within(`update ${weight}`, () => registration.update({ metadata: { weight } }));
      await Promise.all([update(1), update(2), update(3)]);
      await recorder.within('drain', () => registration.drain({ propagateMs: 0 }));
      assert.ok(recorder.requestsOf('Txn').length > 1 && recorder.requestsOf('LeaseRevoke').length === 1);
      assert.deepEqual(recorder.ofRequests, []);
    });

    it('is that of no caller for the clean-up after register() was aborted', async () => {
      const wait = new AbortController();
      await registration.close();
      const rival = await client.lease.hold({ ttlSeconds: 60 });
      await client.kv.put(registration.key, encodeEndpoint({ addr: '10.0.0.9:80' }), { lease: rival.id });
      recorder.clear();
      const refused = recorder.within('waiting', () =>
        register(client, { target, addr: '10.0.0.1:80', signal: wait.signal }),
      );
      await eventually('the key is found to be taken', () => recorder.requestsOf('Txn').length > 0);
      wait.abort(new Error('no longer needed'));
      await assert.rejects(refused, /no longer needed/);
      await eventually('the lease is revoked', () => recorder.requestsOf('LeaseRevoke').length > 0);
      assert.deepEqual(recorder.requestsOf('LeaseGrant'), ['waiting']);
      assert.deepEqual(recorder.requestsOf('LeaseRevoke'), [undefined]);
      await rival.revoke();
    });
  });

  describe('of a lock', () => {
    const name = 'jobs/nightly';
    beforeEach(connect);
    const queue = () => client.lockQueue(name);
    const lock = (request: string, signal?: AbortSignal) =>
      recorder.within(request, () => client.lock(name, { ttlSeconds: 5, signal }));

    it('is that of the caller while it waits, and that of no caller when the lock is lost', async () => {
      const held = await lock('holder');
      held.signal.addEventListener('abort', () => recorder.note('the lock is lost'));
      const waiting = lock('waiter');
      await eventually('one waits', async () => (await queue()).waiters.length === 1);
      recorder.clear();
      await client.lease.revoke(held.leaseId);
      const next = await waiting;
      await eventually('the clean-up has ended', () => recorder.requestsOf('Txn').length >= 2);
      assert.deepEqual(recorder.requestsOf('the lock is lost'), [undefined]);
      assert.deepEqual(recorder.of('holder'), []);
      assert.ok(recorder.of('waiter').includes('Txn'), 'the read of the queue');
      recorder.clear();
      await recorder.within('owner', () => next.release());
      assert.deepEqual(
        recorder
          .of('owner')
          .filter((what) => !what.startsWith('etcd-naming:'))
          .sort(),
        ['LeaseRevoke', 'Txn'],
      );
    });

    it('is that of no caller after the acquisition, through a restart of etcd', async function () {
      skipUnlessBreakable(this, etcd());
      const held = await recorder.within('holder', () => client.lock(name, { ttlSeconds: 30 }));
      recorder.clear();
      await etcd().kill();
      await etcd().restart();
      await eventually('the key is read again', () => recorder.requestsOf('Range').length > 0, 30_000);
      await client.kv.get('connected');
      assert.deepEqual(recorder.ofRequests, []);
      await held.release();
    });

    it('is that of no caller for the clean-up of a wait that was aborted', async () => {
      const held = await lock('holder');
      const wait = new AbortController();
      const waiting = lock('waiter', wait.signal);
      await eventually('one waits', async () => (await queue()).waiters.length === 1);
      recorder.clear();
      recorder.within('waiter', () => wait.abort(new Error('no longer needed')));
      await assert.rejects(waiting, /no longer needed/);
      await eventually('the waiter has left', async () => (await queue()).waiters.length === 0);
      assert.deepEqual(recorder.requestsOf('Txn'), [undefined]);
      assert.deepEqual(recorder.requestsOf('LeaseRevoke'), [undefined]);
      await held.release();
    });

    it('is that of the caller for the whole of withLock', async () => {
      await recorder.within('request', () => client.withLock(name, () => client.kv.put('done', '')));
      const calls = ['LeaseGrant', 'Txn', 'Put', 'LeaseRevoke'].flatMap((what) => recorder.requestsOf(what));
      assert.ok(calls.length >= 5);
      assert.deepEqual(new Set(calls), new Set(['request']));
    });
  });
});
