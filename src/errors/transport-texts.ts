import { Code } from './code.js';

/** With what grpc-js ends a call before any of it was handed to a connection (1.14.7). */
const unsentStatuses: readonly { readonly code: Code; readonly text: string }[] = [
  { code: Code.UNAVAILABLE, text: 'No connection established' },
  { code: Code.UNAVAILABLE, text: 'Stream refused by server' },
  { code: Code.UNAVAILABLE, text: 'Channel closed before call started' },
  // A connection that is being closed, or got a GOAWAY, takes no new stream.
  { code: Code.INTERNAL, text: 'Failed to start HTTP/2 stream with error ' },
];

/** What grpc-js makes of an answer without a gRPC status. */
const httpStatusText = /^Received HTTP status code (\d{3})$/;

/** The HTTP status of an answer that has no gRPC status; undefined for one that has. */
export function httpStatusOf(details: string | undefined): number | undefined {
  const match = httpStatusText.exec(details ?? '');
  return match ? Number(match[1]) : undefined;
}

/** Whether a status says that the request never left, or was refused before anything read it. */
export function wasNeverSent(code: number, details: string | undefined): boolean {
  return unsentStatuses.some((one) => one.code === code && details?.startsWith(one.text) === true);
}
