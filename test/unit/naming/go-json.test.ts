import assert from 'node:assert/strict';
import { type JsonValue, NamingError } from '#src/naming/index.js';
import { goJson } from '#src/naming/json/go-json.js';

const refused = (value: unknown, message: RegExp) =>
  assert.throws(
    () => goJson(value as JsonValue),
    (error) => {
      assert.ok(error instanceof NamingError, `not a NamingError: ${error}`);
      assert.match(error.message, message);
      return true;
    },
  );

describe('metadata that is not JSON', () => {
  for (const [name, value, message] of [
    ['NaN', Number.NaN, /contains NaN/],
    ['infinity', Number.POSITIVE_INFINITY, /contains Infinity/],
    ['minus infinity, deep inside', { a: [{ b: Number.NEGATIVE_INFINITY }] }, /contains -Infinity/],
    ['a bigint', 1n, /contains a bigint/],
    ['a function', () => 1, /contains a function/],
    ['a symbol', Symbol('s'), /contains a symbol/],
    ['a date', new Date(0), /contains a Date, not plain data/],
    ['a map', { a: new Map() }, /contains a Map, not plain data/],
    ['a buffer', Buffer.from('x'), /contains a Buffer, not plain data/],
    ['an instance of a class', new (class Weight {})(), /contains a Weight, not plain data/],
    ['an object with an odd prototype', Object.create(Object.create(null)), /not plain data/],
  ] as const) {
    it(`is rejected: ${name}`, () => refused(value, message));
  }

  it('is rejected if it contains itself', () => {
    const list: unknown[] = [];
    list.push({ list });
    refused(list, /contains itself/);
  });

  it('is rejected above the nesting limit of readers, and accepted at the limit', () => {
    const nested = (levels: number) => {
      let value: JsonValue = 0;
      for (let level = 0; level < levels; level++) value = [value];
      return value;
    };
    assert.equal(goJson(nested(9_999)), `${'['.repeat(9_999)}0${']'.repeat(9_999)}`);
    refused(nested(10_000), /deeper than 9999/);
    refused(nested(100_000), /deeper than 9999/);
  });
});

describe('metadata with several representations in JavaScript', () => {
  it('omits undefined members of objects, and writes null for undefined in lists', () => {
    assert.equal(goJson({ b: undefined, a: 1 }), '{"a":1}');
    assert.equal(goJson([1, undefined] as unknown as JsonValue), '[1,null]');
  });

  it('accepts an object without a prototype', () => {
    assert.equal(goJson(Object.assign(Object.create(null), { b: 1, a: 2 })), '{"a":2,"b":1}');
  });

  it('accepts one object in two places', () => {
    const zone = { name: 'eu' };
    assert.equal(goJson({ a: zone, b: zone }), '{"a":{"name":"eu"},"b":{"name":"eu"}}');
  });

  it('writes null for the holes of a list', () => {
    // biome-ignore lint/suspicious/noSparseArray: the test needs the hole
    assert.equal(goJson([1, , 3] as unknown as JsonValue), '[1,null,3]');
  });
});
