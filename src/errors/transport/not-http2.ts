import type { EtcdError } from '../etcd-error.js';

/** Part of the message for a server whose first bytes are not HTTP/2. */
export const notHttp2Text =
  "this does not look like an etcd: the server does not speak HTTP/2; it may be a web server, or etcd's peer port (2380)";

/**
 * grpc-js's text for a connection that nghttp2 refuses, because the first frame of the server is not SETTINGS. An HTTP/1
 * server answers HTTP/2's preface so, as do the peer port of etcd 3.6 and later and servers of other protocols. A member
 * that restarts closes or resets the connection, which has other texts.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc9113#section-3.4
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `createSession` of transport.ts): only the text has the cause, and
 * no part of the answer. Remove when grpc-js reports the error's code.
 */
const refusedByNghttp2 = /^No connection established\. Last error: Protocol error \(/;

/**
 * Describes a connection failure that grpc-js reports. The failure is not final, because the status of an HTTP/1 answer
 * is unknown: a gateway whose etcd is away may have sent it.
 */
export function describeConnectFailure(details: string): string {
  return refusedByNghttp2.test(details) ? notHttp2Text : details.replace(/ Resolution note: *$/, '');
}

/** Describes an error of Node's HTTP/2 client before it has received SETTINGS. */
export function describeSessionError({ message, code }: NodeJS.ErrnoException): string {
  return code === 'ERR_HTTP2_ERROR' && message === 'Protocol error'
    ? 'the server does not speak HTTP/2'
    : message;
}

/** Whether an error shows that another server than etcd answers at a member's address, or did at the last attempt. */
export function isFromOtherServer({ reason, message }: EtcdError): boolean {
  return reason === 'NotEtcd' || message.includes(notHttp2Text);
}
