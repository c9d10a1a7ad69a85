import assert from 'node:assert/strict';
import { mergeEntries } from '#ui/browser/timeline/merge.js';
import { entry, left } from '../../shared/entries.js';

describe('merging entries of the timeline', () => {
  const [e1, e2, e3, e4] = [1, 2, 3, 4].map((n) => entry(n, left(`e${n}`, 'deleted')));

  it('keeps the newest first, and one of each number', () => {
    assert.deepEqual(mergeEntries([e4!, e2!], [e3!, e2!, e1!]), [e4, e3, e2, e1]);
    assert.deepEqual(mergeEntries([], [e2!, e1!]), [e2, e1]);
    assert.deepEqual(mergeEntries([e2!, e1!], []), [e2, e1]);
  });

  it('keeps the entry with the reason, from either list', () => {
    const undecided = entry(2, left('e2'));
    assert.deepEqual(mergeEntries([e2!], [undecided]), [e2]);
    assert.deepEqual(mergeEntries([undecided], [e2!]), [e2]);
    assert.deepEqual(mergeEntries([undecided], [undecided]), [undecided]);
  });
});
