import assert from 'node:assert/strict';
import type { Clock } from '#src/async/index.js';
import { Code, CompactedError, errorFromServer } from '#src/errors/index.js';
import { losesDeletes } from '#src/watch/server-version.js';
import { StartCheckReads } from '#src/watch/start-check-reads.js';
import { Bench, created, events, progress, puts } from './builders.js';

describe('the start of a watch, on a release that loses a delete at the compacted revision', () => {
  const loses = { type: 'server-version', slot: 1, losesDeletes: true } as const;
  const compacted = (watcher: number, startRevision: number) =>
    ({ type: 'start-compacted', watcher, startRevision: BigInt(startRevision) }) as const;
  const checks = (effects: ReturnType<Bench['input']>) =>
    effects.flatMap((effect) => (effect.type === 'check-start' ? [Number(effect.startRevision)] : []));
  const ends = (effects: ReturnType<Bench['input']>) =>
    effects.flatMap((effect) => (effect.type === 'finish' ? [effect.error] : []));

  it('is checked when the version becomes known, and then with each acknowledgement', () => {
    const bench = new Bench();
    bench.watch(1, 5);
    assert.deepEqual(checks(bench.reply(1_000, created(9))), []);
    assert.deepEqual(checks(bench.input(loses)), [5]);
    assert.deepEqual(checks(bench.input(loses)), [], 'once for each start');
    bench.watch(2, 7);
    assert.deepEqual(checks(bench.reply(1_001, created(9))), [7]);
    bench.reply(1_000, events(puts(6, 7)));
    bench.reconnect();
    assert.deepEqual(checks(bench.reply(1_002, created(9))), [], 'a new stream, whose member is not known');
    assert.deepEqual(checks(bench.input(loses)), [8]);
    assert.deepEqual(checks(bench.reply(1_003, created(9))), [7]);
  });

  it('is checked on the next stream when the version was unknown on the last one, unless the next member loses nothing', () => {
    for (const losesDeletes of [true, false]) {
      const bench = new Bench();
      bench.watch(1, 5);
      bench.reply(1_000, created(9));
      bench.reply(1_000, events(puts(6, 7)));
      bench.reconnect();
      bench.reply(1_001, created(9));
      assert.deepEqual(checks(bench.input({ ...loses, losesDeletes })), losesDeletes ? [5] : []);
      assert.deepEqual(checks(bench.input(loses)), [], 'stable');
    }
  });

  it('is not checked when the server read no history', () => {
    const bench = new Bench();
    bench.live(1, 1);
    bench.input(loses);
    bench.watch(2, 10);
    assert.deepEqual(checks(bench.reply(1_001, created(9))), []);
    bench.watch(3, 10);
    assert.deepEqual(checks(bench.reply(1_002, created(0))), [10], 'a proxy does not say');
  });

  it('ends the watch when it was compacted', () => {
    const bench = new Bench();
    bench.watch(1, 5);
    bench.reply(1_000, created(9));
    const [error] = ends(bench.input(compacted(1, 5)));
    assert.ok(error instanceof CompactedError);
    assert.equal(error.compactRevision, 5n);
    assert.deepEqual(bench.input(compacted(1, 5)), [], 'nothing after the end');
  });

  it('is pinned again, not behind its progress, when it was compacted before a watch from now on was ready', () => {
    const bench = new Bench();
    bench.watchFromNow(1, 4);
    bench.reply(1_000, created(9)); // pinned at 4, ready at 9: 5 to 9 are not promised
    const creates = bench.input(compacted(1, 5)).filter(({ type }) => type === 'send-create');
    assert.deepEqual(
      creates.map((effect) => 'startRevision' in effect && effect.startRevision),
      [10n],
    );
    bench.reply(1_001, created(9));
    bench.reply(1_001, progress(12));
    const again = bench.input(compacted(1, 5)).filter(({ type }) => type === 'send-create');
    assert.deepEqual(
      again.map((effect) => 'startRevision' in effect && effect.startRevision),
      [13n],
    );
    assert.equal(ends(bench.input(compacted(1, 10))).length, 1, '10 was promised');
  });

  it('depends on the version', () => {
    const affected = ['3.3.27', '3.4.0', '3.4.23', '3.4.35', '3.5.0', '3.5.15', '3.5.17', '3.5.17-rc.1'];
    const others = [
      '3.4.36',
      '3.4.45',
      '3.5.18',
      '3.5.35',
      '3.6.0',
      '3.7.1',
      '4.0.0',
      '',
      'garbage',
      undefined,
    ];
    assert.deepEqual(
      affected.filter((version) => !losesDeletes(version)),
      [],
    );
    assert.deepEqual(others.filter(losesDeletes), []);
  });

  describe('is read from the store', () => {
    const key = Buffer.from('k');
    const turns = async () => {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    };

    /** A store whose compacted revision is `compactRevision`, and a clock that the test moves. */
    function store() {
      let now = 0;
      const timers = new Set<{ at: number; callback: () => void }>();
      const clock: Clock = {
        now: () => now,
        setTimer: (delayMs, callback) => {
          const timer = { at: now + delayMs, callback };
          timers.add(timer);
          return () => timers.delete(timer);
        },
      };
      const closing = new AbortController();
      const self = {
        compactRevision: 0n,
        failure: undefined as Error | undefined,
        reads: [] as bigint[],
        lost: [] as number[],
        closing,
        timers,
        async pass(ms: number) {
          const until = now + ms;
          for (;;) {
            const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
            if (!next) break;
            timers.delete(next);
            now = Math.max(now, next.at);
            next.callback();
            await turns();
          }
          now = until;
        },
        checks: undefined as unknown as StartCheckReads,
      };
      self.checks = new StartCheckReads(
        {
          clock,
          random: () => 0.5,
          readAt: async (_, revision) => {
            self.reads.push(revision);
            if (self.failure) throw self.failure;
            if (revision < self.compactRevision) throw new CompactedError('compacted', 0n);
          },
          compacted: (watcher) => self.lost.push(watcher),
        },
        closing.signal,
      );
      return self;
    }

    it('once for a thousand watchers together', async () => {
      const it = store();
      for (let i = 0; i < 1_000; i++) it.checks.add(i, key, BigInt(1_000 + i));
      await it.pass(60_000);
      assert.deepEqual(it.reads, [999n]);
      assert.deepEqual(it.lost, []);
      assert.equal(it.timers.size, 0);
    });

    it('only for watchers that a compaction reached, and not before etcd has read their history', async () => {
      const it = store();
      it.compactRevision = 10n;
      for (const start of [9, 10, 11, 12]) it.checks.add(start, key, BigInt(start));
      await it.pass(300);
      assert.deepEqual(it.reads, []);
      await it.pass(60_000);
      assert.deepEqual(it.lost, [9, 10]);
      assert.deepEqual(it.reads, [8n, 9n, 10n]);
    });

    it('again with growing pauses while nothing answers, and not for watchers that have left', async () => {
      const it = store();
      it.failure = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
      it.checks.add(1, key, 5n);
      it.checks.add(2, key, 6n);
      await it.pass(10_000);
      assert.ok(it.reads.length > 3 && it.reads.length < 15, `${it.reads.length} reads`);
      it.failure = undefined;
      it.compactRevision = 7n;
      it.checks.remove(1);
      await it.pass(10_000);
      assert.deepEqual(it.lost, [2]);
    });

    it('no earlier when others are added while nothing answers', async () => {
      const it = store();
      it.failure = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
      for (let i = 0; i < 1_000; i++) {
        it.checks.add(i, key, 5n);
        await it.pass(10);
      }
      assert.ok(it.reads.length > 3 && it.reads.length < 15, `${it.reads.length} reads`);
    });

    it('never again once it is forbidden or the client is closed', async () => {
      const it = store();
      it.failure = errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
      it.checks.add(1, key, 5n);
      await it.pass(60_000);
      assert.equal(it.reads.length, 1);
      it.checks.add(1, key, 5n);
      it.closing.abort();
      assert.equal(it.timers.size, 0);
    });
  });
});
