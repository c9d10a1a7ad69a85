/**
 * gRPC status codes, with the names of the gRPC specification. Defined here so that inner modules need no gRPC library.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/statuscodes.md
 */
export const Code = {
  /** Success. No error has this code. */
  OK: 0,
  /**
   * The server cancelled the call, or what was called is closed; see {@link ClosedError}. An abort by `signal` rejects with
   * the signal's reason instead.
   */
  CANCELLED: 1,
  /** An error of a kind that gRPC does not define. */
  UNKNOWN: 2,
  /** The request is wrong, whatever the state of the store. It is not sent again. */
  INVALID_ARGUMENT: 3,
  /** No answer within `timeoutMs`; see {@link DeadlineError}. */
  DEADLINE_EXCEEDED: 4,
  /** A lease, member, user or role does not exist. */
  NOT_FOUND: 5,
  /** A lease, member, user, role or registration with this id, name or key exists. */
  ALREADY_EXISTS: 6,
  /** The user's roles do not permit the request; see {@link PermissionDeniedError}. */
  PERMISSION_DENIED: 7,
  /** etcd has too many requests or no space, or a message is larger than a limit. */
  RESOURCE_EXHAUSTED: 8,
  /** The state of the store or cluster does not permit the request, such as an auth call while auth is off. */
  FAILED_PRECONDITION: 9,
  /** The operation was interrupted by a concurrent one, or the store was replaced; see {@link StoreReplacedError}. */
  ABORTED: 10,
  /** A revision is compacted or in the future; see {@link CompactedError}. */
  OUT_OF_RANGE: 11,
  /** The server, or a proxy, does not have this RPC, or is not an etcd. */
  UNIMPLEMENTED: 12,
  /** A broken rule of the protocol: the answer cannot be read, or the server failed. */
  INTERNAL: 13,
  /** The member cannot be reached or has no leader. Another attempt may succeed. */
  UNAVAILABLE: 14,
  /** Data is corrupt, lost ({@link RolledBackError}), or not of the expected form ({@link ValueDecodeError}). */
  DATA_LOSS: 15,
  /** The token or password is missing or refused; see {@link UnauthenticatedError}. */
  UNAUTHENTICATED: 16,
} as const;

/** A gRPC status code. A number outside the specification, which a hostile server may send, becomes UNKNOWN. */
export type Code = (typeof Code)[keyof typeof Code];

const names = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

/** The specification's name of a code, `UNKNOWN` for a number it does not define. */
export function codeName(code: number): string {
  return names.get(code) ?? 'UNKNOWN';
}

/** Converts a number from the wire to a code of the specification. */
export function toCode(code: number): Code {
  return names.has(code) ? (code as Code) : Code.UNKNOWN;
}
