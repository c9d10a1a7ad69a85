import assert from 'node:assert/strict';
import { rowChanges } from '#ui/browser/actions/row-changes.js';
import { endpointRow } from './rows.js';

describe('the differences of two versions of a record', () => {
  it('are those of its fields and of its metadata', () => {
    const after = endpointRow({
      addr: '10.0.0.2:80',
      lease: undefined,
      metadata: { zone: 'eu-2', labels: ['a'], weight: 2 },
    });
    assert.deepEqual(rowChanges(endpointRow(), after), [
      { path: 'addr', before: '"10.0.0.1:80"', after: '"10.0.0.2:80"' },
      { path: 'lease', before: '"6f"', after: undefined },
      { path: 'metadata.zone', before: '"eu-1"', after: '"eu-2"' },
      { path: 'metadata.labels', before: undefined, after: '["a"]' },
    ]);
  });

  it('are none for the same content', () => {
    assert.deepEqual(rowChanges(endpointRow(), endpointRow({ modRevision: '9' })), []);
  });

  it('include metadata that are not an object, and names of the prototype', () => {
    const metadata = JSON.parse('{"__proto__":{"a":1},"toString":2}');
    assert.deepEqual(rowChanges(endpointRow({ metadata: 1 }), endpointRow({ metadata })), [
      { path: 'metadata', before: '1', after: undefined },
      { path: 'metadata.__proto__', before: undefined, after: '{"a":1}' },
      { path: 'metadata.toString', before: undefined, after: '2' },
    ]);
  });

  it('are cut', () => {
    const [change] = rowChanges(endpointRow(), endpointRow({ addr: 'x'.repeat(1_000) }));
    assert.equal(change?.after?.length, 201);
  });
});
