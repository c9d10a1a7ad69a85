import assert from 'node:assert/strict';
import type { TimelineFilter } from '#ui/protocol/index.js';
import { matcher } from '#ui/shared/index.js';
import { changed, entry, left } from './entries.js';

const entries = [
  entry(4, { type: 'etcd-away', error: 'connection refused' }),
  entry(3, left('e1', 'lease-ended'), 'pay'),
  entry(2, left('e2'), 'pay'),
  entry(1, changed('e1', 'metadata.zone', '"eu-1"', '"EU-2"'), 'shop'),
];

function shown(filter: TimelineFilter): number[] {
  return entries.filter(matcher(filter)).map(({ n }) => n);
}

describe('the filter of the timeline', () => {
  it('shows all without a kind or a text', () => {
    assert.deepEqual(shown({}), [4, 3, 2, 1]);
    assert.deepEqual(shown({ text: '  ' }), [4, 3, 2, 1]);
  });

  it('shows the entries of the chosen kinds', () => {
    assert.deepEqual(shown({ types: ['left'] }), [3, 2]);
    assert.deepEqual(shown({ types: ['etcd', 'changed'] }), [4, 1]);
  });

  it('shows the entries of one record', () => {
    assert.deepEqual(shown({ key: 'pay/e1' }), [3, 1]);
  });

  it('finds words in services, ids, reasons, errors and changed values, in any order and case', () => {
    assert.deepEqual(shown({ text: 'LEASE e1' }), [3]);
    assert.deepEqual(shown({ text: 'eu-2 zone' }), [1]);
    assert.deepEqual(shown({ text: 'shop' }), [1]);
    assert.deepEqual(shown({ text: 'refused' }), [4]);
    assert.deepEqual(shown({ text: 'finding out' }), [2]);
    assert.deepEqual(shown({ text: 'e1 e2' }), []);
  });
});
