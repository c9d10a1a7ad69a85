import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, created, events, puts } from './builders.js';

describe('the slots of a watch session', () => {
  describe('after an oversized response', () => {
    const oversized = () =>
      errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs. 4)');

    it('try once more, and end the watcher the second time', () => {
      const bench = new Bench().live();
      assert.match(brief(bench.reconnect(oversized())), /create 1 as 1001 from 1$/);
      bench.reply(1_001, created(1));
      assert.equal(brief(bench.lose(oversized())), 'finish 1: EtcdError');
    });

    it('try each of several watchers alone, and end the one for which it happens again', () => {
      const bench = new Bench().withSiblings(2);
      assert.equal(
        brief(bench.lose(oversized())),
        'open-stream @2, create 100 as 1002 from 1 @2, open-stream @3, create 101 as 1003 from 1 @3',
      );
      bench.reply(1_002, created(1), 2);
      assert.equal(brief(bench.lose(oversized(), 3)), 'finish 101: EtcdError');
      assert.match(
        brief(bench.reply(1_002, events(puts(2)), 2)),
        /^deliver 100: 2, .*create 100 as 1004 from 3$/,
      );
    });

    it('move a watcher back to the shared stream after 30 s alone without one, even without progress', () => {
      const bench = new Bench().withSiblings(2);
      bench.lose(oversized());
      bench.reply(1_002, created(1), 2);
      bench.reply(1_003, created(1), 3);
      assert.match(brief(bench.timer('stable', 2)), /create 100 as 1004 from 1$/);
      bench.reply(1_004, created(1));
      assert.match(brief(bench.timer('stable', 3)), /create 101 as 1005 from 1$/);
      bench.reply(1_005, created(1));
      assert.doesNotMatch(brief(bench.lose(oversized())), /finish/, 'what was before is over');
    });

    it('try 16 alone at a time, and one more with each loss, so that each watcher has its turn', () => {
      const bench = new Bench().withSiblings(19);
      const opened = (effects: string) => effects.match(/open-stream/g)?.length ?? 0;
      assert.equal(opened(brief(bench.lose(oversized()))), 17);
      assert.equal(brief(bench.timer('reopen')), 'open-stream, create 117 as 1036 from 1');
      bench.reply(1_036, created(1));
      bench.reply(1_037, created(1));
      assert.equal(opened(brief(bench.lose(oversized()))), 1);
      assert.match(brief(bench.timer('reopen')), /^open-stream, create 118 as 1039 from 1$/);
      bench.reply(1_039, created(1));
      assert.match(brief(bench.lose(oversized())), /finish 118: EtcdError/, 'it was alone');
    });

    it('do not suspect watchers that were created after the first', () => {
      const bench = new Bench().live();
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
      const bench = new Bench().live();
      bench.reconnect();
      bench.reply(1_001, created(1));
      assert.match(brief(bench.reconnect(oversized())), /create 1 as 1002 from 1$/);
    });
  });
});
