import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import type { WatchReply } from '#src/watch/core/index.js';
import {
  acts,
  Bench,
  brief,
  cancelled,
  created,
  events,
  progress,
  puts,
  refused,
  timers,
} from './builders.js';

describe('a watch session', () => {
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
