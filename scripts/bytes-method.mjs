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

/** Makes one call of such a method. Resolves with the answer as text; rejects with grpc-js's error, also after the deadline. */
export function callBytesMethod(client, method, timeoutMs) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      String,
      Buffer.alloc(0),
      { deadline: Date.now() + timeoutMs },
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}
