import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyValue } from '#src/gen/etcd/kv.js';
import { KVService, RangeResponse } from '#src/gen/etcd/rpc.js';
import { decodeAnswer } from '#src/wire/answer/decode.js';
import { range } from '#src/wire/codec/kv-answers.js';
import { comparedDecoders, sameDecoding } from '../../../support/answers/same-decoding.js';

describe('the decoder of answers', () => {
  for (const decoder of comparedDecoders) {
    it(`to ${decoder.name} returns the same values as the generated one, or refuses what that refuses`, () => {
      const outcomes = { accepted: 0, refused: 0 };
      const { runs = 4_000 } = decoder;
      fc.assert(sameDecoding(decoder, outcomes), { numRuns: runs });
      assert.ok(Math.min(outcomes.accepted, outcomes.refused) > runs / 40, JSON.stringify(outcomes));
    });
  }

  it('returns whole keys and values, wherever a piece of 8 KiB ends', () => {
    for (let size = 0; size < 1_100; size++) {
      const value = Buffer.alloc(size, size);
      const kv = KeyValue.fromPartial({ key: Buffer.from('key'), value, createRevision: 1, modRevision: 2 });
      const count = Math.ceil(9_000 / (size + 10));
      const bytes = KVService.range.responseSerialize(
        RangeResponse.fromPartial({ kvs: Array.from({ length: count }, () => kv) }),
      );
      const found = decodeAnswer(range, bytes, 4 * 1024 * 1024).kvs;
      assert.equal(found.length, count);
      assert.ok(
        found.every((one) => one.key.equals(kv.key) && one.value.equals(value)),
        `values of ${size} bytes`,
      );
    }
  });

  it('returns bytes that keep at most 8 KiB or their own message in memory', () => {
    const sizes = [1, 700, 1_000, 5_000, 100_000, 3, 20];
    const kvs = sizes.map((size, i) =>
      KeyValue.fromPartial({
        key: Buffer.from(`k${i}`),
        value: Buffer.alloc(size, i),
        createRevision: 1,
        modRevision: 2,
      }),
    );
    const bytes = KVService.range.responseSerialize(RangeResponse.fromPartial({ kvs }));
    const found = decodeAnswer(range, bytes, 1024 * 1024).kvs;
    for (const [i, { key, value }] of found.entries()) {
      assert.equal(String(key), `k${i}`);
      const kept = Math.max(key.buffer.byteLength, value.buffer.byteLength);
      assert.ok(kept <= Math.max(8_192, value.length + 100), `${kept} for ${value.length}`);
      assert.notEqual(value.buffer, bytes.buffer);
    }
  });
});
