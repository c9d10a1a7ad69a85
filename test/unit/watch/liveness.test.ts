import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, cancelled, created, dropped, events, liveness, puts, refused } from './builders.js';
import { FakeWatch } from './fake-watch.js';

const expired = 'etcdserver: invalid auth token';

describe('a watcher, as its session reports it', () => {
  /** Watcher 1 was paused and is live on slot 2, as 1002, beside a sibling that is live on slot 1. */
  function onDedicatedStream(): Bench {
    const bench = new Bench().withSiblings(1);
    bench.watch(1, 1);
    bench.reply(1_001, created(1));
    bench.input({ type: 'buffer-full', watcher: 1 });
    bench.input({ type: 'buffer-drained', watcher: 1 });
    bench.reply(1_002, created(1), 2);
    return bench;
  }

  describe('whose stream is lost', () => {
    it('is live again only when it is acknowledged on another one', () => {
      const bench = new Bench().live(1, 6);
      assert.equal(liveness(bench.lose()), 'interrupted 1');
      assert.equal(liveness(bench.timer('reopen')), '');
      assert.equal(liveness(bench.reply(1_001, created(6))), 'resumed 1 from 6: stream-lost');
    });

    it('is interrupted once, however many streams are lost', () => {
      const bench = new Bench().live();
      bench.reconnect();
      assert.equal(liveness(bench.reconnect()), '');
      assert.equal(liveness(bench.reply(1_002, created(1))), 'resumed 1 from 1: stream-lost');
    });

    it('is not interrupted before it is ready', () => {
      const bench = new Bench();
      bench.watch(1, 6);
      assert.equal(liveness(bench.reconnect()), '');
      assert.equal(liveness(bench.reply(1_001, created(6))), 'ready 1');
    });
  });

  describe('whose buffer is full', () => {
    it('is interrupted while it is paused, whether or not the stream that it left is lost', () => {
      const bench = new Bench().withSiblings(1);
      bench.watch(1, 1);
      bench.reply(1_001, created(1));
      assert.equal(liveness(bench.input({ type: 'buffer-full', watcher: 1 })), 'interrupted 1');
      assert.equal(liveness(bench.lose()), 'interrupted 100');
      assert.equal(liveness(bench.input({ type: 'buffer-drained', watcher: 1 })), '');
      assert.equal(liveness(bench.reply(1_002, created(1), 2)), 'resumed 1 from 1: buffer-full');
    });
  });

  describe('that moves from a dedicated stream to the shared one', () => {
    it('remains live if no stream is lost', () => {
      const bench = onDedicatedStream();
      const caughtUp = bench.reply(1_002, events(puts(2)), 2);
      assert.match(brief(caughtUp), /create 1 as 1003 from 3$/);
      assert.equal(liveness(caughtUp) + liveness(bench.reply(1_003, created(2))), '');
      assert.deepEqual(
        caughtUp.filter(({ type }) => type === 'caught-up'),
        [{ type: 'caught-up', watcher: 1, revision: 2n }],
      );
    });

    it('is interrupted if the shared stream is lost before the answer', () => {
      const bench = onDedicatedStream();
      bench.reply(1_002, events(puts(2)), 2);
      assert.equal(liveness(bench.lose()), 'interrupted 100, interrupted 1');
      bench.timer('reopen');
      bench.reply(1_004, created(2));
      assert.equal(liveness(bench.reply(1_005, created(2))), 'resumed 1 from 3: stream-lost');
    });

    it('is interrupted if the shared slot has no stream', () => {
      const bench = onDedicatedStream();
      bench.lose();
      assert.equal(liveness(bench.reply(1_002, events(puts(2)), 2)), 'interrupted 1');
      bench.timer('reopen');
      bench.reply(1_003, created(2));
      assert.equal(liveness(bench.reply(1_004, created(2))), 'resumed 1 from 3: stream-lost');
    });

    it('is interrupted if its token is refused there', () => {
      const bench = onDedicatedStream();
      bench.reply(1_002, events(puts(2)), 2);
      assert.equal(liveness(bench.reply(-1, refused(expired))), 'interrupted 1');
      bench.input({ type: 'token', generation: 1 });
      assert.equal(liveness(bench.reply(1_004, created(2), 3)), 'resumed 1 from 3: cancelled');
    });
  });

  it('is interrupted if it moves to a dedicated stream that is lost before the answer', () => {
    const bench = new Bench().withSiblings(1, 10);
    bench.watch(1, 1_000);
    bench.reply(1_001, created(10));
    assert.equal(liveness(bench.lose(dropped(), 2)), 'interrupted 1');
    bench.timer('reopen', 2);
    assert.equal(liveness(bench.reply(1_003, created(10), 2)), 'resumed 1 from 1000: stream-lost');
  });

  it('is interrupted until it is created again if the server cancels it for a transient reason', () => {
    const bench = new Bench().live();
    assert.equal(liveness(bench.reply(1_000, cancelled(0, 'etcdserver: no leader'))), 'interrupted 1');
    bench.timer('retry');
    assert.equal(liveness(bench.reply(1_001, created(1))), 'resumed 1 from 1: cancelled');
  });

  it('is interrupted until it is created with another token if its stream ends because of its token', () => {
    const bench = new Bench().live();
    assert.equal(liveness(bench.lose(errorFromServer(Code.UNAUTHENTICATED, expired))), 'interrupted 1');
    bench.input({ type: 'token', generation: 1 });
    assert.equal(liveness(bench.reply(1_001, created(1), 2)), 'resumed 1 from 1: stream-lost');
  });
});

describe('a watcher that is interrupted a second time before it is live again', () => {
  it('resumes with the first cause', () => {
    const bench = new Bench().live();
    bench.reply(1_000, cancelled(0, 'etcdserver: no leader'));
    bench.timer('retry');
    bench.reconnect();
    assert.equal(liveness(bench.reply(1_002, created(1))), 'resumed 1 from 1: cancelled');
  });
});

describe('a watcher that is paused while the stream it left is lost', () => {
  it('is reported live again when its reader has caught up', async () => {
    const server = new FakeWatch();
    server.client.watch('b', { startRevision: 1n });
    server.last.created();
    const watcher = server.client.watch('a', {
      startRevision: 1n,
      maxBufferedEvents: 2,
      resumptions: true,
    });
    const id = server.last.created();
    server.last.puts(id, [2n, 3n, 4n]);
    server.last.lose();
    server.fire();
    assert.equal(watcher.live, false);
    const reader = watcher[Symbol.asyncIterator]();
    assert.equal((await reader.next()).value?.resumed, true);
    assert.equal((await reader.next()).value?.events.length, 3);
    server.last.created();
    assert.equal(watcher.live, true);
    const { value } = await reader.next();
    assert.deepEqual([value?.resumed, value?.nextRevision], [true, 5n]);
  });
});

describe('the time at which a watcher became live', () => {
  it('is unknown before, and known to the callback', () => {
    const server = new FakeWatch();
    const times: (number | undefined)[] = [];
    const watcher = server.client.watch('k', {
      startRevision: 1n,
      onLiveChange: () => times.push(watcher.liveChangedAt),
    });
    assert.equal(watcher.liveChangedAt, undefined);
    const before = performance.now();
    server.last.created();
    const [time] = times;
    assert.ok(time !== undefined && time >= before && time <= performance.now(), `${time}`);
    server.client.close();
    assert.equal(times.length, 2);
  });
});
