import assert from 'node:assert/strict';
import { ClosedError, DeadlineError, errorFor, StoreReplacedError } from '#src/errors/index.js';
import { LockLostError } from '#src/lock/index.js';
import {
  denied,
  ended,
  joinedAt,
  kv,
  lease,
  notJoined,
  predecessor,
  result,
  ScriptedAcquisition,
  unavailable,
} from './scripted-acquisition.js';

describe('an acquisition', () => {
  describe('of an empty queue', () => {
    it('puts its key with its lease, and owns it at the revision of that write', () => {
      const script = new ScriptedAcquisition({ value: Buffer.from('me') });
      script.join();
      const { compare, success } = script.last('txn').txn;
      assert.deepEqual(compare, [{ target: 'create', key: Buffer.from('jobs/4d'), result: '=', value: 0n }]);
      assert.deepEqual(success?.[0], {
        type: 'put',
        key: Buffer.from('jobs/4d'),
        value: Buffer.from('me'),
        options: { lease },
      });
      assert.deepEqual(script.answer(joinedAt(9n)), ['follow', 'acquired']);
      const acquired = {
        type: 'acquired',
        lease,
        key: Buffer.from('jobs/4d'),
        createRevision: 9n,
        token: 9n,
      };
      assert.deepEqual(script.last('acquired'), acquired);
    });

    it('follows its own key from then on', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n);
      assert.equal(script.last('follow').from, 9n);
      assert.equal(script.last('follow').request, script.followOf('jobs/4d'));
    });
  });

  describe('of a queue with an older key', () => {
    it('follows both keys from the revision of its join, and no other', () => {
      const script = new ScriptedAcquisition();
      assert.deepEqual(script.joined(9n, predecessor), ['follow', 'follow']);
      assert.ok(script.followOf('jobs/4d') !== script.followOf('jobs/1'));
      assert.equal(script.last('follow').from, 9n);
    });

    it('reads the queue when that key is deleted, and owns it if no older key exists', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      const request = script.followOf('jobs/1');
      assert.deepEqual(script.input({ type: 'state', request, kv: undefined, revision: 10n }), [
        'cancel',
        'txn',
      ]);
      const [own, older] = script.last('txn').txn.success ?? [];
      assert.deepEqual(own, { type: 'range', range: Buffer.from('jobs/4d'), options: { keysOnly: true } });
      assert.deepEqual(older?.type === 'range' && older.options, {
        limit: 1,
        maxCreateRevision: 8n,
        sort: { by: 'create', order: 'descend' },
        keysOnly: true,
      });
      assert.deepEqual(script.answer(result(12n, [kv('jobs/4d', 9n)], [])), ['acquired']);
      assert.equal(script.last('acquired').token, 12n);
      assert.equal(script.last('acquired').createRevision, 9n);
    });

    it('waits for the next older key if the deleted one was that of a waiter', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      script.input({ type: 'state', request: script.followOf('jobs/1'), kv: undefined, revision: 10n });
      assert.deepEqual(script.answer(result(12n, [kv('jobs/4d', 9n)], [kv('jobs/0', 3n)])), ['follow']);
      assert.equal(script.last('follow').key.toString(), 'jobs/0');
      assert.equal(script.last('follow').from, 12n);
    });

    it('reads the queue when that key was created again, because its earlier holder is gone', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      const request = script.followOf('jobs/1');
      assert.deepEqual(script.input({ type: 'state', request, kv: predecessor, revision: 10n }), []);
      const again = { type: 'state', request, kv: kv('jobs/1', 11n), revision: 11n } as const;
      assert.deepEqual(script.input(again), ['cancel', 'txn']);
    });

    it('follows that key again if a read that was sent before its deletion still shows it', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      const first = script.followOf('jobs/1');
      script.input({ type: 'failed', request: first, error: new StoreReplacedError('x') });
      script.now = 5_000;
      script.input({ type: 'timer' });
      assert.deepEqual(script.answer(result(9n, [kv('jobs/4d', 9n)], [predecessor])), ['follow']);
      assert.notEqual(script.followOf('jobs/1'), first);
    });

    it('is refused when its own key is deleted, and leaves', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      const request = script.followOf('jobs/4d');
      const effects = script.input({ type: 'state', request, kv: undefined, revision: 10n });
      assert.deepEqual(effects, ['cancel', 'cancel', 'leave', 'refused']);
      const { error } = script.last('refused');
      assert.ok(error instanceof LockLostError);
      assert.equal(error.loss, 'key-deleted');
    });

    it('is refused when a read shows that its own key is gone, even if no older key exists', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      script.input({ type: 'state', request: script.followOf('jobs/1'), kv: undefined, revision: 10n });
      script.answer(result(12n, [], []));
      assert.equal(script.count('acquired'), 0);
      assert.ok(script.last('refused').error instanceof LockLostError);
    });

    it('is refused when a read shows that its own key was created again', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      script.input({ type: 'state', request: script.followOf('jobs/1'), kv: undefined, revision: 10n });
      script.answer(result(12n, [kv('jobs/4d', 11n)], []));
      assert.equal(script.count('acquired'), 0);
      assert.equal(script.count('refused'), 1);
    });

    it('is refused when its lease ends, whatever a later answer says', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      script.input({ type: 'state', request: script.followOf('jobs/1'), kv: undefined, revision: 10n });
      script.input(ended);
      const { error } = script.last('refused');
      assert.equal((error as LockLostError).loss, 'lost-contact');
      assert.deepEqual(script.answer(result(12n, [kv('jobs/4d', 9n)], [])), []);
    });

    it('joins again at the end with a new lease, if it may', () => {
      const script = new ScriptedAcquisition({ requeue: true });
      script.joined(9n, predecessor);
      script.input(ended);
      assert.equal(script.count('refused'), 0);
      assert.equal(script.last('leave').lease, lease);
      script.now = 5_000;
      assert.deepEqual(script.input({ type: 'timer' }), ['grant', 'wake-at']);
      script.input({ type: 'granted', request: script.last('grant').request, lease: 0x4en });
      assert.equal(script.last('txn').txn.success?.[0]?.type, 'put');
      assert.match(String(JSON.stringify(script.last('txn').txn.compare?.[0]?.target)), /create/);
    });

    it('does not join again after the client has revoked its lease or was closed', () => {
      for (const loss of ['lease-revoked', 'unauthorized'] as const) {
        const script = new ScriptedAcquisition({ requeue: true });
        script.joined(9n, predecessor);
        script.input({ ...ended, loss });
        assert.equal((script.last('refused').error as LockLostError).loss, loss);
      }
      const script = new ScriptedAcquisition({ requeue: true });
      script.joined(9n, predecessor);
      script.input({ ...ended, loss: 'closed' });
      assert.ok(script.last('refused').error instanceof ClosedError);
    });

    it('is refused after its time, with the key that it waits for', () => {
      const script = new ScriptedAcquisition();
      script.join(1_000);
      script.answer(joinedAt(9n, predecessor));
      assert.equal(script.last('wake-at').at, 1_000);
      script.now = 1_000;
      script.input({ type: 'timer' });
      const { error } = script.last('refused');
      assert.ok(error instanceof DeadlineError);
      assert.match(error.message, /the lock was not acquired within 1000 ms: it waits for the key 'jobs\/1'/);
      assert.equal(error.verdict, 'not-applied');
      assert.equal(script.last('wake-at').at, Number.POSITIVE_INFINITY);
    });
  });

  describe('whose join is answered after a lost answer', () => {
    it('keeps the place of the first attempt, and reads who is before it', () => {
      const script = new ScriptedAcquisition();
      script.join();
      const { request } = script.last('txn');
      script.input({ type: 'failed', request, error: unavailable });
      assert.equal(script.last('wake-at').at, 100);
      script.now = 100;
      assert.deepEqual(script.input({ type: 'timer' }), ['txn', 'wake-at']);
      assert.deepEqual(script.answer(notJoined(11n, kv('jobs/4d', 9n))), ['txn']);
      const older = script.last('txn').txn.success?.[1];
      assert.equal(older?.type === 'range' && older.options?.maxCreateRevision, 8n);
      assert.deepEqual(script.answer(result(11n, [kv('jobs/4d', 9n)], [])), ['follow', 'acquired']);
    });

    it('does not take over a key that another client has put in the place of its own', () => {
      const script = new ScriptedAcquisition();
      script.join();
      script.answer(notJoined(11n, kv('jobs/4d', 9n, 0n)));
      assert.equal((script.last('refused').error as LockLostError).loss, 'key-deleted');
      assert.equal(script.last('leave').txn, undefined);
    });

    it('is refused if the lease does not exist any more', () => {
      const script = new ScriptedAcquisition();
      script.join();
      script.input({ type: 'failed', request: script.last('txn').request, error: errorFor('LeaseNotFound') });
      assert.equal((script.last('refused').error as LockLostError).loss, 'lease-expired');
      assert.equal(script.last('leave').txn, undefined);
    });
  });

  describe('that only tries', () => {
    it('reads the queue first, and creates no lease if it has a key', () => {
      const script = new ScriptedAcquisition({ mode: 'try' });
      assert.deepEqual(script.input({ type: 'start', timeoutMs: 1_000 }), ['txn', 'wake-at']);
      assert.deepEqual(script.answer(result(9n, [predecessor])), ['taken', 'wake-at']);
      assert.equal(script.count('grant'), 0);
    });

    it('joins only a queue that is still empty, and revokes its lease otherwise', () => {
      const script = new ScriptedAcquisition({ mode: 'try' });
      script.input({ type: 'start', timeoutMs: 1_000 });
      script.answer(result(9n, []));
      script.input({ type: 'granted', request: script.last('grant').request, lease });
      assert.deepEqual(script.last('txn').txn.compare, [
        { target: 'create', key: { prefix: Buffer.from('jobs/') }, result: '=', value: 0n },
      ]);
      assert.deepEqual(script.answer(notJoined(10n)), ['leave', 'taken', 'wake-at']);
    });

    it('owns the queue if an earlier attempt was applied and its answer lost', () => {
      const script = new ScriptedAcquisition({ mode: 'try' });
      script.input({ type: 'start', timeoutMs: 1_000 });
      script.answer(result(9n, []));
      script.input({ type: 'granted', request: script.last('grant').request, lease });
      script.answer(notJoined(12n, kv('jobs/4d', 10n)));
      script.answer(result(12n, [kv('jobs/4d', 10n)], []));
      assert.equal(script.last('acquired').createRevision, 10n);
    });
  });

  describe('that is aborted', () => {
    it('while its lease is granted, revokes the lease when it arrives', () => {
      const script = new ScriptedAcquisition();
      script.input({ type: 'start', timeoutMs: Number.POSITIVE_INFINITY });
      assert.deepEqual(script.input({ type: 'abort' }), []);
      const { request } = script.last('grant');
      assert.deepEqual(script.input({ type: 'granted', request, lease }), ['leave']);
    });

    it('while it joins, revokes the lease without knowing the key', () => {
      const script = new ScriptedAcquisition();
      script.join();
      assert.deepEqual(script.input({ type: 'abort' }), ['cancel', 'leave']);
      assert.equal(script.last('leave').txn, undefined);
    });

    it('while it waits, deletes its key by its create revision and revokes the lease', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      assert.deepEqual(script.input({ type: 'abort' }), ['cancel', 'cancel', 'leave']);
      assert.deepEqual(script.last('leave').txn, {
        compare: [{ target: 'create', key: Buffer.from('jobs/4d'), result: '=', value: 9n }],
        success: [{ type: 'delete', range: Buffer.from('jobs/4d') }],
      });
    });

    it('sends nothing more, whatever arrives later', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      const requests = [script.followOf('jobs/4d'), script.followOf('jobs/1')];
      script.input({ type: 'abort' });
      for (const request of requests) {
        assert.deepEqual(script.input({ type: 'state', request, kv: undefined, revision: 10n }), []);
        assert.deepEqual(script.input({ type: 'failed', request, error: unavailable }), []);
      }
      assert.deepEqual(script.input({ type: 'left', lease }), []);
      assert.deepEqual(script.input({ ...ended }), []);
    });
  });

  describe('that fails', () => {
    it('finally, is refused at once with that error', () => {
      const script = new ScriptedAcquisition();
      script.join();
      script.input({ type: 'failed', request: script.last('txn').request, error: denied });
      assert.equal(script.last('refused').error, denied);
      assert.equal(script.count('leave'), 1);
    });

    it('while it waits, keeps its place and reads again after a pause', () => {
      const script = new ScriptedAcquisition();
      script.joined(9n, predecessor);
      script.input({ type: 'state', request: script.followOf('jobs/1'), kv: undefined, revision: 10n });
      script.input({ type: 'failed', request: script.last('txn').request, error: unavailable });
      assert.equal(script.count('leave'), 0);
      script.now = 5_000;
      assert.deepEqual(script.input({ type: 'timer' }), ['txn', 'wake-at']);
    });

    it('until its deadline, is refused with the last failure', () => {
      const script = new ScriptedAcquisition();
      script.input({ type: 'start', timeoutMs: 50 });
      script.input({ type: 'failed', request: script.last('grant').request, error: unavailable });
      assert.equal(script.last('wake-at').at, 50);
      script.now = 50;
      script.input({ type: 'timer' });
      assert.equal(script.last('refused').error.cause, unavailable);
    });
  });
});
