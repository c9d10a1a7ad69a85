import assert from 'node:assert/strict';
import { countText, emptyText, endText } from '#ui/browser/timeline/extent-text.js';
import { emptyHistory } from '#ui/browser/timeline/history-state.js';
import { entry, left } from '../../shared/entries.js';

const all = { of: 'all', isFiltered: false } as const;
const record = { of: 'record', isFiltered: true } as const;
const service = { of: 'service', isFiltered: false } as const;
const state = { ...emptyHistory, entries: [entry(2, left('a')), entry(1, left('b'))] };

describe('what the timeline says about its extent', () => {
  it('is how many entries are shown, of which and of how many', () => {
    assert.equal(countText(2, state, all), '2 entries');
    assert.equal(countText(1, state, all), '1 of 2 loaded entries');
    assert.equal(countText(2, state, record), '2 entries of this record matching the filter');
  });

  it('is that these are all, unless there may be more', () => {
    assert.match(endText(state, service), /all since the command started/);
    assert.equal(endText({ ...state, next: 1 }, service), '');
    assert.equal(endText({ ...state, loading: true }, service), '');
    assert.equal(endText(state, record), '');
  });

  it('is that entries were dropped, where some may have been', () => {
    assert.match(endText({ ...state, dropped: 7 }, all), /dropped 7\./);
    assert.match(endText({ ...state, dropped: 7 }, service), /up to 7 of this service/);
  });

  it('is why there is no entry', () => {
    assert.match(emptyText(emptyHistory, all), /^Nothing has happened since/);
    assert.match(emptyText({ ...emptyHistory, dropped: 1 }, all), /^There is no entry/);
    assert.match(emptyText({ ...emptyHistory, loading: true }, record), /^Searching/);
    assert.match(emptyText(emptyHistory, record), /^No entry passes the filter\.$/);
  });
});
