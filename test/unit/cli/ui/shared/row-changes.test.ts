import assert from 'node:assert/strict';
import type { EndpointRow } from '#src/cli/ui/protocol/index.js';
import { rowChanges } from '#src/cli/ui/shared/index.js';

const rowOf = (row: Partial<EndpointRow> = {}): EndpointRow => ({
  ...{ key: 'a/b', service: 'a', id: 'b', addr: 'h:1', weight: 1 },
  ...{ createRevision: '1', modRevision: '1', firstSeen: 0, preexisting: false },
  ...row,
});

describe('rowChanges()', () => {
  it('lists everything of a new record', () => {
    assert.deepEqual(rowChanges(undefined, rowOf({ lease: '1f', metadata: { zone: 'a' } })), [
      { path: 'addr', after: '"h:1"' },
      { path: 'lease', after: '"1f"' },
      { path: 'metadata.zone', after: '"a"' },
    ]);
  });

  it('has the problem instead of the address for a value that is not an endpoint', () => {
    const unreadable = rowOf({ addr: '', problem: 'it is not JSON' });
    assert.deepEqual(rowChanges(rowOf(), unreadable), [
      { path: 'addr', before: '"h:1"' },
      { path: 'problem', after: '"it is not JSON"' },
    ]);
  });

  it('is empty for the same content in another version', () => {
    const row = { metadata: { zone: 'a', tags: [] } };
    assert.deepEqual(rowChanges(rowOf(row), rowOf({ ...row, modRevision: '9' })), []);
  });

  it('has metadata that became too large as a whole', () => {
    const changes = rowChanges(rowOf({ metadata: 1 }), rowOf({ large: 5_000 }));
    assert.deepEqual(changes, [{ path: 'metadata', before: '1', after: '{"weight":1,"bytes":5000}' }]);
  });

  it('compares the size and the traits of large metadata', () => {
    const [before, after] = [rowOf({ large: 5_000 }), rowOf({ large: 6_000, zone: 'b', weight: 2 })];
    const changes = rowChanges(before, after);
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
