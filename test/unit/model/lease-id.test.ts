import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkLeaseId, formatLeaseId, parseLeaseId } from '#src/model/index.js';

describe('a lease id as text', () => {
  it('is formatted as by %016x in Go', () => {
    for (const [id, text] of [
      [-77n, '-00000000000004d'],
      [77n, '000000000000004d'],
      [1n, '0000000000000001'],
      [-(2n ** 63n), '-8000000000000000'],
      [2n ** 63n - 1n, '7fffffffffffffff'],
      [0n, '0000000000000000'],
    ] as const)
      assert.equal(formatLeaseId(id), text);
  });

  it('is parsed as by ParseInt in Go', () => {
    for (const [text, id] of [
      ...([
        ['-4d', -77n],
        ['+4D', 77n],
        ['4d', 77n],
        ['-00000000000004d', -77n],
      ] as const),
      ['-8000000000000000', -(2n ** 63n)],
    ] as const)
      assert.equal(parseLeaseId(text), id);
    for (const text of ['', '-', '0x4d', '4_d', ' 4d', '8000000000000000', '-8000000000000001', 'x'])
      assert.throws(() => parseLeaseId(text), {
        name: 'InvalidInputError',
        message: `INVALID_ARGUMENT: the lease id is '${text}'; it must be hexadecimal, a signed 64-bit number, as etcdctl prints it`,
      });
  });

  it('is not formatted from a number of more than 64 bits', () => {
    for (const id of [2n ** 63n, -(2n ** 63n) - 1n, 7 as never])
      assert.throws(() => formatLeaseId(id), { name: 'InvalidInputError', message: /lease id is -?\d+/ });
  });

  it('is parsed back to the same id', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(fc.property(int64, (id) => parseLeaseId(formatLeaseId(id)) === id));
  });
});

describe('the id of an existing lease', () => {
  it('is any 64-bit number but 0', () => {
    for (const id of [1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(checkLeaseId(id), id);
    for (const id of [0n, 2n ** 63n, -(2n ** 63n) - 1n, 1 as never, '1' as never])
      assert.throws(() => checkLeaseId(id), /lease id is/);
  });
});
