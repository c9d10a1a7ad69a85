import assert from 'node:assert/strict';
import { RolledBackError, StoreReplacedError } from '#src/errors/index.js';
import { acts, Bench, brief, cancelled, created, dropped, events, puts, refused } from './builders.js';

describe('a watch session that meets a store below what it has seen', () => {
  /** A sibling, and watcher 1 that saw revision 50; the stream was lost and both are created again, as 1002 and 1003. */
  function seen50(): Bench {
    const bench = new Bench().withSiblings(1);
    bench.watch(1, 5);
    bench.reply(1_001, created(5));
    bench.reply(1_001, events(puts(50)));
    bench.reconnect();
    bench.reply(1_002, created(1));
    return bench;
  }

  it('asks for the true revision, and ends the watcher when that is lower too', () => {
    const bench = seen50();
    assert.equal(brief(bench.reply(1_003, created(7))), 'read 1');
    const [cancel, finish] = acts(bench.revision(1, 8));
    assert.ok(finish?.type === 'finish' && finish.error instanceof RolledBackError);
    assert.deepEqual([finish.error.seenRevision, finish.error.storeRevision], [50n, 8n]);
    assert.equal(cancel?.type, 'send-cancel');
  });

  it('goes on when only the member lags', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    assert.equal(brief(bench.revision(1, 50)), '');
    assert.equal(brief(bench.reply(1_003, events(puts(51)))), 'deliver 1: 51');
  });

  it('compares the answer with what was known when it asked, not with what came since', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.reply(1_003, events(puts(51, 60)));
    assert.equal(brief(bench.revision(1, 50)), '');
  });

  it('asks again when it was acknowledged again before the answer came', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.reconnect();
    bench.reply(1_004, created(1));
    assert.equal(brief(bench.reply(1_005, created(7))), '', 'one question at a time');
    assert.equal(brief(bench.revision(1, 55)), 'read 1');
    assert.match(brief(bench.revision(1, 9)), /finish 1: RolledBackError$/);
  });

  it('takes it up again when the true revision cannot be read', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    const effects = bench.input({ type: 'revision-failed', watcher: 1, error: dropped() });
    assert.equal(brief(effects), 'cancel 1003');
    assert.equal(brief(bench.timer('retry')), 'create 1 as 1004 from 51');
    assert.equal(brief(bench.reply(1_004, created(7))), 'read 1');
  });

  it('lets a paused watcher rest when the true revision cannot be read', () => {
    const bench = seen50();
    bench.reply(1_003, created(7));
    bench.input({ type: 'buffer-full', watcher: 1 });
    assert.equal(brief(bench.input({ type: 'revision-failed', watcher: 1, error: dropped() })), '');
    assert.equal(brief(bench.timer('retry')), '');
    assert.match(brief(bench.input({ type: 'buffer-drained', watcher: 1 })), /create 1 as 1004 from 51 @2$/);
  });

  it('takes a revision of 0 for unknown, as a proxy says it', () => {
    assert.equal(brief(seen50().reply(1_003, created(0))), '');
  });

  it('begins anew when a watch from now is pinned again before it was announced', () => {
    const bench = new Bench();
    bench.watch(1);
    bench.revision(1, 50);
    assert.match(brief(bench.reply(-1, refused('', 60))), /^read 1/);
    bench.revision(1, 3);
    assert.equal(brief(bench.reply(1_001, created(3))), 'ready 1 at 3');
  });

  it('announces a watch from now with the revision it was pinned at, when the member lags behind that', () => {
    const bench = new Bench();
    bench.watch(1);
    bench.revision(1, 50);
    assert.equal(brief(bench.reply(1_000, created(7))), 'ready 1 at 50, read 1');
  });
});

describe('a watch session whose store is replaced', () => {
  const error = new StoreReplacedError('the store was replaced');

  it('ends whoever knows a revision of the old one: live, paused, or resting', () => {
    const bench = new Bench();
    for (const watcher of [1, 2, 3]) bench.watch(watcher, 5);
    for (const id of [1_000, 1_001, 1_002]) bench.reply(id, created(5));
    bench.input({ type: 'buffer-full', watcher: 2 });
    bench.reply(1_002, cancelled(0, 'etcdserver: no leader'));
    const ended = brief(bench.input({ type: 'store-replaced', error }));
    for (const watcher of [1, 2, 3]) assert.match(ended, new RegExp(`finish ${watcher}: StoreReplacedError`));
  });

  it('ends none that waits for what "now" means, and reads that again', () => {
    const bench = new Bench();
    bench.watch(1);
    assert.equal(brief(bench.input({ type: 'store-replaced', error })), '');
    assert.equal(brief(bench.input({ type: 'revision-failed', watcher: 1, error })), '');
    assert.equal(brief(bench.timer('retry')), 'read 1');
    assert.match(brief(bench.revision(1, 7)), /create 1 as \d+ from 8/);
  });
});
