import { InvalidInputError } from '../../errors/index.js';
import type { Method } from '../method.js';
import { describeRequest } from './request-description.js';

/**
 * Encodes a request.
 * @param maxBytes etcd's `--max-request-bytes`; 0 leaves that check to the server.
 * @throws {InvalidInputError} for a larger request.
 */
export function encodeRequest<Req, Res>(method: Method<Req, Res>, request: Req, maxBytes: number): Buffer {
  const bytes = method.requestSerialize(request);
  if (maxBytes > 0 && bytes.length > maxBytes) {
    const { method: name, subject } = describeRequest(method, request);
    throw new InvalidInputError(
      `${name} request of ${bytes.length} bytes${subject ? ` for ${subject}` : ''} is over the limit of ${maxBytes} (maxRequestBytes; etcd's --max-request-bytes)`,
    );
  }
  return bytes;
}
