import assert from 'node:assert/strict';
import { Bench, brief, cancelled, created, dropped, events, progress, puts, statuses } from './builders.js';

/** A catch-up response with the maximum number of revisions. */
const full = (from: number) => events(puts(...Array.from({ length: 1_000 }, (_, i) => from + i)));

describe('the slots of a watch session', () => {
  describe('for a watcher that is far behind', () => {
    /** Watcher 1 starts 5,000 revisions back, beside a sibling. It moves to slot 2, with id 1002. */
    function behind(): Bench {
      const bench = new Bench().withSiblings(1, 6_000);
      bench.watch(1, 1_000);
      assert.equal(
        brief(bench.reply(1_001, created(6_000))),
        'ready 1 at 6000, cancel 1001, open-stream @2, create 1 as 1002 from 1000 @2',
      );
      bench.reply(1_002, created(6_000), 2);
      return bench;
    }

    it('give it a dedicated stream until it has caught up, then move it to the shared one', () => {
      const bench = behind();
      assert.match(brief(bench.reply(1_002, full(1_000), 2)), /^deliver 1: [\d ]+$/);
      assert.equal(
        brief(bench.reply(1_002, events(puts(2_000, 2_001)), 2)),
        'deliver 1: 2000 2001, cancel 1002 @2, close-stream @2, create 1 as 1003 from 2002',
      );
    });

    it('move it to the shared stream once progress shows that it has caught up', () => {
      const bench = behind();
      assert.match(
        brief(bench.reply(1_002, progress(6_000), 2)),
        /^progress 1 at 6000, cancel 1002 @2, close-stream @2, create 1 as 1003 from 6001/,
      );
    });

    it('do not move it in the middle of a response', () => {
      const bench = behind();
      const piece = events(puts(1_000, 1_001), { fragment: true });
      assert.equal(brief(bench.reply(1_002, piece, 2)), 'deliver 1: 1000');
    });

    it('do not move it to a dedicated stream for less than one full response', () => {
      const bench = new Bench();
      bench.watch(1, 1_000);
      assert.equal(brief(bench.reply(1_000, created(1_999))), 'ready 1 at 1999');
    });

    it('cancel it after the move when its last response filled its buffer', () => {
      const bench = behind();
      bench.reply(1_002, events(puts(1_000)), 2);
      assert.equal(brief(bench.input({ type: 'buffer-full', watcher: 1 })), '', 'its create is pending');
      assert.equal(brief(bench.reply(1_003, created(6_000))), 'cancel 1003');
      assert.equal(
        brief(bench.input({ type: 'buffer-drained', watcher: 1 })),
        'open-stream @3, create 1 as 1004 from 1001 @3',
      );
    });
  });

  describe('for a watcher that starts in the future', () => {
    it('give it a dedicated stream, and keep it there while progress is before its start', () => {
      const bench = new Bench().withSiblings(1, 10);
      bench.watch(1, 1_000);
      assert.match(brief(bench.reply(1_001, created(10))), /cancel 1001, open-stream @2, create 1 as 1002/);
      bench.reply(1_002, created(10), 2);
      assert.equal(brief(bench.reply(1_002, progress(11), 2)), 'progress 1 at 999');
      assert.match(brief(bench.reply(1_002, events(puts(1_000)), 2)), /^deliver 1: 1000, cancel 1002 @2/);
    });

    it('use the shared stream for the next revision, which is not ahead of the store', () => {
      const bench = new Bench();
      bench.watch(1, 11);
      assert.equal(brief(bench.reply(1_000, created(10))), 'ready 1 at 10');
    });
  });

  it('are at most 16 beside the shared one, for any number of watchers', () => {
    const bench = new Bench().withSiblings(1, 9_000);
    for (let watcher = 1; watcher <= 20; watcher++) bench.watch(watcher, 1);
    const opened = new Set<number>();
    for (let id = 1_001; id <= 1_040; id++) {
      for (const effect of bench.reply(id, created(9_000))) {
        if (effect.type === 'open-stream') opened.add(effect.slot);
      }
    }
    assert.equal(opened.size, 16);
  });

  it('are lost independently', () => {
    const bench = new Bench().withSiblings(2, 1);
    bench.input({ type: 'buffer-full', watcher: 100 });
    bench.input({ type: 'buffer-drained', watcher: 100 });
    bench.reply(1_002, created(1), 2);
    bench.lose(dropped(), 2);
    assert.equal(brief(bench.reply(1_001, events(puts(2)))), 'deliver 101: 2');
    assert.equal(brief(bench.timer('reopen', 2)), 'open-stream @2, create 100 as 1003 from 1 @2');
  });

  describe('report the status of their streams', () => {
    it('as disconnected, reopening and resumed from a revision', () => {
      const bench = new Bench().live(1, 6);
      const error = dropped();
      assert.deepEqual(statuses(bench.lose(error)), [
        { type: 'disconnected', slot: 1, attempt: 1, delayMs: 25, error },
        { type: 'reopening', slot: 1, attempt: 1, delayMs: 25 },
      ]);
      bench.timer('reopen');
      assert.deepEqual(statuses(bench.reply(1_001, created(6))), [
        { type: 'resumed', slot: 1, watcher: 1, fromRevision: 6n },
      ]);
    });

    it('with the number of attempts, and as resumed for a watcher that was never live too', () => {
      const bench = new Bench();
      bench.watch(1, 6);
      bench.reconnect();
      const [lost] = statuses(bench.lose());
      assert.ok(lost?.type === 'disconnected' && lost.attempt === 2);
      bench.timer('reopen');
      assert.deepEqual(statuses(bench.reply(1_002, created(6))), [
        { type: 'resumed', slot: 1, watcher: 1, fromRevision: 6n },
      ]);
    });

    it('under the number of the lost slot, even if the watcher has moved to another', () => {
      const bench = new Bench().withSiblings(1);
      bench.reconnect();
      bench.input({ type: 'buffer-full', watcher: 100 });
      bench.input({ type: 'buffer-drained', watcher: 100 });
      assert.deepEqual(statuses(bench.reply(1_002, created(1), 2)), [
        { type: 'resumed', slot: 1, watcher: 100, fromRevision: 1n },
      ]);
    });
  });

  describe('when the server cancels a watcher for a transient reason', () => {
    for (const reason of [
      'etcdserver: no leader',
      'rpc error: code = Unavailable desc = etcdserver: leader changed',
    ]) {
      it(`'${reason}', create it again after a pause that grows until something is delivered`, () => {
        const bench = new Bench().withSiblings(1);
        bench.watch(1, 2);
        bench.reply(1_001, created(1));
        const pauses: number[] = [];
        const rest = (id: number) => {
          for (const effect of bench.reply(id, cancelled(0, reason))) {
            if (effect.type === 'arm-timer') pauses.push(effect.delayMs);
          }
          const effects = bench.timer('retry');
          assert.equal(brief(effects), `create 1 as ${id + 1} from ${id === 1_004 ? 3 : 2}`);
          bench.reply(id + 1, created(1));
        };
        for (const id of [1_001, 1_002, 1_003]) rest(id);
        bench.reply(1_004, events(puts(2)));
        rest(1_004);
        assert.deepEqual(pauses, [25, 50, 100, 25]);
      });
    }
  });

  describe('behind a proxy, which chooses its own ids', () => {
    /** Watcher 1 from revision 1 on, with id 0. */
    function proxied(): Bench {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.reply(0, created());
      return bench;
    }

    it('create a watcher again after a full catch-up response, because a proxy drops the rest', () => {
      const bench = proxied();
      assert.match(
        brief(bench.reply(0, full(1))),
        /^deliver 1: [\d ]+, cancel 0, create 1 as 1001 from 1001$/,
      );
      assert.equal(brief(bench.reply(0, events(puts(3_000)))), '', 'responses for the old id');
      bench.reply(1, created());
      assert.equal(brief(bench.reply(1, events(puts(1_001)))), 'deliver 1: 1001');
    });

    it('wait for the rest of a fragment first', () => {
      const bench = proxied();
      const piece = { ...full(1), fragment: true };
      assert.match(brief(bench.reply(0, piece)), /^deliver 1: [\d ]+$/);
    });

    it('cancel a watch that the proxy has cancelled, because it keeps that and adds others to it', () => {
      const bench = proxied();
      assert.match(brief(bench.reply(0, cancelled(20))), /^cancel 0, finish 1: CompactedError/);
    });
  });
});
