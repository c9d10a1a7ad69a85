import assert from 'node:assert/strict';
import { Code, CompactedError, errorFromServer, PermissionDeniedError } from '#src/errors/index.js';
import type { WatchReply } from '#src/watch/core/index.js';
import {
  acts,
  Bench,
  brief,
  cancelled,
  created,
  dropped,
  events,
  progress,
  puts,
  refused,
  timers,
} from './builders.js';

describe('a watch session', () => {
  describe('with a new watcher', () => {
    it('opens a stream and creates the watcher at its start revision', () => {
      assert.deepEqual(new Bench().watch(1, 42), [
        { type: 'open-stream', slot: 1, generation: 0 },
        { type: 'arm-timer', timer: 'stable', slot: 1, delayMs: 30_000 },
        { type: 'send-create', slot: 1, watcher: 1, watchId: 1_000n, startRevision: 42n },
        { type: 'arm-timer', timer: 'create-timeout', slot: 1, delayMs: 10_000 },
      ]);
    });

    it('from now on is pinned first, and created at the next revision', () => {
      const bench = new Bench();
      assert.deepEqual(bench.watch(1), [{ type: 'read-revision', watcher: 1 }]);
      const effects = bench.revision(1, 8);
      assert.equal(brief(effects), 'open-stream, create 1 as 1000 from 9');
    });

    it('is ready when the server acknowledges it', () => {
      const bench = new Bench();
      bench.watch(1, 42);
      const effects = bench.reply(1_000, created(50));
      assert.deepEqual(effects[0], { type: 'disarm-timer', timer: 'create-timeout', slot: 1 });
      assert.equal(brief(effects), 'ready 1 at 50');
    });

    it('uses the open stream, with one create at a time until an id was echoed', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      assert.equal(brief(bench.watch(2, 2)), '');
      assert.equal(brief(bench.watch(3, 3)), '');
      const effects = bench.reply(1_000, created());
      assert.equal(brief(effects), 'ready 1 at 0, create 2 as 1001 from 2, create 3 as 1002 from 3');
    });

    it('keeps to one create at a time when the server chooses its own ids, and uses those', () => {
      const bench = new Bench();
      for (const watcher of [1, 2, 3]) bench.watch(watcher, 5);
      assert.equal(brief(bench.reply(0, created())), 'ready 1 at 0, create 2 as 1001 from 5');
      assert.equal(brief(bench.reply(1, created())), 'ready 2 at 0, create 3 as 1002 from 5');
      assert.equal(brief(bench.reply(0, events(puts(7)))), 'deliver 1: 7');
      assert.equal(brief(bench.reply(1, events(puts(7)))), 'deliver 2: 7');
    });

    it('keeps at most 256 creates pending', () => {
      const bench = new Bench();
      for (let watcher = 1; watcher <= 400; watcher++) bench.watch(watcher, 1);
      const creates = acts(bench.reply(1_000, created())).filter(({ type }) => type === 'send-create');
      assert.equal(creates.length, 256);
      assert.equal(brief(bench.reply(1_001, created())), 'ready 2 at 0, create 258 as 1257 from 1');
    });

    it('is pinned again after a pause when the read fails', () => {
      const bench = new Bench();
      bench.watch(1);
      // The answer of a rate-limiting gateway, which arrives immediately: only the pause slows the retries down.
      const error = errorFromServer(Code.RESOURCE_EXHAUSTED, 'rate limited');
      const effects = bench.input({ type: 'revision-failed', watcher: 1, error });
      assert.equal(brief(effects), '');
      const armed = effects.find((effect) => effect.type === 'arm-timer');
      assert.ok(armed && armed.delayMs > 0);
      assert.equal(brief(bench.timer(armed.timer)), 'read 1');
    });

    it('is finished when the read fails for good', () => {
      const bench = new Bench();
      bench.watch(1);
      const error = errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
      assert.deepEqual(bench.input({ type: 'revision-failed', watcher: 1, error }), [
        { type: 'finish', watcher: 1, error },
      ]);
    });
  });

  describe('that receives events', () => {
    it('delivers each batch and resumes after its last event, not after its header', () => {
      const bench = new Bench().live(1, 6);
      assert.equal(
        brief(bench.reply(1_000, events(puts(6, 7, 1005), { header: 2505 }))),
        'deliver 1: 6 7 1005',
      );
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 1006');
    });

    it('delivers complete revisions of a fragment immediately, and the rest once it is complete', () => {
      const bench = new Bench().live();
      assert.equal(brief(bench.reply(1_000, events(puts(3, 4, 9, 9), { fragment: true }))), 'deliver 1: 3 4');
      assert.equal(brief(bench.reply(1_000, events(puts(9), { fragment: true }))), '');
      assert.equal(brief(bench.reply(1_000, events(puts(9, 12), { fragment: true }))), 'deliver 1: 9 9 9 9');
      assert.equal(brief(bench.reply(1_000, events(puts(12, 13)))), 'deliver 1: 12 12 13');
    });

    it('drops an incomplete revision with its stream, and requests that revision again', () => {
      const bench = new Bench().live();
      bench.reply(1_000, events(puts(3, 9, 9), { fragment: true }));
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 9');
      bench.reply(1_001, created());
      assert.equal(brief(bench.reply(1_001, events(puts(9, 9, 9)))), 'deliver 1: 9 9 9');
    });

    it('drops events that were delivered before, and events before the start', () => {
      const bench = new Bench().live(1, 5);
      bench.reply(1_000, events(puts(5, 6)));
      assert.equal(brief(bench.reply(1_000, events(puts(2, 3)))), '');
      assert.equal(brief(bench.reply(1_000, events(puts(4, 5, 6, 7)))), 'deliver 1: 7');
      const fresh = new Bench().live(1, 5);
      assert.equal(brief(fresh.reply(1_000, events(puts(3, 5)))), 'deliver 1: 5');
    });

    it('delivers events at or below the header revision of created, which may overtake them', () => {
      const bench = new Bench();
      bench.watch(1, 9);
      bench.reply(1_000, created(10));
      assert.equal(brief(bench.reply(1_000, events(puts(9, 10)))), 'deliver 1: 9 10');
    });

    it('delivers each event to its watcher', () => {
      const bench = new Bench().live(1, 1);
      bench.watch(2, 1);
      bench.reply(1_001, created());
      assert.equal(brief(bench.reply(1_001, events(puts(3)))), 'deliver 2: 3');
      assert.equal(brief(bench.reply(1_000, events(puts(3)))), 'deliver 1: 3');
    });

    it('ignores unknown ids', () => {
      const bench = new Bench().live();
      for (const id of [-1, 0, 999, 1_001]) {
        for (const reply of [events(puts(9)), progress(50), cancelled(), cancelled(70)]) {
          assert.deepEqual(bench.reply(id, reply), []);
        }
      }
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 1');
    });
  });

  describe('that receives progress', () => {
    it('reports it and resumes after it', () => {
      const bench = new Bench().live();
      assert.equal(brief(bench.reply(1_000, progress(40))), 'progress 1 at 40');
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 41');
    });

    it('never moves the cursor back', () => {
      const bench = new Bench().live();
      bench.reply(1_000, events(puts(60)));
      bench.reply(1_000, progress(40));
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1001 from 61');
    });

    it('never moves the reader’s checkpoint back either', () => {
      const future = new Bench().live(1, 1_000);
      for (const effect of acts(future.reply(1_000, progress(3)))) {
        assert.ok(effect.type === 'progress' && effect.revision >= 999n, brief([effect]));
      }
      const lagging = new Bench().live();
      lagging.reply(1_000, events(puts(60)));
      for (const effect of acts(lagging.reply(1_000, progress(40)))) {
        assert.ok(effect.type === 'progress' && effect.revision >= 60n, brief([effect]));
      }
    });

    it('ignores progress at revision 0, which etcd never sends', () => {
      assert.deepEqual(new Bench().live().reply(1_000, progress(0)), []);
    });
  });

  describe('that loses its stream', () => {
    it('opens another one after a pause and creates every watcher at its cursor', () => {
      const bench = new Bench().live(1, 10);
      bench.watch(2, 20);
      bench.reply(1_001, created());
      bench.watch(3, 30); // not acknowledged
      bench.reply(1_000, events(puts(15)));
      assert.deepEqual(timers(bench.lose()), [
        'disarm create-timeout 1',
        'disarm stable 1',
        'disarm progress 1',
        'arm reopen 1 in 25',
      ]);
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 1 as 1003 from 16');
      assert.equal(
        brief(bench.reply(1_003, created())),
        'create 2 as 1004 from 20, create 3 as 1005 from 30',
      );
    });

    it('never uses a watch id twice, and ignores those of the old stream', () => {
      const bench = new Bench().live();
      bench.reconnect();
      bench.reply(1_001, created());
      assert.deepEqual(bench.reply(1_000, events(puts(9))), []);
      assert.equal(brief(bench.reply(1_001, events(puts(9)))), 'deliver 1: 9');
    });

    it('pauses longer with each loss, which an acknowledgement alone does not reset', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      const pauses: number[] = [];
      for (let id = 1_000; id < 1_009; id++) {
        bench.reply(id, created());
        const armed = bench.lose();
        for (const effect of armed) if (effect.type === 'arm-timer') pauses.push(effect.delayMs);
        bench.timer('reopen');
      }
      assert.deepEqual(pauses, [25, 50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
    });

    const progressCases: readonly (readonly [what: string, makeProgress: (bench: Bench) => void])[] = [
      ['a delivery', (bench) => bench.reply(1_003, events(puts(9)))],
      ['progress', (bench) => bench.reply(1_003, progress(9))],
      ['30 quiet seconds', (bench) => bench.timer('stable')],
    ];
    for (const [what, makeProgress] of progressCases) {
      it(`resets the pauses after ${what}`, () => {
        const bench = new Bench().live();
        for (const id of [1_001, 1_002, 1_003]) {
          bench.reconnect();
          bench.reply(id, created());
        }
        makeProgress(bench);
        const armed = bench.lose();
        assert.deepEqual(armed.at(-1), { type: 'arm-timer', timer: 'reopen', slot: 1, delayMs: 25 });
      });
    }

    it('does not reset the pauses for old events', () => {
      const bench = new Bench().live(1, 5);
      bench.reconnect();
      bench.reply(1_001, created());
      bench.reply(1_001, events(puts(2, 3)));
      const armed = bench.lose();
      assert.deepEqual(armed.at(-1), { type: 'arm-timer', timer: 'reopen', slot: 1, delayMs: 50 });
    });

    it('opens no stream before the pause is over, even for a new watcher', () => {
      const bench = new Bench().live();
      bench.lose();
      assert.deepEqual(bench.watch(2, 7), []);
      assert.match(brief(bench.timer('reopen')), /^open-stream, create/);
    });

    it('opens no stream when the last watcher has left', () => {
      const bench = new Bench().live();
      bench.lose();
      assert.deepEqual(bench.input({ type: 'unwatch', watcher: 1 }), [
        { type: 'disarm-timer', timer: 'reopen', slot: 1 },
      ]);
      assert.deepEqual(bench.timer('reopen'), []);
    });

    const transientErrors: readonly (readonly [code: Code, text: string])[] = [
      [Code.UNAVAILABLE, 'Connection dropped'],
      [Code.UNAVAILABLE, 'etcdserver: no leader'],
      [Code.INTERNAL, 'Received RST_STREAM with code 2'],
      [Code.CANCELLED, 'etcdserver: watch canceled'],
      [Code.UNKNOWN, 'not a primary lessor'],
      [Code.RESOURCE_EXHAUSTED, 'Bandwidth exhausted or memory limit exceeded'],
      [Code.FAILED_PRECONDITION, 'etcdserver: rpc not supported for learner'],
      [Code.DEADLINE_EXCEEDED, 'context deadline exceeded'],
    ];
    for (const [code, text] of transientErrors) {
      it(`survives ${code} '${text}'`, () => {
        const bench = new Bench().live();
        assert.match(brief(bench.reconnect(errorFromServer(code, text))), /create 1 as 1001 from 1$/);
      });
    }

    const ends: readonly (readonly [code: Code, text: string])[] = [
      [Code.PERMISSION_DENIED, 'etcdserver: permission denied'],
      [Code.UNIMPLEMENTED, 'unknown service etcdserverpb.Watch'],
      [Code.INVALID_ARGUMENT, 'nonsense'],
    ];
    for (const [code, text] of ends) {
      it(`finishes every watcher with ${code} '${text}'`, () => {
        const bench = new Bench().live();
        bench.watch(2, 1);
        const error = errorFromServer(code, text);
        const effects = acts(bench.lose(error));
        assert.deepEqual(effects, [
          { type: 'finish', watcher: 1, error },
          { type: 'finish', watcher: 2, error },
        ]);
        assert.deepEqual(bench.timer('reopen'), []);
      });
    }
  });

  describe('whose create is not answered', () => {
    it('closes the stream as unresponsive, and continues on another one', () => {
      const bench = new Bench();
      bench.watch(1, 5);
      const effects = bench.timer('create-timeout');
      assert.equal(brief(effects), 'close-stream unresponsive');
      assert.equal(timers(effects).at(-1), 'arm reopen 1 in 25');
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 1 as 1001 from 5');
    });

    it('keeps a stream whose creates are all answered', () => {
      assert.deepEqual(new Bench().live().timer('create-timeout'), []);
    });
  });

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
      bench.input({ type: 'unwatch', watcher: 1 });
      assert.deepEqual(bench.revision(1, 8), []);
      assert.deepEqual(bench.input({ type: 'revision-failed', watcher: 1, error: dropped() }), []);
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

  describe('whose create is refused', () => {
    it('finishes that watcher with the typed error, for both texts', () => {
      for (const decoration of ['', 'rpc error: code = PermissionDenied desc = ']) {
        const bench = new Bench().live();
        bench.watch(2, 1);
        const effects = acts(bench.reply(-1, refused(`${decoration}etcdserver: permission denied`)));
        const [finish] = effects;
        assert.ok(finish?.type === 'finish' && finish.watcher === 2);
        assert.ok(finish.error instanceof PermissionDeniedError);
        assert.equal(effects.length, 1);
      }
    });

    it('under the id of a live watcher, as by old servers, does not affect that one', () => {
      const bench = new Bench().live(1, 1);
      bench.watch(2, 1);
      const effects = bench.reply(1_000, refused('etcdserver: permission denied'));
      assert.equal(brief(effects), 'finish 2: PermissionDeniedError');
      assert.equal(brief(bench.reply(1_000, events(puts(3)))), 'deliver 1: 3');
      assert.equal(brief(bench.reconnect()), 'open-stream, create 1 as 1002 from 4');
    });

    it('attributes the refusal to the oldest pending create', () => {
      const bench = new Bench().live(1, 1);
      for (const watcher of [2, 3]) bench.watch(watcher, 1);
      assert.equal(brief(bench.reply(-1, refused('no'))), 'finish 2: EtcdError');
      assert.equal(brief(bench.reply(1_002, created())), 'ready 3 at 0');
    });

    it('after its watcher left, changes nothing', () => {
      const bench = new Bench().live(1, 1);
      bench.watch(2, 1);
      bench.input({ type: 'unwatch', watcher: 2 });
      assert.deepEqual(acts(bench.reply(-1, refused('no'))), []);
      assert.equal(brief(bench.reply(1_000, events(puts(3)))), 'deliver 1: 3');
    });

    it('without any pending create, changes nothing', () => {
      const bench = new Bench().live();
      assert.deepEqual(acts(bench.reply(1_000, refused('no'))), []);
      assert.equal(brief(bench.reply(1_000, events(puts(3)))), 'deliver 1: 3');
    });

    it('allows another create', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      bench.watch(2, 1);
      assert.equal(brief(bench.reply(-1, refused('no'))), 'finish 1: EtcdError, create 2 as 1001 from 1');
    });
  });

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
      bench.watch(1);
      bench.revision(1, 8);
      return bench;
    }

    it('before it was ready, silently pins it again', () => {
      const bench = pinned();
      assert.equal(brief(bench.reply(-1, refused('', 20))), 'read 1, close-stream');
      assert.equal(brief(bench.revision(1, 30)), 'open-stream, create 1 as 1001 from 31');
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
      let effects = bench.reply(1_000, cancelled(50));
      // Meanwhile 101 is written, by a caller that has waited for ready.
      if (brief(effects) === 'read 1') effects = bench.revision(1, 101);
      assert.equal(brief(effects), 'create 1 as 1001 from 101');
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

  describe('without a stream', () => {
    it('ignores inputs that need one', () => {
      const bench = new Bench();
      const replies: readonly WatchReply[] = [
        created(),
        events(puts(1)),
        progress(1),
        cancelled(),
        refused('no'),
      ];
      for (const reply of replies) assert.deepEqual(bench.reply(1_000, reply), []);
      assert.deepEqual(bench.lose(), []);
      for (const timer of ['reopen', 'create-timeout', 'stable'] as const) {
        assert.deepEqual(bench.input({ type: 'timer', timer, slot: 1 }), []);
      }
      for (const type of ['unwatch', 'buffer-full', 'buffer-drained'] as const) {
        assert.deepEqual(bench.input({ type, watcher: 7 }), []);
      }
    });
  });
});
