import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { delimited, type Field, type Shape } from '#src/wire/answer/shape.js';

/** A field of a message, encoded. */
type Encoded = Uint8Array;

const int64s = [
  -(2n ** 63n),
  -2n,
  -1n,
  0n,
  1n,
  2n,
  127n,
  128n,
  2n ** 28n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
]
  .concat([2n ** 35n - 1n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 60n, 2n ** 62n - 1n, 2n ** 62n, 2n ** 63n - 1n])
  .map((value) => fc.constant(value));
const anyInt64 = fc.oneof(...int64s, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));

/** Sizes around the limits of copying, and texts that are not valid UTF-8. */
const anyBytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 6 }) },
  fc.constantFrom(900, 1_023, 1_024, 5_000, 9_000).map((size) => Buffer.alloc(size, size)),
  fc.constantFrom('é', '\ufeffx', '😀').map((text) => Buffer.from(text)),
  fc.constantFrom([0xff], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc0, 0x80]).map((bytes) => Buffer.from(bytes)),
);

/** Fields that a newer etcd could add. */
const anyUnknownField: fc.Arbitrary<Encoded> = fc.oneof(
  anyInt64.map((value) => new BinaryWriter().uint32(800).int64(value).finish()),
  anyBytes.map((bytes) => new BinaryWriter().uint32(250).bytes(bytes).finish()),
  fc.constant(new BinaryWriter().uint32(805).fixed32(1).finish()),
  fc.constant(new BinaryWriter().uint32(801).fixed64(1n).finish()),
);

/** The bytes of messages of the shape: most are valid, with their fields in any order, and unknown fields. */
export function anyMessage(shape: Shape, depth = 0): fc.Arbitrary<Encoded> {
  const known = shape.fields.filter((field) => field !== undefined);
  const lists = known.map((field) => anyOccurrences(field, depth));
  const unknown = fc.array(anyUnknownField, { maxLength: 1 });
  return fc
    .tuple(unknown, ...lists)
    .map((parts) => parts.flat())
    .chain((fields) =>
      fc.oneof(fc.constant(fields), fc.shuffledSubarray(fields, { minLength: fields.length })),
    )
    .map((fields) => Buffer.concat(fields));
}

/** How often a field occurs: a required one almost always once. */
function anyOccurrences(field: Field, depth: number): fc.Arbitrary<Encoded[]> {
  const none = fc.constant<Encoded[]>([]);
  if (field.shape && depth > 4) return none;
  const one = anyField(field, depth);
  if (field.repeated) return fc.array(one, { maxLength: depth > 1 ? 2 : 5 });
  if (!field.required) return fc.array(one, { maxLength: 1 });
  const once = fc.array(one, { minLength: 1, maxLength: 1 });
  return fc.oneof({ weight: 40, arbitrary: once }, none);
}

function anyField(field: Field, depth: number): fc.Arbitrary<Encoded> {
  const tag = field.number * 8 + field.wireType;
  const { shape } = field;
  if (shape)
    return anyMessage(shape(), depth + 1).map((inner) =>
      new BinaryWriter().uint32(tag).bytes(inner).finish(),
    );
  if (field.wireType === delimited) {
    const bytes = field.required
      ? anyBytes.map((one) => (one.length > 0 ? one : Buffer.from('k')))
      : anyBytes;
    return bytes.map((one) => new BinaryWriter().uint32(tag).bytes(one).finish());
  }
  const min = BigInt(Math.max(field.min, field.required ? 1 : -2));
  const max = field.maxExclusive < 2 ** 63 ? BigInt(field.maxExclusive) - 1n : 2n ** 63n - 1n;
  const inRange = anyInt64.map((value) => (value < min ? min : value > max ? max : value));
  return fc
    .oneof({ weight: 100, arbitrary: inRange }, anyInt64)
    .map((value) => new BinaryWriter().uint32(tag).int64(value).finish());
}

/** The bytes with a few of them changed, removed or repeated. */
export function anyMutation(bytes: fc.Arbitrary<Encoded>): fc.Arbitrary<Encoded> {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    kind: fc.nat(3),
    length: fc.nat(4),
  });
  return fc.tuple(bytes, fc.array(change, { minLength: 1, maxLength: 3 })).map(([original, changes]) => {
    let mutated = Buffer.from(original);
    for (const { at, byte, kind, length } of changes) {
      const position = at % (mutated.length + 1);
      const [before, after] = [mutated.subarray(0, position), mutated.subarray(position)];
      const middle =
        [Buffer.of(byte), Buffer.alloc(0), before.subarray(-length), Buffer.of(byte)][kind] ?? before;
      mutated = Buffer.concat([
        before,
        middle,
        kind === 0 ? after.subarray(1) : kind === 1 ? after.subarray(length) : after,
      ]);
    }
    return mutated;
  });
}
