/**
 * The known fields of one of etcd's messages, by number, with the range of each value. Other fields may come from a newer
 * etcd and are skipped.
 */
export class Shape {
  /** By field number. */
  readonly fields: readonly (Field | undefined)[];
  /** The fields that must be present and neither zero nor empty: bit n stands for field number n. */
  readonly required: number;

  constructor(fields: readonly Field[]) {
    const byNumber: (Field | undefined)[] = [];
    let required = 0;
    for (const field of fields) {
      byNumber[field.number] = field;
      if (field.required) required |= 1 << field.number;
    }
    this.fields = byNumber;
    this.required = required;
  }
}

export const varint = 0;
export const delimited = 2;

/** One field of a message. All instances have the same properties, so that V8 optimizes the access to them. */
export class Field {
  readonly number: number;
  readonly wireType: typeof varint | typeof delimited;
  /** The range of a number. -2 stands for every number below -1. */
  readonly min: number;
  readonly maxExclusive: number;
  /** The shape of an embedded message. A function, since messages may contain themselves. */
  readonly shape: (() => Shape) | undefined;
  readonly repeated: boolean;
  readonly required: boolean;

  constructor(number: number, kind: FieldType, rule: 'repeated' | 'required' | 'optional' = 'optional') {
    this.number = number;
    this.wireType = kind.wireType;
    this.min = kind.min ?? 0;
    this.maxExclusive = kind.maxExclusive ?? 0;
    this.shape = kind.shape;
    this.repeated = rule === 'repeated';
    this.required = rule === 'required';
  }
}

/** The wire type of a field and the range of its values. */
export interface FieldType {
  readonly wireType: typeof varint | typeof delimited;
  readonly min?: number;
  readonly maxExclusive?: number;
  readonly shape?: () => Shape;
}

export const numbers = (min: number, maxExclusive: number): FieldType => ({
  wireType: varint,
  min,
  maxExclusive,
});

/**
 * A revision, or a count of keys or writes. A revision grows by one per write, so 2^62 takes 146,000 years at a million
 * writes per second. Values computed from it, such as the next revision, still fit into the protocol's 64 bits.
 */
export const revision = numbers(0, 2 ** 62);
/** A revision, or -1 where etcd has none: a store that was never compacted. */
export const revisionOrNone = numbers(-1, 2 ** 62);
/** The size of a file, in bytes. */
export const bytesOfFile = numbers(0, 2 ** 53);
/** etcd sends -1 if there is no watcher. */
export const watchId = numbers(-1, 2 ** 63);
/** In seconds. etcd grants at most 9,000,000,000 and answers -1 for a lease that does not exist. */
export const ttl = numbers(-1, 10_000_000_000);
/** The remaining TTL in seconds. Negative between the expiry of a lease and its revocation. */
export const remainingTtl = numbers(-2, 10_000_000_000);
/** Any 64-bit number: ids of leases, members and clusters, and numbers that are only displayed. */
export const any64 = numbers(-2, Number.POSITIVE_INFINITY);
export const flag = numbers(0, 2);
export const eventType = numbers(0, 2);
/** Bytes or text; the decoder checks the encoding of text. */
export const bytes: FieldType = { wireType: delimited };
/** An embedded message. */
export const message = (shape: () => Shape): FieldType => ({ wireType: delimited, shape });

/** How the answers of one method are checked. */
export interface AnswerRule {
  readonly shape: Shape;
  /** Whether the limit is `maxReceiveBytes`, for answers with values or with lists of any length. */
  readonly large: boolean;
  /** The memory that an answer within the limit may take in any case, in bytes. Default: the limit. */
  readonly leastMemoryBytes?: number;
}
