import assert from 'node:assert/strict';
import { mapOf } from '#src/codecs/go-micro-nodes.js';
import { fromStringMap, metadataMembers, readStringMap, toStringMap } from '#src/codecs/string-metadata.js';
import { EndpointDecodeError, type JsonValue, NamingError } from '#src/naming/index.js';

describe('a string map that is read', () => {
  it('is what Go reads into a map[string]string', () => {
    assert.deepEqual(readStringMap('metadata', { a: '1', b: null }), { a: '1', b: '' });
    assert.deepEqual(readStringMap('metadata', null, { a: '1' }), {});
    assert.deepEqual(readStringMap('metadata', { b: '2' }, { a: '1', b: '1' }), { a: '1', b: '2' });
  });

  it('is not copied for a repeated member, which would take quadratic time', () => {
    const map = readStringMap('metadata', { a: '1' });
    assert.equal(readStringMap('metadata', { b: '2' }, map), map);
    assert.equal(mapOf({ c: '3' }, map), map);
    assert.deepEqual(map, { a: '1', b: '2', c: '3' });
  });

  it('keeps the name __proto__', () => {
    const read = readStringMap('metadata', JSON.parse('{"__proto__":"x"}') as JsonValue, { a: '1' });
    assert.equal(JSON.stringify(fromStringMap(read)), '{"a":"1","__proto__":"x"}');
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
  });

  for (const value of ['a', 7, true, [], ['a'], { a: 7 }, { a: false }, { a: {} }, { a: [] }] as JsonValue[])
    it(`is an error if it is ${JSON.stringify(value)}`, () => {
      assert.throws(() => readStringMap('tags', value), EndpointDecodeError);
    });
});

describe('metadata from a string map', () => {
  it('has the weight as a number, and everything else as text', () => {
    assert.deepEqual(fromStringMap({ weight: '10', zone: 'a', port: '9' }), {
      weight: 10,
      zone: 'a',
      port: '9',
    });
    assert.deepEqual(fromStringMap({ weight: '0.5' }), { weight: 0.5 });
  });

  for (const weight of ['', ' 1', '-1', '1e3', '0x10', 'heavy', 'NaN', '1'.repeat(400)])
    it(`has the weight as text if it is ${weight.slice(0, 20)}`, () => {
      assert.deepEqual(fromStringMap({ weight }), { weight });
    });
});

describe('a string map from metadata', () => {
  it('has numbers and booleans as text, and no undefined values', () => {
    const map = toStringMap({ weight: 3, hidden: undefined, tls: true, zone: 'a', part: 0.5 }, 'kratos');
    assert.deepEqual(map, { weight: '3', tls: 'true', zone: 'a', part: '0.5' });
  });

  for (const value of [null, [], {}, [1], { a: 1 }, Number.NaN, Number.POSITIVE_INFINITY] as JsonValue[])
    it(`is refused for ${JSON.stringify(value)}`, () => {
      assert.throws(() => toStringMap({ value }, 'kratos'), NamingError);
    });

  for (const metadata of ['a', 7, true, [], new Date(0)])
    it(`is refused for metadata that is ${JSON.stringify(metadata)}`, () => {
      assert.throws(() => metadataMembers(metadata as JsonValue, 'kratos'), NamingError);
    });

  it('is empty without metadata', () => {
    assert.deepEqual(metadataMembers(undefined, 'kratos'), {});
    assert.deepEqual(metadataMembers(null, 'kratos'), {});
  });
});
