import fc from 'fast-check';
import { type Compare, compare, type Op, op, type Txn } from '#src/kv/index.js';
import type { KeyRange } from '#src/model/index.js';

const bytes = (minLength: number, maxLength = 3) =>
  fc
    .array(fc.constantFrom(0x00, 0x61, 0x62, 0xfe, 0xff), { minLength, maxLength })
    .map((array) => Buffer.from(array));

/** Few and short keys, so that operations affect the same ones. */
export const anyKey = bytes(1, 2);
export const anyPrefix = fc.oneof(
  bytes(1),
  fc.constantFrom(
    Buffer.from([0xff]),
    Buffer.from([0xff, 0xff]),
    Buffer.from('a/'),
    Buffer.from([0x61, 0xff]),
  ),
);

export const anyRange: fc.Arbitrary<Buffer | KeyRange> = fc.oneof(
  anyKey,
  bytes(0, 2).map((prefix) => ({ prefix })),
  bytes(0, 2).map((fromKey) => ({ fromKey })),
  fc
    .tuple(bytes(0, 2), anyKey)
    .filter(([a, b]) => (a.length === 0 ? Buffer.of(0) : a).compare(b) < 0)
    .map(([key, rangeEnd]) => ({ key, rangeEnd })),
);

const value = fc.constantFrom('', 'v', 'w');
const result = fc.constantFrom('=', '!=', '<', '>' as const);

const anyCompare: fc.Arbitrary<Compare> = fc.oneof(
  fc.tuple(anyRange, result, fc.bigInt(0n, 4n)).map(([key, how, n]) => compare.version(key, how, n)),
  fc.tuple(anyRange, result, fc.bigInt(0n, 40n)).map(([key, how, n]) => compare.modRevision(key, how, n)),
  fc.tuple(anyRange, result, fc.bigInt(0n, 40n)).map(([key, how, n]) => compare.createRevision(key, how, n)),
  fc.tuple(anyRange, result, value).map(([key, how, v]) => compare.value(key, how, v)),
);

function anyOps(depth: number, maxLength: number): fc.Arbitrary<Op[]> {
  const flat = [
    fc.tuple(anyKey, value, fc.boolean()).map(([key, v, prevKv]) => op.put(key, v, { prevKv })),
    fc.tuple(anyRange, fc.boolean()).map(([range, prevKv]) => op.delete(range, { prevKv })),
    fc.tuple(anyRange, fc.nat(3)).map(([range, limit]) => op.range(range, { limit })),
  ];
  const nested = depth > 0 ? [anyTxn(depth - 1, maxLength).map((txn) => op.txn(txn))] : [];
  return fc.array(fc.oneof(...flat, ...nested), { maxLength });
}

export function anyTxn(depth: number, maxLength = 3): fc.Arbitrary<Txn> {
  return fc.record({
    compare: fc.array(anyCompare, { maxLength: 2 }),
    success: anyOps(depth, maxLength),
    failure: anyOps(depth, maxLength),
  });
}
