import assert from 'node:assert/strict';
import { acts, Bench, brief, cancelled, created, dropped, events, puts } from './builders.js';

describe('a watch session', () => {
  describe('whose watcher leaves', () => {
    it('cancels it on the server, and ignores responses that still arrive', () => {
      const bench = new Bench().live(1, 1);
      bench.watch(2, 1);
      bench.reply(1_001, created());
      assert.deepEqual(bench.input({ type: 'unwatch', watcher: 1 }), [
        { type: 'send-cancel', slot: 1, watchId: 1_000n },
      ]);
      assert.deepEqual(bench.reply(1_000, events(puts(9))), []);
      assert.deepEqual(bench.reply(1_000, cancelled()), []);
    });

    it('before its acknowledgement, cancels it when that arrives', () => {
      const bench = new Bench().live(1, 1);
      bench.watch(2, 1);
      assert.deepEqual(bench.input({ type: 'unwatch', watcher: 2 }), []);
      assert.equal(brief(bench.reply(1_001, created())), 'cancel 1001');
      assert.deepEqual(bench.reply(1_001, events(puts(9))), []);
    });

    it('as the last one, closes the stream', () => {
      const effects = acts(new Bench().live().input({ type: 'unwatch', watcher: 1 }));
      assert.deepEqual(effects.at(-1), { type: 'close-stream', slot: 1, unresponsive: false });
    });

    it('while it is being pinned, ignores the answer', () => {
      const bench = new Bench();
      bench.watch(1);
      bench.pinReadDue();
      bench.input({ type: 'unwatch', watcher: 1 });
      assert.deepEqual(bench.pinRead(8), []);
      bench.watch(2);
      bench.pinReadDue();
      bench.input({ type: 'unwatch', watcher: 2 });
      assert.deepEqual(bench.pinReadFailed(dropped()), []);
    });

    it('twice, does nothing the second time', () => {
      const bench = new Bench().live();
      bench.input({ type: 'unwatch', watcher: 1 });
      assert.deepEqual(bench.input({ type: 'unwatch', watcher: 1 }), []);
    });
  });

  describe('whose watcher has a full buffer', () => {
    it('cancels it on the server, and creates it at the first undelivered revision under a new id', () => {
      const bench = new Bench().live();
      bench.watch(2, 1);
      bench.reply(1_001, created());
      bench.reply(1_000, events(puts(3, 4)));
      assert.equal(brief(bench.input({ type: 'buffer-full', watcher: 1 })), 'cancel 1000');
      assert.deepEqual(bench.reply(1_000, events(puts(5))), [], 'under way, and asked for again');
      assert.deepEqual(bench.reply(1_000, cancelled()), []);
      assert.equal(
        brief(bench.input({ type: 'buffer-drained', watcher: 1 })),
        'open-stream @2, create 1 as 1002 from 5 @2',
      );
      assert.deepEqual(bench.reply(1_000, events(puts(6))), [], 'the old id stays retired');
      bench.reply(1_002, created(), 2);
      assert.match(brief(bench.reply(1_002, events(puts(5, 6)), 2)), /^deliver 1: 5 6, /);
    });

    it('in the middle of a revision, requests that whole revision again', () => {
      const bench = new Bench().live();
      bench.reply(1_000, events(puts(3, 4, 4), { fragment: true }));
      bench.input({ type: 'buffer-full', watcher: 1 });
      assert.equal(
        brief(bench.input({ type: 'buffer-drained', watcher: 1 })),
        'open-stream @2, create 1 as 1001 from 4 @2',
      );
      bench.reply(1_001, created(), 2);
      assert.match(brief(bench.reply(1_001, events(puts(4, 4, 4)), 2)), /^deliver 1: 4 4 4, /);
    });

    it('does not affect the other watchers', () => {
      const bench = new Bench().live();
      bench.watch(2, 1);
      bench.reply(1_001, created());
      bench.input({ type: 'buffer-full', watcher: 1 });
      assert.equal(brief(bench.reply(1_001, events(puts(5)))), 'deliver 2: 5');
    });

    it('does not create it on a new stream before it has drained', () => {
      const bench = new Bench().live();
      bench.reply(1_000, events(puts(3)));
      bench.input({ type: 'buffer-full', watcher: 1 });
      assert.equal(brief(bench.reconnect()), '');
      assert.equal(
        brief(bench.input({ type: 'buffer-drained', watcher: 1 })),
        'open-stream @2, create 1 as 1001 from 4 @2',
      );
    });
  });
});
