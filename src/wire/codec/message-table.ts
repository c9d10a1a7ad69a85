import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { AnswerReader } from './answer-reader.js';
import type { EncodableMessage } from './request-encoder.js';

/** The type of a field in the protocol, by the type of its value. */
type Kind<T> = T extends boolean
  ? 'bool'
  : T extends Buffer
    ? 'bytes'
    : T extends string
      ? 'string'
      : T extends number
        ? 'uint32'
        : T extends bigint
          ? 'int64' | 'uint64'
          : MessageTable<T>;

/** A field: its number and its type, which is in an array if the field is repeated. */
type Row<T> = T extends readonly (infer Item)[] ? [number, [Kind<Item>]] : [number, Kind<NonNullable<T>>];

type ScalarKind = 'bool' | 'bytes' | 'string' | 'uint32' | 'int64' | 'uint64';
type AnyKind = ScalarKind | MessageTable<unknown>;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly kind: AnyKind;
  readonly isRepeated: boolean;
}

type Values = Record<string, unknown>;

/**
 * The fields of a message, and the functions that encode and decode it. Generated code for the messages that few programs
 * use would take a tenth of the time in which the package loads. An enumeration is a `uint32`: etcd's are not negative.
 */
export class MessageTable<T> implements EncodableMessage<T> {
  readonly #fields: readonly Field[];
  readonly #byNumber: readonly (Field | undefined)[];

  /** @param rows Each member of the message, in the order of the numbers. */
  constructor(rows: { readonly [Name in keyof T]-?: Row<T[Name]> }) {
    this.#fields = Object.entries<[number, AnyKind | [AnyKind]]>(rows).map(([name, [number, kind]]) =>
      Array.isArray(kind)
        ? { name, number, kind: kind[0], isRepeated: true }
        : { name, number, kind, isRepeated: false },
    );
    const byNumber: (Field | undefined)[] = [];
    for (const field of this.#fields) byNumber[field.number] = field;
    this.#byNumber = byNumber;
  }

  encode(message: T, writer: BinaryWriter): BinaryWriter {
    for (const field of this.#fields) {
      const value = (message as Values)[field.name];
      if (!field.isRepeated) write(field, value, writer);
      else for (const item of value as unknown[]) write(field, item, writer, true);
    }
    return writer;
  }

  /** Reads a message up to `end`. The answer was validated. */
  read(reader: AnswerReader, end: number): T {
    const message: Values = {};
    for (const { name, kind, isRepeated } of this.#fields) message[name] = isRepeated ? [] : absent(kind);
    while (reader.offset < end) {
      const tag = reader.uint32();
      const field = this.#byNumber[tag >>> 3];
      if (!field) reader.skip(tag);
      else if (field.isRepeated) (message[field.name] as unknown[]).push(read(field.kind, reader));
      else message[field.name] = read(field.kind, reader);
    }
    return message as T;
  }
}

/** How the values of a type other than a message are encoded and decoded. */
interface Scalar {
  /** The wire type of protobuf: a varint or bytes with their length. */
  readonly wireType: 0 | 2;
  /** The value of an absent field. */
  readonly absent: unknown;
  readonly read: (reader: AnswerReader) => unknown;
  readonly write: (writer: BinaryWriter, value: never) => BinaryWriter;
}

const scalars: Readonly<Record<ScalarKind, Scalar>> = {
  bool: {
    wireType: 0,
    absent: false,
    read: (reader) => reader.flag(),
    write: (writer, value: boolean) => writer.bool(value),
  },
  bytes: {
    wireType: 2,
    absent: Buffer.alloc(0),
    read: (reader) => reader.ownBytes(),
    write: (writer, value: Buffer) => writer.bytes(value),
  },
  string: {
    wireType: 2,
    absent: '',
    read: (reader) => reader.text(),
    write: (writer, value: string) => writer.string(value),
  },
  uint32: {
    wireType: 0,
    absent: 0,
    read: (reader) => reader.uint32(),
    write: (writer, value: number) => writer.uint32(value),
  },
  int64: {
    wireType: 0,
    absent: 0n,
    read: (reader) => reader.int64(),
    write: (writer, value: bigint) => writer.int64(value),
  },
  uint64: {
    wireType: 0,
    absent: 0n,
    read: (reader) => reader.uint64(),
    write: (writer, value: bigint) => writer.uint64(value),
  },
};

function absent(kind: AnyKind): unknown {
  return typeof kind === 'string' ? scalars[kind].absent : undefined;
}

function read(kind: AnyKind, reader: AnswerReader): unknown {
  return typeof kind === 'string' ? scalars[kind].read(reader) : kind.read(reader, reader.messageEnd());
}

/** Writes a field, which is omitted if its value is that of an absent one, unless it is an item of a list. */
function write({ number, kind }: Field, value: unknown, writer: BinaryWriter, isItem = false): void {
  if (value === undefined || (!isItem && (!value || (value as { readonly length?: number }).length === 0)))
    return;
  const tag = (wireType: 0 | 2) => writer.uint32(number * 8 + wireType);
  if (typeof kind !== 'string') kind.encode(value, tag(2).fork()).join();
  else scalars[kind].write(tag(scalars[kind].wireType), value as never);
}
