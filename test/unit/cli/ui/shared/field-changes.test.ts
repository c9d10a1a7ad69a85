import assert from 'node:assert/strict';
import { fieldChanges, jsonStart } from '#src/cli/ui/shared/index.js';
import type { JsonValue } from '#src/index.js';

const record = (metadata?: JsonValue, addr = 'a:1', lease?: string) => ({ addr, metadata, lease });
const pathsOf = (before: JsonValue | undefined, after: JsonValue | undefined) =>
  fieldChanges(record(before), record(after)).map(({ path }) => path);
const nested = (depth: number, end: string) =>
  JSON.parse(`${'['.repeat(depth)}${end}${']'.repeat(depth)}`) as JsonValue;

describe('fieldChanges', () => {
  it('names the address, the lease and the parts of the metadata, with both values as JSON', () => {
    const before = record({ weight: 1, labels: { zone: 'a', rack: 'r' } }, 'a:1', '0000000000000010');
    const after = record({ labels: { zone: 'b', rack: 'r' }, tags: ['x'] }, 'b:1');
    assert.deepEqual(fieldChanges(before, after), [
      { path: 'addr', before: '"a:1"', after: '"b:1"' },
      { path: 'lease', before: '"0000000000000010"' },
      { path: 'metadata.weight', before: '1' },
      { path: 'metadata.labels.zone', before: '"a"', after: '"b"' },
      { path: 'metadata.tags', after: '["x"]' },
    ]);
  });

  it('names each part of a new record', () => {
    assert.deepEqual(fieldChanges(undefined, record({ a: { b: 1 }, c: {} })), [
      { path: 'addr', after: '"a:1"' },
      { path: 'metadata.a.b', after: '1' },
      { path: 'metadata.c', after: '{}' },
    ]);
  });

  it('finds nothing in equal metadata, whatever the order of its members', () => {
    assert.deepEqual(pathsOf({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 }), []);
    assert.deepEqual(pathsOf(null, undefined), []);
  });

  it('compares lists item by item only if they have the same length', () => {
    assert.deepEqual(pathsOf({ a: [1, 2] }, { a: [1, 3] }), ['metadata.a[1]']);
    assert.deepEqual(pathsOf({ a: [1, 2] }, { a: [1, 2, 3] }), ['metadata.a']);
  });

  it('compares what is not an object as a whole', () => {
    assert.deepEqual(pathsOf('x', { a: 1 }), ['metadata']);
    assert.deepEqual(pathsOf({ a: { b: 1 } }, { a: null }), ['metadata.a']);
  });

  it('quotes names that are not words', () => {
    const paths = pathsOf({}, { 'a.b': 1, '': 2, '<b>': 3 });
    assert.deepEqual(paths, ['metadata["a.b"]', 'metadata[""]', 'metadata["<b>"]']);
  });

  it('takes __proto__ and constructor for names as others', () => {
    const hostile = JSON.parse('{"__proto__":{"x":1},"constructor":2}') as JsonValue;
    assert.deepEqual(pathsOf({}, hostile), ['metadata.__proto__.x', 'metadata.constructor']);
  });

  it('finds at most 50 differences', () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, i]));
    assert.equal(pathsOf(many, {}).length, 50);
  });

  it('compares values that are nested deeper than the stack', () => {
    assert.deepEqual(pathsOf(nested(100_000, '1'), nested(100_000, '1')), []);
    const [change, ...others] = fieldChanges(record(nested(100_000, '1')), record(nested(100_000, '2')));
    assert.deepEqual(others, []);
    assert.equal(change?.path, `metadata${'[0]'.repeat(16)}`);
    assert.equal(change?.before?.length, 200);
  });

  it('names what has changed at many places below the last named level once', () => {
    const deep = (end: JsonValue) => JSON.parse(`${'['.repeat(20)}${JSON.stringify(end)}${']'.repeat(20)}`);
    assert.deepEqual(pathsOf(deep([1, 2, { a: 3 }]), deep([2, 3, { b: 3 }])), [
      `metadata${'[0]'.repeat(16)}`,
    ]);
    assert.deepEqual(pathsOf(deep([1, { a: {}, b: [] }]), deep([1, { b: [], a: {} }])), []);
  });

  it('compares more members than a call may have arguments', () => {
    const list = (end: number) => [...Array.from({ length: 400_000 }, () => 0), end];
    assert.deepEqual(pathsOf({ list: list(1) }, { list: list(2) }), ['metadata.list[400000]']);
  });

  it('cuts long names and values', () => {
    const long = 'x'.repeat(1_000_000);
    const [change] = fieldChanges(record({}), record({ [long]: long }));
    assert.deepEqual([change?.path.length, change?.after?.length], [200, 200]);
  });
});

describe('jsonStart', () => {
  it('is the JSON of a value that is short enough', () => {
    const value = { a: [1, null, true, { b: 'x"y' }], c: [], d: {}, '\ud800': '\u202e\ud800' };
    assert.equal(jsonStart(value, 200), JSON.stringify(value));
  });

  it('ends with an ellipsis at the limit', () => {
    assert.equal(jsonStart('abcdefgh', 6), '"abcd…');
    assert.equal(jsonStart('abcd', 6), '"abcd"');
  });
});
