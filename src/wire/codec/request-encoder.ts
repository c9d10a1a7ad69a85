import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** The generated function of a message that its encoder needs. */
export interface EncodableMessage<T> {
  encode(message: T, writer: BinaryWriter): BinaryWriter;
}

/** A writer that has written a larger request is replaced, because it keeps its buffer. */
const maxKeptBytes = 64 * 1024;

let writer = new BinaryWriter();

/**
 * Returns a function that encodes requests as the generated descriptor does, but with one writer for all of them: a new
 * writer grows its buffer step by step for each request.
 * @throws {Error} from the returned function, for a number that its field cannot hold.
 */
export function requestEncoder<T>(message: EncodableMessage<T>): (request: T) => Buffer {
  return (request) => {
    const bytes = Buffer.from(written(message, request));
    if (bytes.length > maxKeptBytes) writer = new BinaryWriter();
    return bytes;
  };
}

function written<T>(message: EncodableMessage<T>, request: T): Uint8Array {
  try {
    return message.encode(request, writer).finish();
  } catch (error) {
    writer = new BinaryWriter(); // the old one has a part of the request
    throw error;
  }
}
