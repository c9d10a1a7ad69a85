import assert from 'node:assert/strict';
import { selectPage } from '#ui/browser/timeline/select-page.js';
import { entry, left } from '../../shared/entries.js';

const entries = Array.from({ length: 250 }, (_, i) => entry(250 - i, left(i % 2 === 0 ? 'even' : 'odd')));

function firstAndLast({ entries }: ReturnType<typeof selectPage>) {
  return [entries[0]?.n, entries.at(-1)?.n];
}

describe('a page of the timeline', () => {
  it('has at most 100 entries, and the number at which the next one begins', () => {
    const page = selectPage(entries, Infinity);
    assert.deepEqual(firstAndLast(page), [250, 151]);
    assert.equal(page.next, 150);
  });

  it('leads to the oldest entry', () => {
    const page = selectPage(entries, 50);
    assert.deepEqual(firstAndLast(page), [50, 1]);
    assert.equal(page.next, undefined);
  });

  it('is empty when all entries are newer', () => {
    assert.deepEqual(selectPage(entries, 0), { entries: [], next: undefined });
    assert.deepEqual(selectPage([], Infinity), { entries: [], next: undefined });
  });
});
