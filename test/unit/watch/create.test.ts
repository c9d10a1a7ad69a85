import assert from 'node:assert/strict';
import { PermissionDeniedError } from '#src/errors/index.js';
import { acts, Bench, brief, created, events, everyKey, puts, refused, timers } from './builders.js';

describe('a watch session', () => {
  describe('with a new watcher', () => {
    it('opens a stream and creates the watcher at its start revision', () => {
      assert.deepEqual(new Bench().watch(1, 42), [
        { type: 'open-stream', slot: 1, generation: 0 },
        { type: 'arm-timer', timer: 'stable', slot: 1, delayMs: 30_000 },
        { type: 'send-create', slot: 1, watcher: 1, watchId: 1_000n, startRevision: 42n, fragments: false },
        { type: 'arm-timer', timer: 'create-timeout', slot: 1, delayMs: 10_000 },
      ]);
    });

    it('from now on is pinned first, and created at the next revision', () => {
      const bench = new Bench();
      assert.deepEqual(bench.watch(1), [{ type: 'schedule-pin-read' }]);
      assert.deepEqual(bench.pinReadDue(), [{ type: 'read-pin', watcher: 1, range: everyKey }]);
      const effects = bench.pinRead(8);
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
});
