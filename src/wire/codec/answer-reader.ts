const noBytes = Buffer.alloc(0);

/** The size of a piece that several messages share, as of the pool from which Node allocates small buffers. */
const pieceBytes = 8 * 1024;
/** A message of at least this size gets a piece of its own, so that at most this much of a shared piece is wasted. */
const largeMessageBytes = 1024;

/** The class of Node's buffers. Its constructor takes half the time of `subarray`, which makes the same object. */
const BufferView = (
  Buffer as unknown as {
    readonly [Symbol.species]: new (memory: ArrayBufferLike, offset: number, length: number) => Buffer;
  }
)[Symbol.species];

/** Numbers that many key-values have, such as versions. They are not allocated again. */
const smallNumbers = Array.from({ length: 64 }, (_, i) => BigInt(i));

/** The two halves of a 64-bit number and the number itself. Faster than arithmetic with bigints. */
const halves = new Int32Array(2);
const joint = new BigInt64Array(halves.buffer);
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const [lowHalf, highHalf] = isLittleEndian ? [0, 1] : [1, 0];

/**
 * Reads the fields of an answer that `AnswerValidator` has accepted: types, lengths and ranges are not checked again.
 *
 * The bytes of keys and values are copied in pieces of the answer, because a copy of each would cost as much as the rest
 * of decoding. A value that is kept keeps its piece of 8 KiB in memory, or its own message if that is large, but not the
 * answer.
 *
 * Specification: https://protobuf.dev/programming-guides/encoding/#varints
 */
export class AnswerReader {
  readonly #bytes: Buffer;
  #offset = 0;
  /** The memory of the present piece, and where it would have the first byte of the answer. */
  #memory: ArrayBufferLike = noBytes.buffer;
  #pieceOffset = 0;
  /** Up to where the answer is copied. */
  #pieceEnd = 0;
  /** The halves of the number that was read last. */
  #low = 0;
  #high = 0;
  /** The number that `int64` made last, and its halves. */
  #lastLow = 0;
  #lastHigh = 0;
  #last = 0n;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The offset of the next field. */
  get offset(): number {
    return this.#offset;
  }

  /** The end of the whole answer. */
  get end(): number {
    return this.#bytes.length;
  }

  /** A number of up to 32 bits: a tag, a length, a flag. */
  uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#offset++] ?? 0;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.#offset++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }

  /** Equal numbers in succession are one bigint: the revisions of a new key, and of the events of one transaction. */
  int64(): bigint {
    this.#readHalves();
    const low = this.#low;
    const high = this.#high;
    if (high === 0 && low >= 0 && low < smallNumbers.length) return smallNumbers[low] ?? 0n;
    if (low !== this.#lastLow || high !== this.#lastHigh) {
      this.#lastLow = low;
      this.#lastHigh = high;
      this.#last = joined(low, high);
    }
    return this.#last;
  }

  uint64(): bigint {
    this.#readHalves();
    return BigInt.asUintN(64, joined(this.#low, this.#high));
  }

  flag(): boolean {
    return this.uint32() !== 0;
  }

  text(): string {
    const end = this.messageEnd();
    const text = this.#bytes.toString('utf8', this.#offset, end);
    this.#offset = end;
    return text;
  }

  /** The end of an embedded message that begins here. */
  messageEnd(): number {
    const length = this.uint32();
    return this.#offset + length;
  }

  /** As `messageEnd`, for a message whose `bytes` are kept. */
  keptMessageEnd(): number {
    const end = this.messageEnd();
    if (end > this.#pieceEnd) this.#copyPiece(end);
    return end;
  }

  /** Bytes of a message that `keptMessageEnd` has begun. */
  bytes(): Buffer {
    const length = this.uint32();
    if (length === 0) return noBytes;
    const start = this.#pieceOffset + this.#offset;
    this.#offset += length;
    return new BufferView(this.#memory, start, length);
  }

  /** Bytes with memory of their own. */
  ownBytes(): Buffer {
    const end = this.messageEnd();
    const bytes = Buffer.from(this.#bytes.subarray(this.#offset, end));
    this.#offset = end;
    return bytes;
  }

  /** Skips a field of a newer etcd. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.#readHalves();
        return;
      case 1:
        this.#offset += 8;
        return;
      case 2:
        this.#offset = this.messageEnd();
        return;
      default:
        this.#offset += 4;
    }
  }

  /** Copies the message that ends there, with the messages after it as far as they fit into a piece. */
  #copyPiece(messageEnd: number): void {
    const start = this.#offset;
    const size = messageEnd - start;
    const length = size < largeMessageBytes ? Math.min(pieceBytes, this.#bytes.length - start) : size;
    const piece = Buffer.allocUnsafe(length);
    this.#bytes.copy(piece, 0, start, start + length);
    this.#memory = piece.buffer;
    this.#pieceOffset = piece.byteOffset - start;
    this.#pieceEnd = start + length;
  }

  #readHalves(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.#offset++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high = bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.#low = low;
    this.#high = high;
  }
}

function joined(low: number, high: number): bigint {
  halves[lowHalf] = low;
  halves[highHalf] = high;
  return joint[0] ?? 0n;
}
