import assert from 'node:assert/strict';
import { Bench, brief, created, events, liveness, progress, puts, refused } from './builders.js';

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

  describe('whose stream is silent after a progress request', () => {
    const trusted = { type: 'progress-trusted', slot: 1 } as const;
    const probed = 'send-progress, send-probe';

    it('probe it, and replace it when the probe has no answer', () => {
      const bench = new Bench().live(1, 6);
      bench.input(trusted);
      assert.equal(brief(bench.timer('progress')), 'send-progress');
      assert.equal(brief(bench.timer('progress')), probed);
      const silent = bench.timer('create-timeout');
      assert.match(brief(silent), /^close-stream unresponsive/);
      assert.equal(liveness(silent), 'interrupted 1');
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 1 as 1002 from 6');
    });

    it('keep it while etcd answers probes, although it answers no progress request', () => {
      const bench = new Bench().live(1, 6);
      bench.input(trusted);
      bench.timer('progress');
      for (let i = 0; i < 5; i++) {
        assert.equal(brief(bench.timer('progress')), probed);
        assert.equal(brief(bench.reply(-1, refused('mvcc: watcher range is empty'))), '');
        assert.equal(brief(bench.timer('create-timeout')), '');
        assert.equal(brief(bench.timer('progress')), 'send-progress');
      }
    });

    it('assign the answers to a probe and to creates in their order', () => {
      const bench = new Bench().live(1, 6);
      bench.input(trusted);
      bench.timer('progress');
      bench.watch(2, 1);
      assert.equal(brief(bench.timer('progress')), probed);
      bench.watch(3, 1);
      assert.match(brief(bench.reply(-1, refused('etcdserver: permission denied'))), /finish 2/);
      assert.equal(brief(bench.reply(-1, refused('mvcc: watcher range is empty'))), '');
      assert.match(brief(bench.reply(-1, refused('etcdserver: permission denied'))), /finish 3/);
    });

    it('do not probe a stream on which anything arrives, be it for another watcher or one that has left', () => {
      for (const [id, reply] of [
        [-1, progress(40)],
        [1_001, events(puts(41))],
        [4_711, events(puts(42))],
      ] as const) {
        const bench = new Bench().withSiblings(2);
        bench.input(trusted);
        bench.timer('progress');
        bench.reply(id, reply);
        assert.equal(brief(bench.timer('progress')), 'send-progress');
      }
    });

    it('do not probe a grpc-proxy, which answers no progress request', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.reply(0, created(1));
      bench.input(trusted);
      for (let i = 0; i < 5; i++) assert.equal(brief(bench.timer('progress')), 'send-progress');
    });

    it('do not probe a stream without watchers that are live', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.input(trusted);
      for (let i = 0; i < 5; i++) assert.equal(brief(bench.timer('progress')), '');
    });
  });
});
