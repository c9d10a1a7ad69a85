import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, cancelled, created, dropped, events, lives, puts, refused } from './builders.js';
import { FakeWatch } from './fake-watch.js';

const expired = 'etcdserver: invalid auth token';

describe('a watch session tells who is live', () => {
  /** Watcher 1 was paused and is live on slot 2, as 1002, beside a sibling that is live on slot 1. */
  function onItsOwn(): Bench {
    const bench = new Bench().withSiblings(1);
    bench.watch(1, 1);
    bench.reply(1_001, created(1));
    bench.input({ type: 'buffer-full', watcher: 1 });
    bench.input({ type: 'buffer-drained', watcher: 1 });
    bench.reply(1_002, created(1), 2);
    return bench;
  }

  describe('of a watcher on a lost stream', () => {
    it('not until it is acknowledged on another one', () => {
      const bench = new Bench().live(1, 6);
      assert.equal(lives(bench.lose()), 'interrupted 1');
      assert.equal(lives(bench.timer('reopen')), '');
      assert.equal(lives(bench.reply(1_001, created(6))), 'resumed 1 from 6');
    });

    it('once, however many streams are lost', () => {
      const bench = new Bench().live();
      bench.reconnect();
      assert.equal(lives(bench.reconnect()), '');
      assert.equal(lives(bench.reply(1_002, created(1))), 'resumed 1 from 1');
    });

    it('never before it is ready', () => {
      const bench = new Bench();
      bench.watch(1, 6);
      assert.equal(lives(bench.reconnect()), '');
      assert.equal(lives(bench.reply(1_001, created(6))), 'ready 1');
    });
  });

  describe('of a watcher whose buffer is full', () => {
    it('not while it is paused, whatever becomes of the stream it left', () => {
      const bench = new Bench().withSiblings(1);
      bench.watch(1, 1);
      bench.reply(1_001, created(1));
      assert.equal(lives(bench.input({ type: 'buffer-full', watcher: 1 })), 'interrupted 1');
      assert.equal(lives(bench.lose()), 'interrupted 100');
      assert.equal(lives(bench.input({ type: 'buffer-drained', watcher: 1 })), '');
      assert.equal(lives(bench.reply(1_002, created(1), 2)), 'resumed 1 from 1');
    });
  });

  describe('of a watcher that goes from its own stream to that of the others', () => {
    it('all the while, if no stream is lost', () => {
      const bench = onItsOwn();
      const level = bench.reply(1_002, events(puts(2)), 2);
      assert.match(brief(level), /create 1 as 1003 from 3$/);
      assert.equal(lives(level) + lives(bench.reply(1_003, created(2))), '');
    });

    it('not, if that one is lost before the answer', () => {
      const bench = onItsOwn();
      bench.reply(1_002, events(puts(2)), 2);
      assert.equal(lives(bench.lose()), 'interrupted 100, interrupted 1');
      bench.timer('reopen');
      bench.reply(1_004, created(2));
      assert.equal(lives(bench.reply(1_005, created(2))), 'resumed 1 from 3');
    });

    it('not, if there is none at present', () => {
      const bench = onItsOwn();
      bench.lose();
      assert.equal(lives(bench.reply(1_002, events(puts(2)), 2)), 'interrupted 1');
      bench.timer('reopen');
      bench.reply(1_003, created(2));
      assert.equal(lives(bench.reply(1_004, created(2))), 'resumed 1 from 3');
    });

    it('not, if its token is turned down there', () => {
      const bench = onItsOwn();
      bench.reply(1_002, events(puts(2)), 2);
      assert.equal(lives(bench.reply(-1, refused(expired))), 'interrupted 1');
      bench.input({ type: 'token', generation: 1 });
      assert.equal(lives(bench.reply(1_004, created(2), 3)), 'resumed 1 from 3');
    });
  });

  it('of a watcher that goes to a stream of its own: not, if that is lost before the answer', () => {
    const bench = new Bench().withSiblings(1, 10);
    bench.watch(1, 1_000);
    bench.reply(1_001, created(10));
    assert.equal(lives(bench.lose(dropped(), 2)), 'interrupted 1');
    bench.timer('reopen', 2);
    assert.equal(lives(bench.reply(1_003, created(10), 2)), 'resumed 1 from 1000');
  });

  it('of a watcher that the server lets go for a passing reason: not until it is taken up again', () => {
    const bench = new Bench().live();
    assert.equal(lives(bench.reply(1_000, cancelled(0, 'etcdserver: no leader'))), 'interrupted 1');
    bench.timer('retry');
    assert.equal(lives(bench.reply(1_001, created(1))), 'resumed 1 from 1');
  });

  it('of watchers whose stream ends for its token: not until they are taken up with another', () => {
    const bench = new Bench().live();
    assert.equal(lives(bench.lose(errorFromServer(Code.UNAUTHENTICATED, expired))), 'interrupted 1');
    bench.input({ type: 'token', generation: 1 });
    assert.equal(lives(bench.reply(1_001, created(1), 2)), 'resumed 1 from 1');
  });
});

describe('a watcher that is paused while the stream it left is lost', () => {
  it('is live again, and says so, when its reader has caught up', async () => {
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
