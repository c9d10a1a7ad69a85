import assert from 'node:assert/strict';
import { RolledBackError, StoreReplacedError } from '#src/errors/index.js';
import { acts, Bench, brief, cancelled, created, dropped, events, puts, refused } from './builders.js';

describe('a watch session with a store below its known revision', () => {
  /** A sibling, and watcher 1 with the known revision 50. Their stream is lost, and both are created again, as 1002 and 1003. */
  function seen50(): Bench {
    const bench = new Bench().withSiblings(1);
    bench.watch(1, 5);
    bench.reply(1_001, created(5));
    bench.reply(1_001, events(puts(50)));
    bench.reconnect();
    bench.reply(1_002, created(1));
    return bench;
  }

  it('reads the revision, and ends the watcher when that is lower too', () => {
    const bench = seen50();
    assert.equal(brief(bench.reply(1_003, created(7))), 'read 1');
    const [cancel, finish] = acts(bench.revision(1, 8));
    assert.ok(finish?.type === 'finish' && finish.error instanceof RolledBackError);
    assert.deepEqual([finish.error.seenRevision, finish.error.storeRevision], [50n, 8n]);
    assert.equal(cancel?.type, 'send-cancel');
  });

  it('continues when only the member lags behind', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    assert.equal(brief(bench.revision(1, 50)), '');
    assert.equal(brief(bench.reply(1_003, events(puts(51)))), 'deliver 1: 51');
  });

  it('compares the answer with the revision known when the read started, not with later ones', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.reply(1_003, events(puts(51, 60)));
    assert.equal(brief(bench.revision(1, 50)), '');
  });

  it('reads again when it was acknowledged again before the answer', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.reconnect();
    bench.reply(1_004, created(1));
    assert.equal(brief(bench.reply(1_005, created(7))), '', 'one read at a time');
    assert.equal(brief(bench.revision(1, 55)), 'read 1');
    assert.match(brief(bench.revision(1, 9)), /finish 1: RolledBackError$/);
  });

  it('creates the watcher again when the revision cannot be read', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    const effects = bench.input({ type: 'revision-failed', watcher: 1, error: dropped() });
    assert.equal(brief(effects), 'cancel 1003');
    assert.equal(brief(bench.timer('retry')), 'create 1 as 1004 from 51');
    assert.equal(brief(bench.reply(1_004, created(7))), 'read 1');
  });

  it('keeps a paused watcher paused when the revision cannot be read', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.input({ type: 'buffer-full', watcher: 1 });
    assert.equal(brief(bench.input({ type: 'revision-failed', watcher: 1, error: dropped() })), '');
    assert.equal(brief(bench.timer('retry')), '');
    assert.match(brief(bench.input({ type: 'buffer-drained', watcher: 1 })), /create 1 as 1004 from 51 @2$/);
  });

  it('treats a revision of 0, which proxies send, as unknown', () => {
    assert.equal(brief(seen50().reply(1_003, created(0))), '');
  });

  it('starts over when a watch from now on is pinned again before it was ready', () => {
    const bench = new Bench();
    bench.watchFromNow(1, 50);
    assert.match(brief(bench.reply(-1, refused('', 60))), /^schedule-pin-read/);
    bench.pinReadDue();
    bench.pinRead(3);
    assert.equal(brief(bench.reply(1_001, created(3))), 'ready 1 at 3');
  });

  it('reports a watch from now on as ready at its pin when the member lags behind that', () => {
    const bench = new Bench();
    bench.watchFromNow(1, 50);
    assert.equal(brief(bench.reply(1_000, created(7))), 'ready 1 at 50, read 1');
  });
});

describe('a watch session whose store is replaced', () => {
  const error = new StoreReplacedError('the store was replaced');

  it('ends all watchers that know a revision of the old one: live, paused, or waiting for a retry', () => {
    const bench = new Bench();
    for (const watcher of [1, 2, 3]) bench.watch(watcher, 5);
    for (const id of [1_000, 1_001, 1_002]) bench.reply(id, created(5));
    bench.input({ type: 'buffer-full', watcher: 2 });
    bench.reply(1_002, cancelled(0, 'etcdserver: no leader'));
    const ended = brief(bench.input({ type: 'store-replaced', error }));
    for (const watcher of [1, 2, 3]) assert.match(ended, new RegExp(`finish ${watcher}: StoreReplacedError`));
  });

  it('keeps a watcher that is being pinned, and reads its revision again', () => {
    const bench = new Bench();
    bench.watch(1);
    assert.equal(brief(bench.input({ type: 'store-replaced', error })), '');
    bench.pinReadDue();
    assert.equal(brief(bench.pinReadFailed(error)), '');
    assert.equal(brief(bench.timer('retry')), 'schedule-pin-read');
    assert.equal(brief(bench.pinReadDue()), 'read pin of 1');
    assert.match(brief(bench.pinRead(7)), /create 1 as \d+ from 8/);
  });
});
