// The definition of a gRPC method whose messages are bytes, for servers and clients of benchmarks and campaigns.

const identity = (bytes) => bytes;

/** A unary method. @param path as in the request, `/package.Service/Method`. */
export function bytesMethod(path) {
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
