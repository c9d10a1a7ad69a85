import assert from 'node:assert/strict';
import { shrink } from '../shrink.js';
import { Coverage } from './coverage.js';
import { profiles } from './profile.js';
import { run, runSeed } from './run.js';
import { schedule } from './schedule.js';
import { type Spec, Store } from './store.js';
import { WatcherModel } from './watcher-model.js';

describe('the simulated cluster', () => {
  it('finds nothing wrong with the watch core in 2,000 schedules', () => {
    const coverage = new Coverage();
    for (let seed = 1; seed <= 2_000; seed++) {
      const { violation, hits } = runSeed(seed);
      assert.equal(violation, undefined, `npm run sim -- --replay ${seed}`);
      coverage.add(hits);
    }
    // Rare combinations need a longer campaign. Most must occur here, otherwise the schedules no longer cover them.
    assert.ok(coverage.uncovered.length < 20, `never seen: ${coverage.uncovered.join('; ')}`);
  }).timeout(60_000);

  it('behaves the same for the same seed', () => {
    for (let seed = 1; seed <= 60; seed++) assert.equal(runSeed(seed).hash, runSeed(seed).hash);
    assert.notEqual(runSeed(1).hash, runSeed(2).hash);
  }).timeout(20_000);

  it('behaves the same with and without a trace', () => {
    const { hash, lines } = runSeed(7, { keep: true });
    assert.equal(hash, runSeed(7).hash);
    assert.ok(lines.length > 100);
  });

  for (const profile of profiles) {
    it(`simulates only ${profile.name} on request`, () => {
      for (let seed = 1; seed <= 50; seed++) {
        const result = runSeed(seed, { profile });
        assert.equal(result.profile, `${profile.name} ${profile.name} ${profile.name}`);
        assert.equal(result.violation, undefined);
      }
    }).timeout(20_000);
  }

  it('shortens a schedule to a part that still violates the invariant', () => {
    const plan = schedule(11);
    const culprit = plan.actions[Math.floor(plan.actions.length / 3)]!;
    const broken = { rule: 'the rule', text: '' };
    const fake = ({ actions }: typeof plan) => ({
      violation: actions.includes(culprit) ? broken : undefined,
    });
    const { plan: short, result } = shrink(plan, broken.rule, fake);
    assert.deepEqual(short.actions, [culprit]);
    assert.equal(result.violation, broken);
    assert.deepEqual(shrink(plan, 'another rule', fake).plan.actions, plan.actions);
  });

  it('behaves the same for a schedule as for its seed', () => {
    assert.equal(run(schedule(11)).hash, runSeed(11).hash);
  });
});

describe('the oracle of a simulated watcher', () => {
  const everything: Spec = {
    key: '',
    end: '\u{10ffff}',
    noPut: false,
    noDelete: false,
    prevKv: true,
    forbidden: false,
  };

  /** Revisions 2 to 5, of which 3 changes two keys, and a watcher of all keys from 2 on that is ready. */
  function observed(): {
    readonly store: Store;
    readonly watched: WatcherModel;
    deliver(...revisions: number[]): string | undefined;
  } {
    const store = new Store();
    store.commit([{ key: 'a/0', remove: false }]);
    store.commit([
      { key: 'a/0', remove: false },
      { key: 'a/1', remove: false },
    ]);
    store.commit([{ key: 'a/0', remove: true }]);
    store.commit([{ key: 'c', remove: false }]);
    const watched = new WatcherModel(1, everything, 2, store);
    watched.onReady(5, 2);
    const deliver = (...revisions: number[]) => {
      const events = revisions.flatMap((revision) => store.at(revision).map((change) => change.withPrev));
      return watched.onDeliver(events)?.[0];
    };
    return { store, watched, deliver };
  }

  it('accepts the history in batches of any size', () => {
    const { deliver, watched } = observed();
    assert.equal(deliver(2), undefined);
    assert.equal(deliver(3, 4), undefined);
    assert.equal(watched.nextExpected, 5);
    assert.equal(deliver(5), undefined);
    assert.equal(watched.nextExpected, undefined);
  });

  it('detects a missing revision', () => assert.equal(observed().deliver(2, 4), 'reliable'));

  it('detects a repeated revision', () => {
    const { deliver } = observed();
    deliver(2, 3);
    assert.equal(deliver(3), 'unique');
  });

  it('detects a split revision', () => {
    const { store, watched } = observed();
    const [first] = store.at(3);
    assert.equal(watched.onDeliver([...store.at(2), first!].map(({ withPrev }) => withPrev))?.[0], 'atomic');
  });

  it('detects a missing previous value', () => {
    const { store, watched } = observed();
    watched.onDeliver(store.at(2).map(({ withPrev }) => withPrev));
    assert.equal(watched.onDeliver(store.at(3).map(({ bare }) => bare))?.[0], 'prevKv');
  });

  it('detects progress beyond the delivered events', () => {
    const { deliver, watched } = observed();
    deliver(2);
    assert.equal(watched.onProgress(4)?.[0], 'bookmarkable');
  });

  it('requires a new create to start at the first missing revision', () => {
    const { deliver, watched } = observed();
    deliver(2, 3);
    assert.equal(watched.onCreate(1, 4, 0), undefined);
    assert.equal(watched.onCreate(1, 3, 0)?.[0], 'resumable');
    assert.equal(watched.onCreate(1, 5, 0)?.[0], 'resumable');
  });

  it('rejects an end by a compaction that removed only delivered revisions', () => {
    const { store, deliver, watched } = observed();
    deliver(2, 3, 4);
    store.compact(5);
    assert.equal(watched.onCompacted(5)?.[0], 'no end without a cause');
    const other = observed();
    other.store.compact(5);
    assert.equal(other.watched.onCompacted(5), undefined);
  });
});
