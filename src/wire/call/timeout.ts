/**
 * How much later the server's deadline is than the client's. The client cancels the call on the server at its own deadline.
 *
 * Workaround (etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/blob/v3.5.0/server/auth/simple_token.go,
 * `isValidSimpleToken`): if the deadline passes while etcd waits to validate a token, etcd reports the token as
 * invalid. The later deadline prevents this wrong refusal. Remove when etcd reports the deadline.
 */
const serverGraceMs = 100;

/** One year. The header cannot express longer timeouts, which are sent as no timeout. */
const maxTimeoutMs = 365 * 24 * 3_600_000;

/** A timeout in whole milliseconds; never shorter than the given one. */
export function wholeMs(timeoutMs: number): number {
  return Math.max(Math.ceil(timeoutMs), 0);
}

/**
 * The value of the `grpc-timeout` header for a timeout of the client; undefined if the header cannot express it. It has
 * at most eight digits and a unit.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/PROTOCOL-HTTP2.md#requests
 */
export function timeoutHeader(timeoutMs: number): string | undefined {
  if (timeoutMs > maxTimeoutMs) return undefined;
  const ms = wholeMs(timeoutMs) + serverGraceMs;
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1_000)}S`;
}
