/**
 * What a message of etcd's may look like on the wire: the fields that are known, by their numbers, with the range of
 * each number. A field that is not listed may come from a newer etcd and is passed over.
 */
export class Shape {
  /** By field number. */
  readonly fields: readonly (Field | undefined)[];
  /** The fields, as bits of their numbers, that must be there and be neither zero nor empty. */
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

/** One field. Always of the same properties, so that the check stays fast. */
export class Field {
  readonly number: number;
  readonly wireType: typeof varint | typeof delimited;
  /** Of a number: the least, and the first that is too high. -2 stands for every number below -1. */
  readonly min: number;
  readonly maxExclusive: number;
  /** Of a message. */
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

export interface FieldType {
  readonly wireType: typeof varint | typeof delimited;
  readonly min?: number;
  readonly maxExclusive?: number;
  readonly shape?: () => Shape;
}

const numbers = (least: number, below: number): FieldType => ({
  wireType: varint,
  min: least,
  maxExclusive: below,
});

/**
 * A revision, or a count of keys or writes. etcd's grow by one for each write: at a million a second 2^62 takes 146,000
 * years. What is computed from such a number, as the next revision, still fits into the protocol's 64 bits.
 */
export const revision = numbers(0, 2 ** 62);
/** -1 is what etcd sends where there is no watcher. */
export const watchId = numbers(-1, 2 ** 63);
/** In seconds; etcd grants no more than 9,000,000,000, and says -1 of a lease that is gone. */
export const ttl = numbers(-1, 10_000_000_000);
/** What is left of it: below 0 once the lease has expired, ever lower until etcd has revoked it. */
export const remainingTtl = numbers(-2, 10_000_000_000);
/** Ids of leases, members and clusters, and what is only shown: any of 64 bits. */
export const any64 = numbers(-2, Number.POSITIVE_INFINITY);
export const flag = numbers(0, 2);
export const eventType = numbers(0, 2);
/** Text, too: its encoding is the decoder's concern. */
export const bytes: FieldType = { wireType: delimited };
/** By a function, since messages may contain themselves. */
export const message = (shape: () => Shape): FieldType => ({ wireType: delimited, shape });
