import { constants } from 'node:http2';

/** The parts of a call of grpc-js, as far as they are looked at here. None of them is certain to be there. */
interface GrpcCallInternals {
  readonly child?: GrpcCallInternals | null;
  readonly underlyingCalls?: readonly { readonly call?: GrpcCallInternals }[];
  readonly http2Stream?: {
    readonly pending?: boolean;
    readonly closed?: boolean;
    readonly destroyed?: boolean;
    readonly state?: { readonly state?: number };
  };
}

/**
 * Whether surely nothing of a call that is still open has been sent: it waits for a connection, or for room among the
 * streams that the server allows at a time (nghttp2 keeps it back, and forgets it when it is cancelled). grpc-js says
 * neither, so this looks inside it, as of 1.14; where it looks different, the answer is false, which is always safe.
 */
export function isUnsent(call: unknown): boolean {
  try {
    const { child: retrying } = call as GrpcCallInternals;
    if (retrying === null) return true;
    const attempts = retrying?.underlyingCalls;
    if (!Array.isArray(attempts) || attempts.length > 1) return false;
    const attempt = (attempts[0] as { call?: GrpcCallInternals } | undefined)?.call;
    if (attempts.length === 0 || attempt?.child === null) return true;
    return isHeldBack(attempt?.child?.http2Stream);
  } catch {
    return false;
  }
}

/**
 * Cancels a call, and tells whether surely nothing of it has been sent, neither before nor by that: Node sends what is
 * due on a connection before it resets a stream of it, and a reset that was due makes room for the one held back.
 */
export function cancelAndCheckUnsent(call: unknown, cancel: () => void): boolean {
  const unsent = isUnsent(call);
  const stream = unsent ? streamOf(call) : undefined;
  cancel();
  return unsent && (stream === undefined || isIdle(stream));
}

function streamOf(call: unknown): GrpcCallInternals['http2Stream'] {
  return (call as GrpcCallInternals).child?.underlyingCalls?.[0]?.call?.child?.http2Stream;
}

/** Node gives the state "idle" also to a stream that is over and forgotten; but then it is closed. */
function isHeldBack(stream: GrpcCallInternals['http2Stream']): boolean {
  if (stream?.closed !== false || stream.destroyed !== false) return false;
  return isIdle(stream);
}

function isIdle(stream: NonNullable<GrpcCallInternals['http2Stream']>): boolean {
  return stream.pending === true || stream.state?.state === constants.NGHTTP2_STREAM_STATE_IDLE;
}
