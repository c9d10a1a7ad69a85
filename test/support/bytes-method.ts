import type { MethodDefinition } from '@grpc/grpc-js';

const identity = (bytes: Buffer) => bytes;

/** A unary gRPC method whose messages are bytes. @param path as in the request, `/package.Service/Method`. */
export function bytesMethod(
  path: string,
): MethodDefinition<Buffer, Buffer> & { requestStream: false; responseStream: false } {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}
