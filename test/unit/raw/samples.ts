import type { Field, Manifest } from './wire-lock.js';

type Message = Record<string, unknown>;

/** One message in the representations of the codecs. */
export interface Sample {
  /** As the generated codec encodes and decodes it. */
  readonly generated: Message;
  /** As proto-loader decodes it. */
  readonly loaded: Message;
  /**
   * As proto-loader encodes it. It writes fields set to zero, which canonical proto3 omits, so zero fields are unset.
   */
  readonly written: Message;
}

interface Value {
  readonly generated: unknown;
  readonly loaded: unknown;
  readonly written: unknown;
  readonly isZero: boolean;
}

/** Limits the nesting of recursive messages, such as a transaction in a transaction. */
const maximumDepth = 3;

const integers: Record<string, readonly bigint[]> = {
  int64: [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n, 2n ** 53n + 1n],
  uint64: [2n ** 64n - 1n, 2n ** 63n, 0n, 1n, 2n ** 53n + 1n],
  uint32: [2n ** 32n - 1n, 2n ** 31n, 0n, 1n, 127n],
};
const byteStrings = ['00ff', 'ff', '', '00', '80'.repeat(200)].map((hex) => Buffer.from(hex, 'hex'));
const texts = ['a', 'Zürich 東京 🚀', '', '\u0000', 'x'.repeat(300)];

/** Enough samples that each value above, each enum value and each oneof member occurs. */
export function samplesOf(manifest: Manifest, message: string): Sample[] {
  return Array.from({ length: 30 }, (_, round) => sampleOf(manifest, message, round, 0));
}

function sampleOf(manifest: Manifest, message: string, round: number, depth: number): Sample {
  const sample: Sample = { generated: {}, loaded: {}, written: {} };
  const fields = manifest.messages.get(message) ?? [];
  for (const [index, field] of fields.entries()) {
    if (!field.oneof) setField(sample, field, fieldValue(manifest, field, round + index, depth));
  }
  for (const oneof of new Set(fields.flatMap((field) => field.oneof ?? []))) {
    const members = fields.filter((field) => field.oneof === oneof);
    const chosen = at(members, round);
    // Each cycle through the members uses different values.
    const turn = round + Math.floor(round / members.length);
    setOneof(sample, oneof, chosen, singleValue(manifest, chosen, turn, depth));
  }
  return sample;
}

function setField(sample: Sample, field: Field, value: Value): void {
  sample.generated[camelCase(field.name)] = value.generated;
  sample.loaded[field.name] = value.loaded;
  if (!value.isZero) sample.written[field.name] = value.written;
}

/** A oneof member is encoded even if it is zero. */
function setOneof(sample: Sample, oneof: string, chosen: Field, value: Value): void {
  const isUnset = value.generated === undefined;
  sample.generated[camelCase(oneof)] = isUnset
    ? undefined
    : { $case: camelCase(chosen.name), value: value.generated };
  if (isUnset) return;
  sample.loaded[chosen.name] = value.loaded;
  sample.loaded[oneof] = chosen.name;
  sample.written[chosen.name] = value.written;
}

function fieldValue(manifest: Manifest, field: Field, round: number, depth: number): Value {
  if (!field.isRepeated) return singleValue(manifest, field, round, depth);
  const count = depth < maximumDepth ? round % 4 : 0;
  const items = Array.from({ length: count }, (_, index) =>
    singleValue(manifest, field, round + index, depth),
  );
  return {
    generated: items.map((item) => item.generated),
    loaded: items.map((item) => item.loaded),
    written: items.map((item) => item.written),
    isZero: false,
  };
}

function singleValue(manifest: Manifest, field: Field, round: number, depth: number): Value {
  switch (field.type) {
    case 'message':
      return nestedMessage(manifest, field.typeName ?? '', round, depth);
    case 'enum': {
      const { number, name } = at(manifest.enums.get(field.typeName ?? '') ?? [], round);
      return { generated: number, loaded: name, written: name, isZero: number === 0 };
    }
    case 'bytes':
      return plainValue(at(byteStrings, round));
    case 'string':
      return plainValue(at(texts, round));
    case 'bool':
      return plainValue(round % 2 === 0);
    default:
      return integer(field.type, round);
  }
}

function nestedMessage(manifest: Manifest, message: string, round: number, depth: number): Value {
  if (depth === maximumDepth) return { generated: undefined, loaded: null, written: undefined, isZero: true };
  return { ...sampleOf(manifest, message, round, depth + 1), isZero: false };
}

function integer(type: string, round: number): Value {
  const values = integers[type];
  if (!values) throw new Error(`no sample values for type ${type}`);
  const value = at(values, round);
  if (type === 'uint32') return plainValue(Number(value));
  return { generated: value, loaded: String(value), written: String(value), isZero: value === 0n };
}

function plainValue(value: Buffer | string | number | boolean): Value {
  const isZero = Buffer.isBuffer(value) ? value.length === 0 : !value;
  return { generated: value, loaded: value, written: value, isZero };
}

function at<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}

function camelCase(name: string): string {
  return name.replace(/_([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase());
}
