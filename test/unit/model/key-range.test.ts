import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError } from '#src/errors/index.js';
import {
  compareBytes,
  contains,
  type KeyRange,
  keyAfter,
  prefixEnd,
  printable,
  toBuffer,
  toWireRange,
} from '#src/model/index.js';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('a range of keys', () => {
  describe('given as one key', () => {
    it('has no end', () => {
      for (const range of ['k', Buffer.from('k'), Uint8Array.of(0x6b), { key: 'k' }]) {
        assert.deepEqual(toWireRange(range), { key: Buffer.from('k'), rangeEnd: Buffer.alloc(0) });
      }
    });

    it('is rejected when empty', () => {
      for (const range of ['', Buffer.alloc(0), { key: '' }]) {
        assert.throws(
          () => toWireRange(range),
          (error: Error) => {
            assert.ok(error instanceof InvalidInputError);
            assert.match(error.message, /the key is empty/);
            return true;
          },
        );
      }
    });
  });

  describe('given as a prefix', () => {
    const ends: readonly (readonly [prefix: string, end: string])[] = [
      ['61', '62'],
      ['666f6f2f', '666f6f30'],
      ['00', '01'],
      ['61ff', '62'],
      ['61ffff', '62'],
      ['61ff00', '61ff01'],
      ['fe', 'ff'],
      ['ff', '00'],
      ['ffff', '00'],
      ['', '00'],
    ];
    for (const [prefix, end] of ends) {
      it(`of bytes '${prefix}' ends before '${end}'`, () => {
        assert.equal(prefixEnd(hex(prefix)).toString('hex'), end);
      });
    }

    it('that is empty contains every key', () => {
      assert.deepEqual(toWireRange({ prefix: '' }), { key: hex('00'), rangeEnd: hex('00') });
    });

    it('does not change the given bytes', () => {
      const prefix = hex('61ff');
      toWireRange({ prefix });
      assert.equal(prefix.toString('hex'), '61ff');
    });

    const bytes = (minLength: number) =>
      fc
        .array(fc.oneof(fc.constantFrom(0x00, 0x01, 0x61, 0xfe, 0xff), fc.integer({ min: 0, max: 255 })), {
          minLength,
          maxLength: 6,
        })
        .map((array) => Buffer.from(array));

    it('contains exactly the keys that start with it', () => {
      fc.assert(
        fc.property(bytes(0), bytes(1), fc.boolean(), (prefix, other, under) => {
          const key = under ? Buffer.concat([prefix, other]) : other;
          const startsWith = key.subarray(0, prefix.length).equals(prefix);
          assert.equal(contains(toWireRange({ prefix }), key), startsWith);
        }),
        { numRuns: 3_000 },
      );
    });
  });

  describe('given from a key on', () => {
    it('ends with the single zero byte that etcd reads as "no end"', () => {
      assert.deepEqual(toWireRange({ fromKey: 'b' }), { key: Buffer.from('b'), rangeEnd: hex('00') });
      assert.deepEqual(toWireRange({ fromKey: '' }), { key: hex('00'), rangeEnd: hex('00') });
    });

    it('contains that key and all keys after it', () => {
      const range = toWireRange({ fromKey: 'b' });
      assert.equal(contains(range, Buffer.from('a')), false);
      assert.equal(contains(range, Buffer.from('b')), true);
      assert.equal(contains(range, hex('ff')), true);
    });
  });

  describe('given by start and end', () => {
    it('includes the start and excludes the end', () => {
      const range = toWireRange({ key: 'b', rangeEnd: 'd' });
      const inside = ['a', 'b', 'c', 'cz', 'd'].filter((key) => contains(range, Buffer.from(key)));
      assert.deepEqual(inside, ['b', 'c', 'cz']);
    });

    it('may start at the first key', () => {
      assert.deepEqual(toWireRange({ key: '', rangeEnd: 'd' }).key, hex('00'));
    });

    it('reads a zero byte as "no end", as etcd does', () => {
      assert.equal(contains(toWireRange({ key: 'b', rangeEnd: hex('00') }), hex('ff')), true);
    });

    it('is rejected with both ends in the error when the end is not after the start', () => {
      for (const [key, rangeEnd] of [
        ['b', 'b'],
        ['b', 'a'],
        ['b', ''],
      ] as const) {
        assert.throws(
          () => toWireRange({ key, rangeEnd }),
          (error: Error) => {
            assert.ok(error instanceof InvalidInputError);
            assert.ok(error.message.includes(`'${key}' is not before '${rangeEnd}'`), error.message);
            return true;
          },
        );
      }
    });
  });
});

describe('a range in two forms, or in none', () => {
  for (const [range, text] of [
    [{ prefix: 'a', fromKey: 'b' }, /has prefix, fromKey;/],
    [{ key: 'a', prefix: 'b' }, /has key, prefix;/],
    [{ prefix: 'a', rangeEnd: 'b' }, /has prefix, rangeEnd;/],
    [{ fromKey: 'a', rangeEnd: 'b' }, /has fromKey, rangeEnd;/],
    [{ rangeEnd: 'b' }, /has rangeEnd;/],
    [{}, /has nothing;/],
    [null, /the range is null;/],
    [5, /the range is 5;/],
  ] as const) {
    it(`is rejected with its members in the error: ${JSON.stringify(range)}`, () => {
      assert.throws(
        () => toWireRange(range as unknown as KeyRange),
        (error: Error) => error instanceof InvalidInputError && text.test(error.message),
      );
    });
  }
});

describe('the key after a key', () => {
  it('is the next one in byte order', () => {
    for (const bytes of ['61', '00', 'ff', '61ff'])
      assert.equal(keyAfter(hex(bytes)).toString('hex'), `${bytes}00`);
  });
});

describe('bytes', () => {
  it('are compared as Buffer.compare does, also if they differ late', () => {
    const anyBytes = fc
      .tuple(fc.constantFrom(0, 1, 63, 64, 65, 200), fc.uint8Array({ maxLength: 2 }))
      .map(([shared, rest]) => Buffer.concat([Buffer.alloc(shared, 0x80), rest]));
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        assert.equal(Math.sign(compareBytes(a, b)), a.compare(b));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of a string are its UTF-8 encoding', () => {
    assert.equal(toBuffer('é').toString('hex'), 'c3a9');
  });

  it('of a view are exactly the viewed bytes', () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    assert.deepEqual([...toBuffer(whole.subarray(1, 3))], [2, 3]);
  });

  it('are printed on one line, and cut when long', () => {
    assert.equal(printable('a\n"b"\0'), 'a\\n\\"b\\"\\u0000');
    assert.equal(printable('x'.repeat(500)), `${'x'.repeat(200)}…`);
  });
});
