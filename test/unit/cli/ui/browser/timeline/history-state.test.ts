import assert from 'node:assert/strict';
import {
  emptyHistory,
  type HistoryState,
  held,
  loaded,
  received,
  refiltered,
  reloading,
} from '#ui/browser/timeline/history-state.js';
import type { TimelineEntry, TimelineFilter } from '#ui/protocol/index.js';
import { matcher } from '#ui/shared/index.js';
import { entry, left } from '../../shared/entries.js';

function entries(...numbers: number[]): TimelineEntry[] {
  return numbers.map((n) => entry(n, left(`e${n}`, 'deleted'), 'pay'));
}

function page(numbers: number[], more = false) {
  return { entries: entries(...numbers), more, next: more ? numbers.at(-1) : undefined, dropped: 0 };
}

const scope = (service: string | undefined, filter: TimelineFilter = {}) => ({
  service,
  matches: matcher(filter),
});
const pay = scope('pay');

function numbersOf({ entries }: HistoryState): number[] {
  return entries.map(({ n }) => n);
}

describe('the history of a timeline', () => {
  it('has the newest page and what arrives afterwards', () => {
    const state = received(loaded(reloading(emptyHistory), page([2, 1])), pay, entries(3, 4));
    assert.deepEqual(numbersOf(state), [4, 3, 2, 1]);
  });

  it('has what arrives while the newest page is being loaded', () => {
    const state = loaded(received(reloading(emptyHistory), pay, entries(3, 4)), page([3, 2]));
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
    assert.equal(state.next, undefined);
  });

  it('has the entries of its service and those of all', () => {
    const start = loaded(reloading(emptyHistory), page([]));
    const others = [entry(1, left('a'), 'shop'), entry(2, { type: 'etcd-away' }), entry(3, left('b'), 'pay')];
    assert.deepEqual(numbersOf(received(start, pay, others)), [3, 2]);
    assert.deepEqual(numbersOf(received(start, scope(undefined), others)), [3, 2, 1]);
    assert.equal(received(start, scope('mail'), others.slice(2)), start);
  });

  it('gets the reason of a departure later', () => {
    const before = loaded(reloading(emptyHistory), {
      entries: [entry(1, left('a'), 'pay')],
      dropped: 0,
    });
    const state = received(before, pay, [entry(1, left('a', 'deleted'), 'pay')]);
    assert.deepEqual(state.entries, [entry(1, left('a', 'deleted'), 'pay')]);
  });

  it('gets the reason of a departure together with it', () => {
    const start = loaded(reloading(emptyHistory), page([]));
    const both = [entry(1, left('a'), 'pay'), entry(1, left('a', 'deleted'), 'pay')];
    assert.deepEqual(received(start, pay, both).entries, [both[1]]);
  });

  it('leaves out a change of an entry that is older than those that were loaded', () => {
    const state = received(loaded(reloading(emptyHistory), page([8, 7], true)), pay, entries(3, 9));
    assert.deepEqual(numbersOf(state), [9, 8, 7]);
  });

  it('is bounded while entries arrive, and can be loaded again', () => {
    const numbers = Array.from({ length: 6_000 }, (_, i) => i + 1);
    const state = received(loaded(reloading(emptyHistory), page([])), pay, entries(...numbers));
    assert.equal(state.entries.length, 5_000);
    assert.equal(state.entries[0]?.n, 6_000);
    assert.equal(state.next, 1_001);
  });

  it('continues a search where it ended, and has what arrives in the part that was searched', () => {
    const start = loaded(reloading(emptyHistory), { ...page([9]), next: 5 });
    assert.deepEqual(numbersOf(received(start, pay, entries(4, 6))), [9, 6]);
    const more = loaded(start, { ...page([3]), next: undefined });
    assert.deepEqual([numbersOf(more), more.next], [[9, 3], undefined]);
  });

  describe('with a filter', () => {
    const deleted = scope('pay', { text: 'deleted' });

    it('takes only entries that pass it, and loses one that no longer does', () => {
      const start = loaded(reloading(emptyHistory), page([1]));
      const state = received(start, deleted, [entry(2, left('x'), 'pay'), ...entries(3)]);
      assert.deepEqual(numbersOf(state), [3, 1]);
      assert.deepEqual(
        numbersOf(received(state, deleted, [entry(1, left('e1', 'lease-ended'), 'pay')])),
        [3],
      );
    });

    it('hides at once what a new one does not show', () => {
      const start = loaded(reloading(emptyHistory), page([2, 1]));
      const state = refiltered(start, scope('pay', { text: 'e2' }));
      assert.deepEqual([numbersOf(state), state.loading], [[2], true]);
    });
  });

  describe('while it is held', () => {
    const start = held(loaded(reloading(emptyHistory), page([5, 4])));

    it('counts new entries once, and does not insert them', () => {
      const state = received(received(start, pay, entries(6, 7)), pay, entries(7, 8));
      assert.deepEqual([numbersOf(state), state.held?.count], [[5, 4], 3]);
    });

    it('counts only those that pass the filter', () => {
      const state = received(start, scope('pay', { text: 'e7' }), entries(6, 7));
      assert.equal(state.held?.count, 1);
    });

    it('gets the reason of a departure that it shows', () => {
      const undecided = { ...start, entries: [entry(5, left('e5'), 'pay')] };
      const state = received(undecided, pay, entries(5));
      assert.deepEqual(state.entries, entries(5));
      assert.equal(state.held?.count, 0);
    });

    it('begins to count again with a new page', () => {
      const behind = received(start, pay, entries(6));
      const state = loaded(received(reloading(behind), pay, entries(7)), page([6, 5]));
      assert.deepEqual([numbersOf(state), state.held], [[7, 6, 5], { count: 0, last: 7, gap: false }]);
    });
  });
});
