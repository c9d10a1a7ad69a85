/** The types of frames. Specification: https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** A client's first bytes, before its first frame. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const headLength = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const noBytes = Buffer.alloc(0);

export function frame(type: number, streamId: number, payload: Buffer = noBytes, flag = 0): Frame {
  return { type, flags: flag, streamId, payload };
}

/** @param length The length in the frame's head, if it differs from the payload's. */
export function encodeFrame({ type, flags, streamId, payload }: Frame, length = payload.length): Buffer {
  const head = Buffer.alloc(headLength);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Numbers of 32 bits, as in RST_STREAM, GOAWAY and WINDOW_UPDATE. */
export function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number >>> 0, 4 * i);
  return bytes;
}

/** The payload of SETTINGS. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(6 * pairs.length);
  for (const [i, [id, value]] of pairs.entries()) {
    bytes.writeUInt16BE(id, 6 * i);
    bytes.writeUInt32BE(value >>> 0, 6 * i + 2);
  }
  return bytes;
}

/** Divides a stream of bytes into frames. */
export class FrameReader {
  #unread = noBytes;

  *read(bytes: Buffer): Generator<Frame> {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#unread.length >= headLength) {
      const end = headLength + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const whole = this.#unread.subarray(0, end);
      this.#unread = this.#unread.subarray(end);
      yield {
        type: whole.readUInt8(3),
        flags: whole.readUInt8(4),
        streamId: whole.readUInt32BE(5) & 0x7fffffff,
        payload: whole.subarray(headLength),
      };
    }
  }
}

const names = [
  ...['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY'],
  ...['WINDOW_UPDATE', 'CONTINUATION'],
];

/** One line, for the log of a run. */
export function describeFrame({ type, flags, streamId, payload }: Frame): string {
  const start = payload.subarray(0, 24).toString('hex');
  return `${names[type] ?? `type ${type}`} flags ${flags} stream ${streamId}, ${payload.length} bytes ${start}`;
}
