import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  contains,
  type KeyRange,
  namespaceKey,
  namespaceRange,
  stripPrefix,
  toWireRange,
} from '#src/model/index.js';
import { anyKey, anyPrefix, anyRange } from '../kv/arbitrary.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const show = (prefix: string, range: KeyRange) => {
  const { key, rangeEnd } = namespaceRange(hex(prefix), toWireRange(range));
  return `${key.toString('hex')} ${rangeEnd.toString('hex')}`;
};

describe('a range inside a namespace', () => {
  const b = hex('62');
  for (const [prefix, range, stored] of [
    ['612f', { key: b }, '612f62 '],
    ['612f', { key: b, rangeEnd: hex('64') }, '612f62 612f64'],
    ['612f', { prefix: b }, '612f62 612f63'],
    ['612f', { prefix: hex('') }, '612f00 6130'],
    ['612f', { prefix: hex('ff') }, '612fff 6130'],
    ['612f', { fromKey: b }, '612f62 6130'],
    ['61ff', { fromKey: b }, '61ff62 62'],
    ['ff', { fromKey: b }, 'ff62 00'],
    ['ffff', { prefix: hex('') }, 'ffff00 00'],
    ['', { fromKey: b }, '62 00'],
  ] as const) {
    it(`of prefix '${prefix}' is stored as '${stored}'`, () => {
      assert.equal(show(prefix, range), stored);
    });
  }

  it('contains the same keys as the range without the namespace, prefixed', () => {
    fc.assert(
      fc.property(anyPrefix, anyRange, anyKey, (prefix, range, key) => {
        const stored = namespaceRange(prefix, toWireRange(range));
        const expected = contains(toWireRange(range), key);
        assert.equal(contains(stored, namespaceKey(prefix, key)), expected);
        const own = stripPrefix(prefix, key);
        if (own === undefined) assert.equal(contains(stored, key), false, 'reaches outside');
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a stored key', () => {
  it('loses only the prefix', () => {
    fc.assert(
      fc.property(anyPrefix, anyKey, (prefix, key) => {
        assert.deepEqual(stripPrefix(prefix, namespaceKey(prefix, key)), key);
      }),
    );
  });

  it('outside the namespace has no stripped key, nor has the bare prefix', () => {
    for (const key of ['61', '612f', '6130', '622f62'])
      assert.equal(stripPrefix(hex('612f'), hex(key)), undefined);
    assert.deepEqual(stripPrefix(hex('612f'), hex('612f00')), hex('00'));
    assert.deepEqual(stripPrefix(hex(''), hex('61')), hex('61'));
  });
});
