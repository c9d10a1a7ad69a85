import { delimited, type Field, type Shape, varint } from './shape.js';

/** Thrown by a scan; its message says what is wrong, and quotes nothing of the answer. */
export class ShapeError extends Error {}
/** Thrown by a scan: decoded, the answer would take more memory than it may. */
export class SizeLimitError extends Error {}

/** As deep as the decoder goes. */
const maxDepth = 100;
/** A range so wide that every number of seven bytes, or 49 bits, is in it. */
const widestLimit = 2 ** 62;

/**
 * Looks through the bytes of an answer before anything is made of them: whether every known field has its type and its
 * range, every message what it must have, and how much there is. One pass without an allocation, several times faster
 * than decoding.
 */
export class AnswerValidator {
  readonly #bytes: Uint8Array;
  /** What may still be used, in bytes of memory. */
  #budget: number;
  readonly #itemBytes: number;
  #offset = 0;

  /** @param budget How many bytes it may have, each repeated field counting as `itemBytes` more. */
  constructor(bytes: Uint8Array, budget: number, itemBytes: number) {
    this.#bytes = bytes;
    this.#budget = budget - bytes.length;
    this.#itemBytes = itemBytes;
  }

  /** @throws {ShapeError}, {BudgetError} */
  validate(shape: Shape): void {
    if (this.#budget < 0) throw new SizeLimitError();
    this.#message(shape, this.#bytes.length, 0);
  }

  #message(shape: Shape, end: number, depth: number): void {
    if (depth >= maxDepth) throw new ShapeError('messages nested too deep');
    const { fields } = shape;
    let seenBits = 0;
    let nonZeroBits = 0;
    while (this.#offset < end) {
      const tag = this.#number(end);
      if (tag >= 256) {
        this.#skip(tag, end);
        continue;
      }
      const field = fields[tag >> 3];
      if (field === undefined) {
        this.#skip(tag, end);
        continue;
      }
      if ((tag & 7) !== field.wireType) throw new ShapeError('a field of the wrong type');
      const bit = 1 << (tag >> 3);
      if (field.repeated) {
        this.#budget -= this.#itemBytes;
        if (this.#budget < 0) throw new SizeLimitError();
      } else if ((seenBits & bit) !== 0) throw new ShapeError('a field that comes twice');
      seenBits |= bit;
      if (field.wireType === varint) {
        if (this.#isNotZero(field, end)) nonZeroBits |= bit;
        continue;
      }
      const fieldEnd = this.#end(end);
      if (fieldEnd > this.#offset) nonZeroBits |= bit;
      if (field.shape === undefined) this.#offset = fieldEnd;
      else this.#message(field.shape(), fieldEnd, depth + 1);
    }
    if ((nonZeroBits & shape.required) !== shape.required)
      throw new ShapeError('a message without what it must have');
  }

  /** Checks a number. The large ones of nearly every message need not be computed for that: seven bytes are in range. */
  #isNotZero({ min: least, maxExclusive: below }: Field, end: number): boolean {
    const bytes = this.#bytes;
    const from = this.#offset;
    if (below >= widestLimit) {
      let at = from;
      while (at < end && (bytes[at] ?? 0) >= 0x80) at++;
      const last = bytes[at] ?? 0;
      if (at < end && at - from < 7 && (last !== 0 || at === from)) {
        this.#offset = at + 1;
        return last !== 0;
      }
    }
    const value = this.#number(end);
    if (!(value >= least && value < below)) throw new ShapeError('a number out of range');
    return value !== 0;
  }

  /** Where a field with a length ends. */
  #end(end: number): number {
    const length = this.#number(end);
    const fieldEnd = this.#offset + length;
    if (!(length >= 0 && fieldEnd <= end)) throw new ShapeError('a field longer than its message');
    return fieldEnd;
  }

  #skip(tag: number, end: number): void {
    const wireType = tag % 8;
    // 2^29 and more are no field numbers; groups are of a language before etcd's.
    if (!(tag >= 8 && tag < 2 ** 32)) throw new ShapeError('no field number');
    if (wireType === varint) this.#number(end);
    else if (wireType === delimited) this.#offset = this.#end(end);
    else if (wireType === 1) this.#offset += 8;
    else if (wireType === 5) this.#offset += 4;
    else throw new ShapeError('a field of no known type');
    if (this.#offset > end) throw new ShapeError('a field longer than its message');
  }

  /** A varint as a float, exact below 2^53; -1 for minus one and -2 for anything below. */
  #number(end: number): number {
    const bytes = this.#bytes;
    const first = bytes[this.#offset] ?? 0;
    if (first < 0x80 && this.#offset < end) {
      this.#offset++;
      return first;
    }
    return this.#longNumber(end);
  }

  #longNumber(end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let count = 0; this.#offset < end && count < 9; count++) {
      const byte = bytes[this.#offset++] ?? 0;
      if (byte < 0x80) {
        // An overlong encoding: no etcd writes it, and a zero would be taken for more.
        if (byte === 0) throw new ShapeError('a number with zeros in front');
        return value + byte * scale;
      }
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    // A tenth byte is the sign.
    if (this.#offset >= end || bytes[this.#offset++] !== 1)
      throw new ShapeError('a number of more than 64 bits');
    return value === 2 ** 63 && this.#isMinusOne() ? -1 : -2;
  }

  /** By its bytes: the sum of them alone is rounded. */
  #isMinusOne(): boolean {
    for (let at = this.#offset - 10; at < this.#offset - 1; at++) if (this.#bytes[at] !== 0xff) return false;
    return true;
  }
}
