/** The internals of a grpc-js 1.14 call that this package reads. Other releases may lack any of them. */
export interface GrpcCallInternals {
  readonly child?: GrpcCallInternals | null;
  readonly underlyingCalls?: readonly { readonly call?: GrpcCallInternals }[];
  readonly httpStatusCode?: number;
  readonly http2Stream?: {
    readonly pending?: boolean;
    readonly closed?: boolean;
    readonly destroyed?: boolean;
    readonly state?: { readonly state?: number };
    readonly once?: (event: 'end', listener: () => void) => unknown;
  };
}

/** The part of a call that has its HTTP/2 stream; undefined before it has one. Calls are never retried by grpc-js. */
export function streamCallOf(call: unknown): GrpcCallInternals | undefined {
  return (call as GrpcCallInternals).child?.underlyingCalls?.[0]?.call?.child ?? undefined;
}

/**
 * The HTTP status of the answer to a call; undefined without an answer.
 *
 * Workaround (grpc-js 1.14.0 to 1.14.7; no public issue found, `httpStatusCode` of subchannel-call.ts): Node may
 * emit the body of an answer before its headers. grpc-js then ignores the HTTP status, and reports that the page of a
 * gateway is a message larger than permitted. Remove when grpc-js reports the status of such an answer.
 */
export function httpStatusOfCall(call: unknown): number | undefined {
  const status = streamCallOf(call)?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Calls back when the server has ended its side of a call whose headers have arrived. */
export function onServerEnd(call: unknown, listener: () => void): void {
  streamCallOf(call)?.http2Stream?.once?.('end', listener);
}
