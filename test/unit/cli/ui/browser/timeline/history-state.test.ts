import assert from 'node:assert/strict';
import {
  emptyHistory,
  type HistoryState,
  loaded,
  received,
  reloading,
} from '#ui/browser/timeline/history-state.js';
import type { TimelineEntry } from '#ui/protocol/index.js';
import { entry, left } from '../../shared/entries.js';

function entries(...numbers: number[]): TimelineEntry[] {
  return numbers.map((n) => entry(n, left(`e${n}`, 'deleted'), 'pay'));
}

function page(numbers: number[], more = false) {
  return { entries: entries(...numbers), more, dropped: 0 };
}

function numbersOf({ entries }: HistoryState): number[] {
  return entries.map(({ n }) => n);
}

describe('the history of a timeline', () => {
  it('has the newest page and what arrives afterwards', () => {
    const state = received(loaded(reloading(emptyHistory), page([2, 1])), 'pay', entries(3, 4));
    assert.deepEqual(numbersOf(state), [4, 3, 2, 1]);
  });

  it('has what arrives while the newest page is being loaded', () => {
    const state = loaded(received(reloading(emptyHistory), 'pay', entries(3, 4)), page([3, 2]));
    assert.deepEqual(numbersOf(state), [4, 3, 2]);
    assert.equal(state.loading, false);
  });

  it('shows what it had until the newest page arrives, which replaces it', () => {
    const before = reloading(loaded(reloading(emptyHistory), page([9, 8])));
    assert.deepEqual(numbersOf(before), [9, 8]);
    assert.deepEqual(numbersOf(loaded(before, page([2, 1]))), [2, 1]);
  });

  it('is continued by older pages', () => {
    const newest = loaded(reloading(emptyHistory), page([4, 3], true));
    const state = loaded({ ...newest, loading: true }, page([2, 1]));
    assert.deepEqual(numbersOf(state), [4, 3, 2, 1]);
    assert.equal(state.more, false);
  });

  it('has the entries of its service and those of all', () => {
    const start = loaded(reloading(emptyHistory), page([]));
    const others = [entry(1, left('a'), 'shop'), entry(2, { type: 'etcd-away' }), entry(3, left('b'), 'pay')];
    assert.deepEqual(numbersOf(received(start, 'pay', others)), [3, 2]);
    assert.deepEqual(numbersOf(received(start, undefined, others)), [3, 2, 1]);
    assert.equal(received(start, 'mail', others.slice(2)), start);
  });

  it('gets the reason of a departure later', () => {
    const before = loaded(reloading(emptyHistory), {
      entries: [entry(1, left('a'), 'pay')],
      more: false,
      dropped: 0,
    });
    const state = received(before, 'pay', [entry(1, left('a', 'deleted'), 'pay')]);
    assert.deepEqual(state.entries, [entry(1, left('a', 'deleted'), 'pay')]);
  });

  it('gets the reason of a departure together with it', () => {
    const start = loaded(reloading(emptyHistory), page([]));
    const both = [entry(1, left('a'), 'pay'), entry(1, left('a', 'deleted'), 'pay')];
    assert.deepEqual(received(start, 'pay', both).entries, [both[1]]);
  });

  it('leaves out a change of an entry that is older than those that were loaded', () => {
    const state = received(loaded(reloading(emptyHistory), page([8, 7], true)), 'pay', entries(3, 9));
    assert.deepEqual(numbersOf(state), [9, 8, 7]);
  });

  it('is bounded while entries arrive, and can be loaded again', () => {
    const numbers = Array.from({ length: 6_000 }, (_, i) => i + 1);
    const state = received(loaded(reloading(emptyHistory), page([])), 'pay', entries(...numbers));
    assert.equal(state.entries.length, 5_000);
    assert.equal(state.entries[0]?.n, 6_000);
    assert.equal(state.more, true);
  });
});
