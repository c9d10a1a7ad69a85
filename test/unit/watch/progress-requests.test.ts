import assert from 'node:assert/strict';
import type { WatchEffect } from '#src/watch/core/protocol.js';
import { Bench, brief, created, events, liveness, progress, puts } from './builders.js';

describe('the slots of a watch session', () => {
  describe('with progress requests', () => {
    const trusted = (slot = 1) => ({ type: 'progress-trusted', slot }) as const;

    it('send none to a server whose progress is not known to be reliable', () => {
      const bench = new Bench().live();
      assert.equal(brief(bench.timer('progress')), '');
      assert.equal(brief(bench.reply(-1, progress(900))), '', 'an answer without a request');
    });

    it('send them periodically once the server is known to be reliable', () => {
      const bench = new Bench().live();
      bench.input(trusted());
      assert.equal(brief(bench.timer('progress')), 'send-progress');
      assert.equal(brief(bench.reply(-1, progress(40))), 'progress 1 at 40');
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 41');
    });

    it('apply an answer only to watchers that were live when the oldest pending request was written', () => {
      const bench = new Bench().withSiblings(1);
      bench.input(trusted());
      bench.watch(2, 1); // its create is pending
      bench.timer('progress');
      bench.reply(1_001, created(1));
      bench.timer('progress');
      assert.equal(brief(bench.reply(-1, progress(40))), 'progress 100 at 40');
      assert.equal(brief(bench.reply(-1, progress(41))), '', 'there may be more answers than requests');
      bench.timer('progress');
      assert.equal(brief(bench.reply(-1, progress(50))), 'progress 100 at 50, progress 2 at 50');
    });

    it('do not apply an answer to watchers that left, paused or have an incomplete response', () => {
      const bench = new Bench().withSiblings(3);
      bench.input(trusted());
      bench.timer('progress');
      bench.input({ type: 'unwatch', watcher: 100 });
      bench.input({ type: 'buffer-full', watcher: 101 });
      bench.reply(1_002, events(puts(7), { fragment: true }));
      assert.equal(brief(bench.reply(-1, progress(40))), '');
    });

    it('send one immediately on the dedicated stream of a watcher that catches up', () => {
      const bench = new Bench().withSiblings(2);
      bench.input({ type: 'buffer-full', watcher: 100 });
      bench.input({ type: 'buffer-drained', watcher: 100 });
      bench.reply(1_002, created(1), 2);
      assert.equal(brief(bench.input(trusted(2))), 'send-progress @2');
    });
  });

  describe('whose stream is silent after progress requests', () => {
    const trusted = { type: 'progress-trusted', slot: 1 } as const;
    const delays = (effects: readonly WatchEffect[]) =>
      effects.flatMap((effect) => (effect.type === 'arm-timer' ? [effect.delayMs] : []));

    it('ask again soon when one has no answer, and replace the stream when two have none', () => {
      const bench = new Bench().live(1, 6);
      bench.input(trusted);
      assert.deepEqual(delays(bench.timer('progress')), [60_000]);
      const again = bench.timer('progress');
      assert.equal(brief(again), 'send-progress');
      assert.deepEqual(delays(again), [10_000]);
      const silent = bench.timer('progress');
      assert.match(brief(silent), /^close-stream/);
      assert.ok(silent.some((effect) => effect.type === 'close-stream' && effect.unresponsive));
      assert.equal(liveness(silent), 'interrupted 1');
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 1 as 1001 from 6');
    });

    it('keep a stream on which anything arrives, be it for another watcher or one that has left', () => {
      for (const [id, reply] of [
        [-1, progress(40)],
        [1_001, events(puts(41))],
        [4_711, events(puts(42))],
      ] as const) {
        const bench = new Bench().withSiblings(2);
        bench.input(trusted);
        bench.timer('progress');
        bench.timer('progress');
        bench.reply(id, reply);
        const next = bench.timer('progress');
        assert.equal(brief(next), 'send-progress');
        assert.deepEqual(delays(next), [60_000]);
      }
    });

    it('keep a stream of a grpc-proxy, which answers none', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.reply(0, created(1));
      bench.input(trusted);
      for (let i = 0; i < 5; i++) {
        const due = bench.timer('progress');
        assert.equal(brief(due), 'send-progress');
        assert.deepEqual(delays(due), [60_000]);
      }
    });

    it('keep a stream without watchers that are live', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.input(trusted);
      for (let i = 0; i < 5; i++) assert.equal(brief(bench.timer('progress')), '');
    });
  });
});
