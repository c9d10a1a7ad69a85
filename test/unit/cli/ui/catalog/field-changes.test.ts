import assert from 'node:assert/strict';
import { fieldChanges } from '#src/cli/ui/catalog/field-changes.js';
import type { EndpointRow } from '#src/cli/ui/protocol/index.js';

const rowOf = (row: Partial<EndpointRow> = {}): EndpointRow => ({
  ...{ key: 'a/b', service: 'a', id: 'b', addr: 'h:1', weight: 1 },
  ...{ createRevision: '1', modRevision: '1', firstSeen: 0, preexisting: false },
  ...row,
});

describe('fieldChanges()', () => {
  it('lists everything of a new record', () => {
    assert.deepEqual(fieldChanges(undefined, rowOf({ lease: '1f', metadata: { zone: 'a' } })), [
      { path: 'addr', after: '"h:1"' },
      { path: 'lease', after: '"1f"' },
      { path: 'metadata.zone', after: '"a"' },
    ]);
  });

  it('has no address for a value that is not an endpoint', () => {
    const unreadable = rowOf({ addr: '', problem: 'it is not JSON' });
    assert.deepEqual(fieldChanges(rowOf(), unreadable), [{ path: 'addr', before: '"h:1"' }]);
  });

  it('compares the size and the traits of large metadata', () => {
    const [before, after] = [rowOf({ large: 5_000 }), rowOf({ large: 6_000, zone: 'b', weight: 2 })];
    const changes = fieldChanges(before, after);
    assert.deepEqual(changes.map(({ path }) => path).sort(), [
      'metadata.bytes',
      'metadata.weight',
      'metadata.zone',
    ]);
    assert.deepEqual(
      changes.find(({ path }) => path === 'metadata.bytes'),
      {
        path: 'metadata.bytes',
        before: '5000',
        after: '6000',
      },
    );
  });
});
