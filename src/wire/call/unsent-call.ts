import { constants } from 'node:http2';
import { type GrpcCallInternals, streamCallOf } from './call-internals.js';

/**
 * Whether certainly nothing of an open call has been sent. The call then waits for a connection, or for a stream within
 * the server's MAX_CONCURRENT_STREAMS: nghttp2 queues the call, and drops it if it is cancelled.
 *
 * Workaround (grpc-js 1.14.0 to 1.14.7; no public issue found, `underlyingCalls` of retrying-call.ts): grpc-js reports
 * neither wait, so this reads its internals. If they differ, the result is false, which is always safe. Remove when grpc-js
 * reports whether a call was sent.
 */
export function isUnsent(call: unknown): boolean {
  try {
    const { child: retrying } = call as GrpcCallInternals;
    if (retrying === null) return true;
    const attempts = retrying?.underlyingCalls;
    if (!Array.isArray(attempts) || attempts.length > 1) return false;
    const attempt = (attempts[0] as { call?: GrpcCallInternals } | undefined)?.call;
    if (attempts.length === 0 || attempt?.child === null) return true;
    return isQueued(attempt?.child?.http2Stream);
  } catch {
    return false;
  }
}

/**
 * Cancels a call and returns whether certainly nothing of it has been sent, either before or by the cancel: Node flushes a
 * connection before it resets a stream, and a pending reset of another stream may let the queued call be sent.
 */
export function cancelAndCheckUnsent(call: unknown, cancel: () => void): boolean {
  const unsent = isUnsent(call);
  const stream = unsent ? streamCallOf(call)?.http2Stream : undefined;
  cancel();
  return unsent && (stream === undefined || isIdle(stream));
}

/** Whether nghttp2 queues the stream. Node also reports the state "idle" for a finished stream, which is closed. */
function isQueued(stream: GrpcCallInternals['http2Stream']): boolean {
  if (stream?.closed !== false || stream.destroyed !== false) return false;
  return isIdle(stream);
}

function isIdle(stream: NonNullable<GrpcCallInternals['http2Stream']>): boolean {
  return stream.pending === true || stream.state?.state === constants.NGHTTP2_STREAM_STATE_IDLE;
}
