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

type AnyKind = 'bool' | 'bytes' | 'string' | 'uint32' | 'int64' | 'uint64' | MessageTable<unknown>;

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

function absent(kind: AnyKind): unknown {
  switch (kind) {
    case 'bool':
      return false;
    case 'bytes':
      return Buffer.alloc(0);
    case 'string':
      return '';
    case 'uint32':
      return 0;
    case 'int64':
    case 'uint64':
      return 0n;
    default:
      return undefined;
  }
}

function read(kind: AnyKind, reader: AnswerReader): unknown {
  switch (kind) {
    case 'bool':
      return reader.flag();
    case 'bytes':
      return reader.ownBytes();
    case 'string':
      return reader.text();
    case 'uint32':
      return reader.uint32();
    case 'int64':
      return reader.int64();
    case 'uint64':
      return reader.uint64();
    default:
      return kind.read(reader, reader.messageEnd());
  }
}

/** Writes a field, which is omitted if its value is that of an absent one, unless it is an item of a list. */
function write({ number, kind }: Field, value: unknown, writer: BinaryWriter, isItem = false): void {
  if (value === undefined || (!isItem && (!value || (value as { readonly length?: number }).length === 0)))
    return;
  const tag = (wireType: 0 | 2) => writer.uint32(number * 8 + wireType);
  switch (kind) {
    case 'bool':
      tag(0).bool(value as boolean);
      return;
    case 'bytes':
      tag(2).bytes(value as Buffer);
      return;
    case 'string':
      tag(2).string(value as string);
      return;
    case 'uint32':
      tag(0).uint32(value as number);
      return;
    case 'int64':
      tag(0).int64(value as bigint);
      return;
    case 'uint64':
      tag(0).uint64(value as bigint);
      return;
    default:
      kind.encode(value, tag(2).fork()).join();
  }
}
