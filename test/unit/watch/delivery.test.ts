import assert from 'node:assert/strict';
import { acts, Bench, brief, cancelled, created, events, progress, puts, statuses } from './builders.js';

describe('a watch session', () => {
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
});

describe('a server that sends old events again', () => {
  it('is reported in the status, with the number of events that were not delivered', () => {
    const bench = new Bench().live();
    bench.reply(1_000, events(puts(3, 4)));
    const again = bench.reply(1_000, events(puts(2, 3, 4, 5)));
    assert.equal(brief(again), 'deliver 1: 5');
    assert.deepEqual(statuses(again), [{ type: 'duplicates-dropped', slot: 1, events: 3 }]);
    assert.deepEqual(statuses(bench.reply(1_000, events(puts(6)))), []);
  });
});
