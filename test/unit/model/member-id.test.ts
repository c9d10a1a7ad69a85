import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatMemberId, parseMemberId } from '#src/model/index.js';

const maxUint64 = 2n ** 64n - 1n;

describe('a member id as text', () => {
  it('is formatted as etcdctl does: hexadecimal without padding', () => {
    for (const [id, text] of [
      [0n, '0'],
      [0x8e9e05c52164694dn, '8e9e05c52164694d'],
      [0xabcn, 'abc'],
      [maxUint64, 'f'.repeat(16)],
    ] as const)
      assert.equal(formatMemberId(id), text);
  });

  it('is not formatted from a number of more than 64 bits, or a negative one', () => {
    for (const [id, message] of [
      [-1n, 'INVALID_ARGUMENT: member id is -1n; it must be a bigint from 0 to 2^64 - 1'],
      [
        2n ** 64n,
        'INVALID_ARGUMENT: member id is 18446744073709551616n; it must be a bigint from 0 to 2^64 - 1',
      ],
      [1 as never, 'INVALID_ARGUMENT: member id is 1 (number); it must be a bigint from 0 to 2^64 - 1'],
    ] as const)
      assert.throws(() => formatMemberId(id), { name: 'InvalidInputError', message });
  });

  it('is parsed back to the same id', () => {
    const uint64 = fc.bigInt({ min: 1n, max: maxUint64 });
    fc.assert(fc.property(uint64, (id) => parseMemberId(formatMemberId(id)) === id));
    assert.equal(parseMemberId('8E9E'), 0x8e9en);
  });

  it('is refused with the text that was given, unless it is a 64-bit number other than 0', () => {
    for (const text of ['', '0', '-1', '0x1', 'x', '18446744073709551616', 'f'.repeat(17)])
      assert.throws(() => parseMemberId(text), {
        name: 'InvalidInputError',
        message: `INVALID_ARGUMENT: the member id is '${text}'; it must be hexadecimal, from 1 to ffffffffffffffff, as etcdctl prints it`,
      });
  });
});
