import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KVService, PutRequest, RangeRequest } from '#src/gen/etcd/rpc.js';
import { put, range } from '#src/wire/codec/kv-answers.js';

const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const anyInt64 = fc.oneof(fc.constant(0n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));

const anyPut = fc.record<PutRequest>({
  key: anyBytes,
  value: anyBytes,
  lease: anyInt64,
  prevKv: fc.boolean(),
  ignoreValue: fc.boolean(),
  ignoreLease: fc.boolean(),
});
const anyRange = fc.record({
  key: anyBytes,
  rangeEnd: anyBytes,
  limit: anyInt64,
  revision: anyInt64,
  sortOrder: fc.constantFrom(0 as const, 1 as const, 2 as const),
  serializable: fc.boolean(),
  minCreateRevision: anyInt64,
});

describe('requests of the KV service', () => {
  it('are encoded as the generated encoder does, and stay as they are', () => {
    const encoded: { readonly bytes: Buffer; readonly expected: Buffer }[] = [];
    const keep = (bytes: Buffer, expected: Buffer) => {
      assert.deepEqual(bytes, expected);
      encoded.push({ bytes, expected });
    };
    fc.assert(
      fc.property(anyPut, anyRange, (one, other) => {
        const read = RangeRequest.fromPartial(other);
        keep(put.requestSerialize(one), KVService.put.requestSerialize(one));
        keep(range.requestSerialize(read), KVService.range.requestSerialize(read));
      }),
    );
    for (const { bytes, expected } of encoded) assert.deepEqual(bytes, expected);
  });

  it('are encoded after one that cannot be, and after a large one', () => {
    const small = PutRequest.fromPartial({ key: Buffer.from('k'), value: Buffer.from('v') });
    const expected = KVService.put.requestSerialize(small);
    assert.throws(() => put.requestSerialize({ ...small, lease: 2n ** 64n }), /lease/);
    assert.deepEqual(put.requestSerialize(small), expected);
    const large = { ...small, value: Buffer.alloc(200_000, 'x') };
    assert.deepEqual(put.requestSerialize(large), KVService.put.requestSerialize(large));
    assert.deepEqual(put.requestSerialize(small), expected);
  });
});
