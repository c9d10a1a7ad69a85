import assert from 'node:assert/strict';
import { ClosedError, RolledBackError } from '#src/errors/index.js';
import {
  denied,
  ended,
  joinedAt,
  kv,
  lease,
  predecessor,
  result,
  ScriptedAcquisition,
  unavailable,
} from './scripted-acquisition.js';

describe('an owner', () => {
  function owner(): ScriptedAcquisition {
    const script = new ScriptedAcquisition();
    script.joined(9n);
    return script;
  }

  it('learns first of all that its key is gone, and leaves', () => {
    const script = owner();
    const request = script.followOf('jobs/4d');
    assert.deepEqual(script.input({ type: 'state', request, kv: undefined, revision: 10n }), [
      'lost',
      'cancel',
      'leave',
    ]);
    assert.equal(script.last('lost').error.loss, 'key-deleted');
  });

  it('stays owner when its value or its lease is changed: the create revision counts', () => {
    const script = owner();
    const changed = { ...kv('jobs/4d', 9n), modRevision: 12n, lease: 0n };
    const request = script.followOf('jobs/4d');
    assert.deepEqual(script.input({ type: 'state', request, kv: changed, revision: 12n }), []);
  });

  it('loses it when its key was created again', () => {
    const script = owner();
    const request = script.followOf('jobs/4d');
    script.input({ type: 'state', request, kv: kv('jobs/4d', 12n), revision: 12n });
    assert.equal(script.count('lost'), 1);
  });

  it('loses it with its lease, and when a guard fails', () => {
    const script = owner();
    script.input(ended);
    assert.equal(script.last('lost').error.loss, 'lost-contact');
    assert.equal(script.last('lost').error.cause, unavailable);
    const other = owner();
    other.input({ type: 'guard-failed' });
    assert.equal(other.last('lost').error.loss, 'key-deleted');
  });

  it('loses it when the key must not be read any more, or the client is closed', () => {
    for (const [error, loss] of [
      [denied, 'unauthorized'],
      [new ClosedError('the client'), 'closed'],
    ] as const) {
      const script = owner();
      script.input({ type: 'failed', request: script.followOf('jobs/4d'), error });
      assert.equal(script.last('lost').error.loss, loss);
    }
  });

  describe('of a store that was restored', () => {
    function restored(): ScriptedAcquisition {
      const script = owner();
      script.input({
        type: 'failed',
        request: script.followOf('jobs/4d'),
        error: new RolledBackError(20n, 9n),
      });
      script.now = 5_000;
      script.input({ type: 'timer' });
      return script;
    }

    it('stays owner if the key is there and no older one', () => {
      const script = restored();
      assert.deepEqual(script.answer(result(10n, [kv('jobs/4d', 9n)], [])), ['follow']);
      assert.equal(script.count('acquired'), 1);
    });

    it('loses it if the key is not there, or an older one is', () => {
      for (const answer of [result(3n, [], []), result(9n, [kv('jobs/4d', 9n)], [predecessor])]) {
        const script = restored();
        script.answer(answer);
        assert.equal(script.count('lost'), 1);
      }
    });
  });

  describe('that releases', () => {
    it('deletes the key by its create revision, revokes the lease, and reports when that is done', () => {
      const script = owner();
      assert.deepEqual(script.input({ type: 'release' }), ['cancel', 'leave']);
      assert.equal(script.last('leave').txn?.compare?.[0]?.value, 9n);
      assert.deepEqual(script.input({ type: 'left', lease }), ['released']);
      assert.deepEqual(script.input({ type: 'release' }), []);
    });

    it('reports the error if neither was carried out', () => {
      const script = owner();
      script.input({ type: 'release' });
      script.input({ type: 'left', lease, error: unavailable });
      assert.equal(script.last('released').error, unavailable);
    });

    it('waits for its own place to be left, not for an earlier one that it lost', () => {
      const script = new ScriptedAcquisition({ requeue: true });
      script.joined(9n, predecessor);
      script.input(ended);
      script.now = 5_000;
      script.input({ type: 'timer' });
      script.input({ type: 'granted', request: script.last('grant').request, lease: 0x4en });
      script.answer(joinedAt(12n));
      script.input({ type: 'release' });
      assert.deepEqual(script.input({ type: 'left', lease }), []);
      assert.deepEqual(script.input({ type: 'left', lease: 0x4en }), ['released']);
    });

    it('does not report a loss', () => {
      const script = owner();
      const request = script.followOf('jobs/4d');
      script.input({ type: 'release' });
      script.input({ type: 'state', request, kv: undefined, revision: 10n });
      script.input(ended);
      script.input({ type: 'guard-failed' });
      assert.equal(script.count('lost'), 0);
    });
  });
});
