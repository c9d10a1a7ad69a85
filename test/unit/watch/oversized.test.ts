import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, created, events, progress, puts } from './builders.js';

const oversized = () =>
  errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs. 4)');

/** A session whose watchers, with ids from 1000 on, ask for fragments: their stream had an oversized response. */
function inFragments(bench: Bench, count = 1): Bench {
  bench.reconnect(oversized());
  for (let i = 0; i < count; i++) bench.reply(1_000 + count + i, created(1));
  return bench;
}

describe('the slots of a watch session', () => {
  describe('after an oversized response', () => {
    it('ask for fragments, for which no watcher asked before', () => {
      const bench = new Bench();
      assert.match(brief(bench.watch(1, 1)), /create 1 as 1000 from 1$/);
      bench.reply(1_000, created(1));
      bench.lose(oversized());
      assert.match(brief(bench.timer('reopen')), /create 1 as 1001 from 1 in fragments$/);
    });

    it('ask for fragments for every watcher of the stream, and move none', () => {
      const bench = new Bench().withSiblings(3);
      assert.equal(brief(bench.lose(oversized())), '');
      assert.equal(
        brief(bench.timer('reopen')),
        'open-stream, create 100 as 1003 from 1 in fragments',
        'the window is one until the first answer',
      );
      assert.equal(
        brief(bench.reply(1_003, created(1))),
        'create 101 as 1004 from 1 in fragments, create 102 as 1005 from 1 in fragments',
      );
    });

    it('ask for fragments for as long as the watcher lives', () => {
      const bench = inFragments(new Bench().live());
      bench.reply(1_001, events(puts(2)));
      bench.reply(1_001, progress(5));
      bench.timer('stable');
      assert.match(brief(bench.reconnect()), /create 1 as 1002 from 6 in fragments$/);
    });

    it('ask for no fragments for a watcher that was not created on the stream', () => {
      const bench = new Bench().live();
      bench.lose(oversized());
      bench.watch(2, 1);
      bench.timer('reopen');
      assert.equal(brief(bench.reply(1_001, created(1))), 'create 2 as 1002 from 1');
    });

    it('suspect a watcher that asks for fragments only if that happens again while others do not ask yet', () => {
      const bench = inFragments(new Bench().live());
      bench.watch(2, 1);
      bench.reply(1_002, created(1));
      assert.equal(brief(bench.lose(oversized())), '', 'the response was probably for watcher 2');
      bench.timer('reopen');
      bench.reply(1_003, created(1));
      bench.reply(1_004, created(1));
      bench.watch(3, 1);
      bench.reply(1_005, created(1));
      assert.equal(brief(bench.lose(oversized())), 'open-stream @2, create 1 as 1006 from 1 in fragments @2');
    });

    it('resume an only suspect among watchers that do not ask yet', () => {
      const bench = inFragments(new Bench().live());
      bench.lose(oversized());
      bench.timer('reopen');
      bench.reply(1_002, created(1));
      bench.watch(2, 1);
      bench.reply(1_003, created(1));
      assert.doesNotMatch(brief(bench.lose(oversized())), /finish/);
    });
  });

  describe('after three streams in a row that were lost without a delivery', () => {
    it('ask for fragments for the watchers that were acknowledged', () => {
      const bench = new Bench().live();
      for (const id of [1_001, 1_002]) {
        assert.match(brief(bench.reconnect()), new RegExp(`create 1 as ${id} from 1$`));
        bench.reply(id, created(1));
      }
      bench.watch(2, 1); // not acknowledged
      assert.match(brief(bench.reconnect()), /create 1 as 1004 from 1 in fragments$/);
      assert.match(brief(bench.reply(1_004, created(1))), /create 2 as 1005 from 1$/);
    });

    it('ask for none if a stream delivered something in between, or was stable', () => {
      for (const interlude of [
        (bench: Bench) => bench.reply(1_001, events(puts(2))),
        (bench: Bench) => bench.timer('stable'),
      ]) {
        const bench = new Bench().live();
        bench.reconnect();
        bench.reply(1_001, created(1));
        interlude(bench);
        bench.reconnect();
        bench.reply(1_002, created(1));
        assert.doesNotMatch(brief(bench.reconnect()), /fragments/);
      }
    });

    it('ask for none while no server acknowledges a watcher', () => {
      const bench = new Bench();
      bench.watch(1, 1);
      for (let i = 0; i < 5; i++) assert.doesNotMatch(brief(bench.reconnect()), /fragments/);
    });
  });

  describe('after an oversized fragment', () => {
    it('try once more, and end the watcher the second time', () => {
      const bench = inFragments(new Bench().live());
      assert.match(brief(bench.reconnect(oversized())), /create 1 as 1002 from 1 in fragments$/);
      bench.reply(1_002, created(1));
      assert.equal(brief(bench.lose(oversized())), 'finish 1: EtcdError');
    });

    it('try each of several watchers alone, and end the one for which it happens again', () => {
      const bench = inFragments(new Bench().withSiblings(2), 2);
      assert.equal(
        brief(bench.lose(oversized())),
        'open-stream @2, create 100 as 1004 from 1 in fragments @2, open-stream @3, create 101 as 1005 from 1 in fragments @3',
      );
      bench.reply(1_004, created(1), 2);
      assert.equal(brief(bench.lose(oversized(), 3)), 'finish 101: EtcdError');
      assert.match(
        brief(bench.reply(1_004, events(puts(2)), 2)),
        /^deliver 100: 2, .*create 100 as 1006 from 3 in fragments$/,
      );
    });

    it('move a watcher back to the shared stream after 30 s alone without one, even without progress', () => {
      const bench = inFragments(new Bench().withSiblings(2), 2);
      bench.lose(oversized());
      bench.reply(1_004, created(1), 2);
      bench.reply(1_005, created(1), 3);
      assert.match(brief(bench.timer('stable', 2)), /create 100 as 1006 from 1 in fragments$/);
      bench.reply(1_006, created(1));
      assert.match(brief(bench.timer('stable', 3)), /create 101 as 1007 from 1 in fragments$/);
      bench.reply(1_007, created(1));
      assert.doesNotMatch(brief(bench.lose(oversized())), /finish/, 'what was before is over');
    });

    it('try 16 alone at a time, and one more with each loss, so that each watcher has its turn', () => {
      const bench = inFragments(new Bench().withSiblings(19), 19);
      const opened = (effects: string) => effects.match(/open-stream/g)?.length ?? 0;
      assert.equal(opened(brief(bench.lose(oversized()))), 17);
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 117 as 1055 from 1 in fragments');
      bench.reply(1_055, created(1));
      bench.reply(1_056, created(1));
      assert.equal(opened(brief(bench.lose(oversized()))), 1);
      assert.match(brief(bench.timer('reopen')), /^open-stream, create 118 as 1058 from 1 in fragments$/);
      bench.reply(1_058, created(1));
      assert.match(brief(bench.lose(oversized())), /finish 118: EtcdError/, 'it was alone');
    });

    it('do not suspect watchers that were created after the first', () => {
      const bench = inFragments(new Bench().live());
      bench.lose(oversized());
      bench.watch(2, 1);
      bench.timer('reopen');
      assert.equal(
        brief(bench.lose(oversized())),
        'finish 1: EtcdError',
        'watcher 2 had not been created yet',
      );
    });

    it('do not suspect watchers of an ordinary loss before it', () => {
      const bench = inFragments(new Bench().live());
      bench.reconnect();
      bench.reply(1_002, created(1));
      assert.match(brief(bench.reconnect(oversized())), /create 1 as 1003 from 1 in fragments$/);
    });
  });

  describe('after an oversized request', () => {
    it('try each watcher alone at once, since fragments would not help', () => {
      const tooLarge = () =>
        errorFromServer(
          Code.RESOURCE_EXHAUSTED,
          'grpc: received message larger than max (2098200 vs. 2097152)',
        );
      const bench = new Bench().withSiblings(2);
      assert.equal(
        brief(bench.lose(tooLarge())),
        'open-stream @2, create 100 as 1002 from 1 @2, open-stream @3, create 101 as 1003 from 1 @3',
      );
      assert.equal(brief(bench.lose(tooLarge(), 3)), 'finish 101: EtcdError');
    });
  });
});
