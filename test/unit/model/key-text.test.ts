import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError } from '#src/errors/index.js';
import {
  compareKeys,
  isKeyText,
  keyBytes,
  keyText,
  printable,
  sortByKey,
  toWireRange,
} from '#src/model/index.js';

const hex = (text: string) => Buffer.from(text, 'hex');

/** Lead bytes, continuation bytes and their neighbours: plain random bytes rarely form a long sequence. */
const byte = fc.oneof(
  fc.constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xbd, 0xc0, 0xc1, 0xc2, 0xdf),
  fc.constantFrom(0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff),
  fc.integer({ min: 0, max: 255 }),
);
const anyKey = fc.oneof(
  fc.array(byte, { maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)),
);

/** The results of Python's `bytes.decode('utf-8', 'surrogateescape')`. */
const known: readonly [bytes: string, text: string][] = [
  ['', ''],
  ['636166c3a9', 'café'],
  ['efbfbd', '\ufffd'],
  ['efbbbf61', '\ufeffa'],
  ['f09f9880', '\u{1f600}'],
  ['ff', '\udcff'],
  ['80', '\udc80'],
  ['c328', '\udcc3('],
  ['c080', '\udcc0\udc80'],
  ['eda080', '\udced\udca0\udc80'],
  ['e282', '\udce2\udc82'],
  ['f0808080', '\udcf0\udc80\udc80\udc80'],
  ['f4908080', '\udcf4\udc90\udc80\udc80'],
  ['61ffefbfbdc3a9fe', 'a\udcff\ufffdé\udcfe'],
];

describe('the text of a key', () => {
  for (const [bytes, text] of known) {
    it(`is ${JSON.stringify(text)} for the bytes '${bytes}'`, () => {
      assert.equal(keyText(hex(bytes)), text);
      assert.equal(keyBytes(text).toString('hex'), bytes);
    });
  }

  it('converts back to the same bytes, also through JSON, and is the plain text of UTF-8', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const text = keyText(key);
        assert.ok(keyBytes(text).equals(key));
        assert.ok(isKeyText(text));
        assert.equal(JSON.parse(JSON.stringify(text)), text);
        if (Buffer.from(key.toString()).equals(key)) assert.equal(text, key.toString());
      }),
      { numRuns: 5_000 },
    );
  });

  it('is accepted in place of a key', () => {
    assert.deepEqual(toWireRange('svc/\udcff').key, Buffer.from('svc/\xff', 'latin1'));
    const prefix = toWireRange({ prefix: 'svc/\udcff' });
    assert.deepEqual(prefix, { key: Buffer.from('svc/\xff', 'latin1'), rangeEnd: Buffer.from('svc0') });
  });

  it('is rejected with any other half of a surrogate pair', () => {
    for (const text of ['\ud800', 'a\udbff', '\udc00', '\udc7f', '\udd00', '\udcff\udfff']) {
      assert.equal(isKeyText(text), false);
      assert.throws(() => toWireRange(text), InvalidInputError);
      assert.throws(() => toWireRange({ prefix: text }), /half of a surrogate pair/);
    }
  });

  it('does not escape bytes that are well-formed UTF-8', () => {
    assert.equal(isKeyText('\udcc3\udca9'), false);
    assert.equal(keyText(keyBytes('\udcc3\udca9')), 'é');
  });

  it('is printed as in JSON', () => {
    assert.equal(printable(hex('61ff0a')), 'a\\udcff\\n');
  });
});

describe('keys', () => {
  it('are sorted by their bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { selector: (key) => key.toString('hex') }), (keys) => {
        const sorted = sortByKey(keys.map((key) => ({ key: keyText(key) })));
        assert.deepEqual(
          sorted.map(({ key }) => keyBytes(key)),
          [...keys].sort(Buffer.compare),
        );
      }),
    );
  });

  it('are compared in the order of their bytes', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        assert.equal(Math.sign(compareKeys(keyText(a), keyText(b))), Buffer.compare(a, b));
      }),
    );
  });
});
