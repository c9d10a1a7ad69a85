import assert from 'node:assert/strict';
import { Code, errorFor, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, created, dropped } from './builders.js';

const denied = () => errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');

/** The watchers from 1 to `count`, requested in one go, with their read pending. */
function requested(count: number): Bench {
  const bench = new Bench();
  for (let watcher = 1; watcher <= count; watcher++) bench.watch(watcher);
  bench.pinReadDue();
  return bench;
}

describe('the watches from now on of a watch session', () => {
  describe('requested in one go', () => {
    it('share one read with the key of the first one', () => {
      const bench = new Bench();
      assert.equal(brief(bench.watch(1)), 'schedule-pin-read');
      assert.equal(brief(bench.watch(2)), '');
      assert.equal(brief(bench.watch(3)), '');
      assert.equal(brief(bench.pinReadDue()), 'read pin of 1');
      assert.equal(brief(bench.pinRead(8)), 'open-stream, create 1 as 1000 from 9');
      assert.match(
        brief(bench.reply(1_000, created(8))),
        /create 2 as 1001 from 9, create 3 as 1002 from 9$/,
      );
    });

    it('send no read when all have left before', () => {
      const bench = new Bench();
      bench.watch(1);
      bench.input({ type: 'unwatch', watcher: 1 });
      assert.equal(brief(bench.pinReadDue()), '');
      assert.equal(brief(bench.watch(2)), 'schedule-pin-read');
    });
  });

  describe('requested while a read is pending', () => {
    it('share the next one, which is sent when that has ended', () => {
      const bench = requested(1);
      assert.equal(brief(bench.watch(2)), '');
      assert.equal(brief(bench.watch(3)), '');
      assert.equal(brief(bench.pinRead(8)), 'read pin of 2, open-stream, create 1 as 1000 from 9');
      assert.equal(brief(bench.reply(1_000, created(8))), 'ready 1 at 8');
      assert.equal(brief(bench.pinRead(20)), 'create 2 as 1001 from 21, create 3 as 1002 from 21');
      assert.equal(brief(bench.watch(4)), 'schedule-pin-read');
    });
  });

  describe('whose read is refused for want of permission', () => {
    it('read again with another key, except the one whose key it was', () => {
      const bench = requested(3);
      assert.equal(brief(bench.pinReadFailed(denied())), 'finish 1: PermissionDeniedError, read pin of 2');
      assert.equal(brief(bench.pinRead(8)), 'open-stream, create 2 as 1000 from 9');
      assert.match(brief(bench.reply(1_000, created(8))), /create 3 as 1001 from 9$/);
    });

    it('all read again if that one has left', () => {
      const bench = requested(3);
      bench.input({ type: 'unwatch', watcher: 1 });
      assert.equal(brief(bench.pinReadFailed(denied())), 'read pin of 2');
    });

    it('end when no other is left', () => {
      assert.equal(brief(requested(1).pinReadFailed(denied())), 'finish 1: PermissionDeniedError');
    });

    it('still need the permission for their create', () => {
      const bench = requested(2);
      bench.pinRead(8);
      bench.reply(1_000, created(8));
      const reply = {
        kind: 'refused',
        compactRevision: 0n,
        reason: 'etcdserver: permission denied',
      } as const;
      assert.equal(brief(bench.reply(-1, reply)), 'finish 2: PermissionDeniedError');
    });
  });

  describe('whose read fails for another reason', () => {
    it('are pinned again by one read after a common pause', () => {
      const bench = requested(2);
      // The answer of a rate-limiting gateway, which arrives immediately: only the pause slows the retries down.
      const effects = bench.pinReadFailed(errorFromServer(Code.RESOURCE_EXHAUSTED, 'rate limited'));
      assert.equal(brief(effects), '');
      const armed = effects.filter((effect) => effect.type === 'arm-timer');
      assert.ok(armed.length === 1 && armed[0]!.delayMs > 0);
      assert.equal(brief(bench.timer('retry')), 'schedule-pin-read');
      assert.equal(brief(bench.pinReadDue()), 'read pin of 1');
      assert.equal(brief(bench.pinRead(8)), 'open-stream, create 1 as 1000 from 9');
    });

    it('wait for one new token when the token is refused', () => {
      const bench = requested(2);
      assert.equal(brief(bench.pinReadFailed(errorFor('InvalidAuthToken'))), 'refresh 0');
      assert.equal(brief(bench.input({ type: 'token', generation: 1 })), 'schedule-pin-read');
      assert.equal(brief(bench.pinReadDue()), 'read pin of 1');
    });

    it('all end when the credentials are refused', () => {
      assert.equal(
        brief(requested(2).pinReadFailed(errorFor('AuthFailed'))),
        'finish 1: UnauthenticatedError, finish 2: UnauthenticatedError',
      );
    });

    it('start at the revision of a later read, not at that of the lost store', () => {
      const bench = requested(1);
      bench.pinRead(50);
      bench.reply(-1, { kind: 'refused', compactRevision: 60n, reason: '' });
      bench.pinReadDue();
      bench.pinReadFailed(dropped());
      bench.timer('retry');
      bench.pinReadDue();
      bench.pinRead(3);
      assert.equal(brief(bench.reply(1_001, created(3))), 'ready 1 at 3', 'no rollback check');
    });
  });
});
