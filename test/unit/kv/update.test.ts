import assert from 'node:assert/strict';
import { type Change, provesNotApplied } from '#src/kv/update/change.js';
import type { KeyValue } from '#src/model/index.js';

/** A key-value as it was read: created at 5, written three times. */
const read = kvWith({});

function kvWith(members: Partial<Omit<KeyValue, 'value'>> & { readonly value?: string }): KeyValue {
  const { value = 'old', ...rest } = members;
  return {
    key: Buffer.from('k'),
    value: Buffer.from(value),
    createRevision: 5n,
    modRevision: 9n,
    version: 3n,
    lease: 0n,
    ...rest,
  };
}

describe('what is found after a change whose answer was lost', () => {
  const put: Change = { type: 'put', value: Buffer.from('new') };
  const remove: Change = { type: 'delete' };
  const rows: readonly (readonly [
    what: string,
    kv: KeyValue | undefined,
    change: Change,
    found: KeyValue | undefined,
    proves: boolean,
    lease?: bigint,
  ])[] = [
    ['one more write of another value', read, put, kvWith({ version: 4n, value: 'x' }), true],
    ['one more write of the same value', read, put, kvWith({ version: 4n, value: 'new' }), false],
    ['the same value with another lease', read, put, kvWith({ version: 4n, value: 'new', lease: 7n }), true],
    [
      'the same value with the lease of the change',
      read,
      put,
      kvWith({ version: 4n, value: 'new', lease: 7n }),
      false,
      7n,
    ],
    ['two more writes', read, put, kvWith({ version: 5n, value: 'x' }), false],
    [
      'a key that was created again',
      read,
      put,
      kvWith({ version: 4n, createRevision: 11n, value: 'x' }),
      false,
    ],
    ['no key', read, put, undefined, false],
    ['a key where there was none', undefined, put, kvWith({ version: 1n, value: 'x' }), false],
    ['a key that still exists and should be deleted', read, remove, kvWith({ version: 9n }), true],
    [
      'a key that was created again and should be deleted',
      read,
      remove,
      kvWith({ createRevision: 11n }),
      false,
    ],
    ['no key, which should be deleted', read, remove, undefined, false],
  ];
  for (const [what, kv, change, found, proves, lease] of rows) {
    it(`${proves ? 'proves' : 'does not prove'} that it was not applied: ${what}`, () => {
      assert.equal(provesNotApplied(kv, change, found, lease), proves);
    });
  }
});
