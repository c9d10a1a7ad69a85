import type { Random } from '../../sim/random.js';

export interface Mutation {
  readonly name: string;
  apply(bytes: Buffer, random: Random): Buffer;
}

const edges = [
  0n,
  1n,
  2n,
  2n ** 31n,
  2n ** 53n,
  2n ** 62n - 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 2n,
  2n ** 64n - 1n,
];

/** Ways to change a message. The result may still be valid, which is harmless. */
export const mutations: readonly Mutation[] = [
  { name: 'bits flipped', apply: flipBits },
  { name: 'cut short', apply: (bytes, random) => bytes.subarray(0, random.between(0, bytes.length)) },
  { name: 'a repeated part', apply: repeatPart },
  { name: 'a missing part', apply: dropPart },
  {
    name: 'random bytes',
    apply: (bytes, random) => junk(random, random.between(0, 2 * bytes.length + 8)),
  },
  {
    name: 'a number at a limit of its range',
    apply: (bytes, random) => changeField(bytes, random, setNumber, isNumber),
  },
  { name: 'another wire type', apply: (bytes, random) => changeField(bytes, random, setType) },
  {
    name: 'a repeated field',
    apply: (bytes, random) =>
      changeField(bytes, random, (field) => Buffer.concat([field.whole, field.whole])),
  },
  { name: 'a missing field', apply: (bytes, random) => changeField(bytes, random, () => Buffer.alloc(0)) },
  {
    name: 'a wrong length',
    apply: (bytes, random) => changeField(bytes, random, setLength, (field) => !isNumber(field)),
  },
  {
    name: 'unknown fields',
    apply: (bytes, random) =>
      Buffer.concat([
        bytes,
        tag(900, 2),
        varint(BigInt(bytes.length)),
        bytes,
        tag(901, 0),
        varint(random.pick(edges)),
      ]),
  },
  { name: 'nested deep', apply: (_, random) => nested(random.between(40, 3_000)) },
  {
    name: 'a long list of empty elements',
    apply: (bytes, random) =>
      Buffer.concat([bytes, emptyElements(random.between(2, 11), random.between(1_000, 400_000))]),
  },
];

interface Field {
  readonly number: number;
  readonly type: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const isNumber = ({ type }: Field) => type === 0;

/** Changes one field at any depth. */
function changeField(
  bytes: Buffer,
  random: Random,
  change: (field: Field, random: Random) => Buffer,
  applies: (field: Field) => boolean = () => true,
): Buffer {
  const fields = fieldsOf(bytes);
  if (!fields || fields.length === 0) return bytes;
  const at = random.between(0, fields.length - 1);
  const field = fields[at] as Field;
  let changed: Buffer;
  if (field.type === 2 && field.content.length > 1 && fieldsOf(field.content) && random.chance(0.75)) {
    const inner = changeField(field.content, random, change, applies);
    changed = Buffer.concat([tag(field.number, 2), varint(BigInt(inner.length)), inner]);
  } else changed = applies(field) ? change(field, random) : field.whole;
  return Buffer.concat(fields.map(({ whole }, i) => (i === at ? changed : whole)));
}

function setNumber({ number }: Field, random: Random): Buffer {
  return Buffer.concat([tag(number, 0), varint(random.pick(edges))]);
}

function setType({ number, content }: Field, random: Random): Buffer {
  return Buffer.concat([tag(number, random.between(0, 7)), content]);
}

function setLength({ number, content }: Field, random: Random): Buffer {
  return Buffer.concat([
    tag(number, 2),
    varint(random.pick([0n, 1n, BigInt(content.length) + 3n, 2n ** 31n, 2n ** 35n])),
    content,
  ]);
}

/** The fields of a message; undefined if the bytes are not a message. */
function fieldsOf(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const [head, afterTag] = readVarint(bytes, at) ?? [];
    if (head === undefined || afterTag === undefined || head < 8) return undefined;
    const type = head & 7;
    const [value, afterValue] = type === 0 || type === 2 ? (readVarint(bytes, afterTag) ?? []) : [];
    if (value === undefined || afterValue === undefined) return undefined;
    at = type === 2 ? afterValue + value : afterValue;
    if (at > bytes.length) return undefined;
    const content = type === 2 ? bytes.subarray(afterValue, at) : bytes.subarray(afterTag, at);
    fields.push({ number: Math.floor(head / 8), type, content, whole: bytes.subarray(start, at) });
  }
  return fields;
}

function readVarint(bytes: Buffer, from: number): readonly [value: number, end: number] | undefined {
  let value = 0;
  for (let at = from; at < bytes.length && at < from + 10; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - from));
    if (byte < 0x80) return [value, at + 1];
  }
  return undefined;
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}

function tag(number: number, type: number): Buffer {
  return varint(BigInt(number * 8 + type));
}

function nested(levels: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let i = 0; i < levels; i++) {
    // A transaction's response inside another one's.
    for (const field of [4, 3]) bytes = Buffer.concat([tag(field, 2), varint(BigInt(bytes.length)), bytes]);
  }
  return bytes;
}

export function emptyElements(field: number, count: number): Buffer {
  const element = Buffer.from([field * 8 + 2, 0]);
  return Buffer.alloc(element.length * count, element);
}

function flipBits(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random.between(1, 8); i > 0 && copy.length > 0; i--) {
    const at = random.between(0, copy.length - 1);
    copy[at] = (copy[at] as number) ^ (1 << random.between(0, 7));
  }
  return copy;
}

function part(bytes: Buffer, random: Random): readonly [number, number] {
  const from = random.between(0, bytes.length);
  return [from, random.between(from, bytes.length)];
}

function repeatPart(bytes: Buffer, random: Random): Buffer {
  const [from, to] = part(bytes, random);
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
}

function dropPart(bytes: Buffer, random: Random): Buffer {
  const [from, to] = part(bytes, random);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

export function junk(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.between(0, 255)));
}
