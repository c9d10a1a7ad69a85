/**
 * gRPC status codes, with the names of the gRPC specification. Defined here so that inner modules need no gRPC library.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/statuscodes.md
 */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
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
