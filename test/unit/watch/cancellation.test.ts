import assert from 'node:assert/strict';
import { CompactedError } from '#src/errors/index.js';
import { acts, Bench, brief, cancelled, created, events, puts, refused } from './builders.js';

describe('a watch session', () => {
  describe('whose watcher the server cancels', () => {
    it('finishes it once, with the reason', () => {
      const bench = new Bench().live();
      bench.watch(2, 1);
      bench.reply(1_001, created());
      const effects = bench.reply(1_000, cancelled(0, 'etcdserver: permission denied'));
      assert.equal(brief(effects), 'finish 1: PermissionDeniedError');
      assert.deepEqual(bench.reply(1_000, cancelled(0, 'etcdserver: permission denied')), []);
      assert.equal(brief(bench.reconnect()), 'open-stream, create 2 as 1002 from 1');
    });

    it('for history that it does not need, creates it again: old servers re-read old events', () => {
      const bench = new Bench().live(1, 5);
      bench.reply(1_000, events(puts(40)));
      assert.doesNotMatch(brief(bench.reply(1_000, cancelled(41))), /finish/);
      assert.equal(brief(bench.timer('retry')), 'open-stream, create 1 as 1001 from 41');
    });

    it('for compacted history, reports the oldest revision left', () => {
      const bench = new Bench().live(1, 5);
      const [finish] = acts(bench.reply(1_000, cancelled(20)));
      assert.ok(finish?.type === 'finish' && finish.error instanceof CompactedError);
      assert.equal(finish.error.compactRevision, 20n);
      assert.match(finish.error.message, /needs revision 5, but history before 20 is compacted/);
    });
  });

  describe('whose watch from now on is affected by a compaction', () => {
    /** Pinned at 8 and created there. */
    function pinned(): Bench {
      const bench = new Bench();
      bench.watchFromNow(1, 8);
      return bench;
    }

    it('before it was ready, silently pins it again', () => {
      const bench = pinned();
      assert.equal(brief(bench.reply(-1, refused('', 20))), 'schedule-pin-read, close-stream');
      assert.equal(brief(bench.pinReadDue()), 'read pin of 1');
      assert.equal(brief(bench.pinRead(30)), 'open-stream, create 1 as 1001 from 31');
    });

    it('of history before it was ready, silently continues', () => {
      const bench = pinned();
      assert.equal(brief(bench.reply(1_000, created(100))), 'ready 1 at 100');
      const effects = bench.reply(1_000, cancelled(50));
      assert.doesNotMatch(brief(effects), /finish/);
    });

    it('continues after its ready revision, so that every later write is delivered', () => {
      const bench = pinned();
      bench.reply(1_000, created(100)); // ready: everything after 100 will be delivered
      // Another pin could be after 101, which is written by a caller that has waited for ready.
      assert.equal(brief(bench.reply(1_000, cancelled(50))), 'create 1 as 1001 from 101');
    });

    it('after it was ready, finishes with a typed error', () => {
      const bench = pinned();
      bench.reply(1_000, created(8));
      bench.reconnect();
      bench.reply(1_001, created(40));
      assert.equal(brief(bench.reply(1_001, cancelled(20))), 'finish 1: CompactedError, close-stream');
    });

    it('after it delivered an event, finishes with a typed error', () => {
      const bench = pinned();
      bench.reply(1_000, created(8));
      bench.reply(1_000, events(puts(9)));
      bench.reconnect();
      bench.reply(1_001, created(40));
      assert.match(brief(bench.reply(1_001, cancelled(11))), /^finish 1: CompactedError/);
    });
  });
});
