import assert from 'node:assert/strict';
import { outcomeOf, type RecordChange } from '#src/cli/data/conditional-writes.js';
import type { KeyValue } from '#src/index.js';

const kv = (fields: Partial<KeyValue> = {}): KeyValue => ({
  key: Buffer.from('k'),
  value: Buffer.from('old'),
  ...{ createRevision: 5n, modRevision: 7n, version: 2n, lease: 9n, ...fields },
});
const put: RecordChange = { type: 'put', value: Buffer.from('new') };
const remove: RecordChange = { type: 'delete' };
const written = (fields: Partial<KeyValue> = {}) =>
  kv({ value: Buffer.from('new'), modRevision: 8n, version: 3n, ...fields });

describe('outcomeOf a write whose answer was lost', () => {
  const rows: readonly (readonly [string, RecordChange, KeyValue | undefined, string])[] = [
    ['the record as it was read', put, kv(), 'not-yet'],
    ['the record as it was read, after a removal', remove, kv(), 'not-yet'],
    ['the written value, one version later', put, written(), 'applied'],
    ['another value, one version later', put, written({ value: Buffer.from('x') }), 'not-applied'],
    ['another lease, one version later', put, written({ lease: 1n }), 'not-applied'],
    ['the written value, two versions later', put, written({ version: 4n, modRevision: 9n }), 'unknown'],
    ['a record that was created again', put, written({ createRevision: 8n, version: 1n }), 'unknown'],
    ['no record', put, undefined, 'unknown'],
    ['no record, after a removal', remove, undefined, 'unknown'],
    ['a later version of a record to remove', remove, written({ version: 9n }), 'not-applied'],
    ['a record that was created again, after a removal', remove, written({ createRevision: 8n }), 'unknown'],
  ];
  for (const [found, change, record, outcome] of rows)
    it(`is ${outcome} with ${found}`, () => {
      assert.equal(outcomeOf(kv(), change, record), outcome);
    });
});
