import assert from 'node:assert/strict';
import { omittedHints } from '#ui/browser/services/omitted-hints.js';

describe('the hint on records that are not shown', () => {
  it('has their number', () => {
    assert.deepEqual(omittedHints(0), []);
    assert.deepEqual(omittedHints(1), ['1 record with a key longer than 4 kB is not shown.']);
    assert.deepEqual(omittedHints(12), ['12 records with keys longer than 4 kB are not shown.']);
  });
});
