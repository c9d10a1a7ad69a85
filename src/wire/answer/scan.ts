import { delimited, type Field, type Shape, varint } from './shape.js';

/** Thrown by a scan; its message says what is wrong, and quotes nothing of the answer. */
export class ShapeError extends Error {}
/** Thrown by a scan: decoded, the answer would take more memory than it may. */
export class BudgetError extends Error {}

/** As deep as the decoder goes. */
const maxDepth = 100;
/** A range so wide that every number of seven bytes, or 49 bits, is in it. */
const wide = 2 ** 62;

/**
 * Looks through the bytes of an answer before anything is made of them: whether every known field has its type and its
 * range, every message what it must have, and how much there is. One pass without an allocation, several times faster
 * than decoding.
 */
export class Scan {
  readonly #bytes: Uint8Array;
  /** What may still be used, in bytes of memory. */
  #budget: number;
  readonly #itemBytes: number;
  #at = 0;

  /** @param budget How many bytes it may have, each repeated field counting as `itemBytes` more. */
  constructor(bytes: Uint8Array, budget: number, itemBytes: number) {
    this.#bytes = bytes;
    this.#budget = budget - bytes.length;
    this.#itemBytes = itemBytes;
  }

  /** @throws {ShapeError}, {BudgetError} */
  run(shape: Shape): void {
    if (this.#budget < 0) throw new BudgetError();
    this.#message(shape, this.#bytes.length, 0);
  }

  #message(shape: Shape, end: number, depth: number): void {
    if (depth >= maxDepth) throw new ShapeError('messages nested too deep');
    const { fields } = shape;
    let met = 0;
    let filled = 0;
    while (this.#at < end) {
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
        if (this.#budget < 0) throw new BudgetError();
      } else if ((met & bit) !== 0) throw new ShapeError('a field that comes twice');
      met |= bit;
      if (field.wireType === varint) {
        if (this.#isNotZero(field, end)) filled |= bit;
        continue;
      }
      const fieldEnd = this.#end(end);
      if (fieldEnd > this.#at) filled |= bit;
      if (field.shape === undefined) this.#at = fieldEnd;
      else this.#message(field.shape(), fieldEnd, depth + 1);
    }
    if ((filled & shape.required) !== shape.required)
      throw new ShapeError('a message without what it must have');
  }

  /** Checks a number. The large ones of nearly every message need not be computed for that: seven bytes are in range. */
  #isNotZero({ least, below }: Field, end: number): boolean {
    const bytes = this.#bytes;
    const from = this.#at;
    if (below >= wide) {
      let at = from;
      while (at < end && (bytes[at] ?? 0) >= 0x80) at++;
      const last = bytes[at] ?? 0;
      if (at < end && at - from < 7 && (last !== 0 || at === from)) {
        this.#at = at + 1;
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
    const fieldEnd = this.#at + length;
    if (!(length >= 0 && fieldEnd <= end)) throw new ShapeError('a field longer than its message');
    return fieldEnd;
  }

  #skip(tag: number, end: number): void {
    const wireType = tag % 8;
    // 2^29 and more are no field numbers; groups are of a language before etcd's.
    if (!(tag >= 8 && tag < 2 ** 32)) throw new ShapeError('no field number');
    if (wireType === varint) this.#number(end);
    else if (wireType === delimited) this.#at = this.#end(end);
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 5) this.#at += 4;
    else throw new ShapeError('a field of no known type');
    if (this.#at > end) throw new ShapeError('a field longer than its message');
  }

  /** A varint as a float, exact below 2^53; -1 for minus one and -2 for anything below. */
  #number(end: number): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at] ?? 0;
    if (first < 0x80 && this.#at < end) {
      this.#at++;
      return first;
    }
    return this.#longNumber(end);
  }

  #longNumber(end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let count = 0; this.#at < end && count < 9; count++) {
      const byte = bytes[this.#at++] ?? 0;
      if (byte < 0x80) {
        // An overlong encoding: no etcd writes it, and a zero would be taken for more.
        if (byte === 0) throw new ShapeError('a number with zeros in front');
        return value + byte * scale;
      }
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    // A tenth byte is the sign.
    if (this.#at >= end || bytes[this.#at++] !== 1) throw new ShapeError('a number of more than 64 bits');
    return value === 2 ** 63 && this.#isMinusOne() ? -1 : -2;
  }

  /** By its bytes: the sum of them alone is rounded. */
  #isMinusOne(): boolean {
    for (let at = this.#at - 10; at < this.#at - 1; at++) if (this.#bytes[at] !== 0xff) return false;
    return true;
  }
}
