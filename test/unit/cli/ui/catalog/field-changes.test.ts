import assert from 'node:assert/strict';
import { fieldChanges } from '#src/cli/ui/catalog/field-changes.js';
import type { EndpointRow, Json } from '#src/cli/ui/protocol/index.js';

const rowOf = (row: Partial<EndpointRow> = {}): EndpointRow => ({
  ...{ key: 'a/b', service: 'a', id: 'b', addr: 'h:1', weight: 1 },
  ...{ createRevision: '1', modRevision: '1', firstSeen: 0, preexisting: false },
  ...row,
});
const metadataChanges = (before: Json | undefined, after: Json | undefined) =>
  fieldChanges(rowOf({ metadata: before }), rowOf({ metadata: after }));

describe('fieldChanges()', () => {
  it('lists everything of a new record', () => {
    const row = rowOf({ lease: '1f', metadata: { zone: 'a', labels: { tier: 1 }, tags: ['x'] } });
    assert.deepEqual(fieldChanges(undefined, row), [
      { path: 'addr', after: '"h:1"' },
      { path: 'lease', after: '"1f"' },
      { path: 'metadata.zone', after: '"a"' },
      { path: 'metadata.labels.tier', after: '1' },
      { path: 'metadata.tags', after: '["x"]' },
    ]);
  });

  it('lists what was changed, added and removed', () => {
    const before = { same: { deep: [1] }, weight: 1, old: null, part: { a: 1 } };
    const after = { same: { deep: [1] }, weight: 2, new: false, part: 'text' };
    assert.deepEqual(metadataChanges(before, after), [
      { path: 'metadata.weight', before: '1', after: '2' },
      { path: 'metadata.old', before: 'null' },
      { path: 'metadata.part', before: '{"a":1}', after: '"text"' },
      { path: 'metadata.new', after: 'false' },
    ]);
    assert.deepEqual(fieldChanges(rowOf({ addr: 'h:1' }), rowOf({ addr: 'h:2', lease: '1f' })), [
      { path: 'addr', before: '"h:1"', after: '"h:2"' },
      { path: 'lease', after: '"1f"' },
    ]);
  });

  it('distinguishes no metadata from an empty object', () => {
    assert.deepEqual(metadataChanges(undefined, {}), [{ path: 'metadata', after: '{}' }]);
    assert.deepEqual(metadataChanges({ a: 1 }, {}), [{ path: 'metadata.a', before: '1' }]);
  });

  it('compares members with the names of object members', () => {
    const hostile = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as Json;
    assert.deepEqual(metadataChanges({}, hostile), [
      { path: 'metadata.__proto__.a', after: '1' },
      { path: 'metadata.constructor', after: '2' },
    ]);
  });

  it('is bounded in number, depth and length', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`${i}${'n'.repeat(500)}`, 'v'.repeat(500)]),
    );
    const changes = metadataChanges(undefined, many);
    assert.equal(changes.length, 50);
    for (const { path, after = '' } of changes) assert.deepEqual([path.length, after.length], [200, 200]);
    let deep: Json = 1;
    for (let i = 0; i < 30; i++) deep = { a: deep };
    const [change] = metadataChanges(undefined, deep);
    assert.equal(change?.path, 'metadata.a.a.a.a.a.a');
  });

  it('compares the size and the traits of large metadata', () => {
    const [before, after] = [rowOf({ large: 5_000 }), rowOf({ large: 6_000, zone: 'b', weight: 2 })];
    assert.deepEqual(fieldChanges(before, after), [
      { path: 'metadata.weight', before: '1', after: '2' },
      { path: 'metadata.(bytes)', before: '5000', after: '6000' },
      { path: 'metadata.zone', after: '"b"' },
    ]);
  });
});
