import { Code } from '../code.js';

/**
 * The statuses of grpc-js for a call that ends before any of it reaches a connection.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `doPick` of load-balancing-call.ts): only the text of a status
 * shows that nothing was sent. Remove when grpc-js reports whether a call was sent.
 */
const unsentStatuses: readonly { readonly code: Code; readonly text: string }[] = [
  { code: Code.UNAVAILABLE, text: 'No connection established' },
  { code: Code.UNAVAILABLE, text: 'Stream refused by server' },
  { code: Code.UNAVAILABLE, text: 'Channel closed before call started' },
  // A connection that is closing or has received a GOAWAY accepts no new stream.
  { code: Code.INTERNAL, text: 'Failed to start HTTP/2 stream with error ' },
];

/** The text of grpc-js for an answer without a gRPC status. */
const httpStatusText = /^Received HTTP status code (\d{3})$/;

/** The HTTP status of an answer without a gRPC status; undefined for an answer with one. */
export function httpStatusOf(details: string | undefined): number | undefined {
  const match = httpStatusText.exec(details ?? '');
  return match ? Number(match[1]) : undefined;
}

/**
 * The text of grpc-js for an answer whose stream was closed without an error and without a gRPC status: the trailers are
 * missing.
 */
const withoutStatusText = /^Received RST_STREAM with code 0\b/;

/** Whether an answer ended without the trailers that every gRPC server sends. */
export function endedWithoutStatus(details: string | undefined): boolean {
  return withoutStatusText.test(details ?? '');
}

/** Whether a status shows that the request was not sent, or was refused before anything read it. */
export function wasNeverSent(code: number, details: string | undefined): boolean {
  return unsentStatuses.some((one) => one.code === code && details?.startsWith(one.text) === true);
}
