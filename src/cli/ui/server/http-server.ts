import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError } from '../ports.js';
import type { ConnectionLimit } from './connection-limit.js';
import { limits } from './limits.js';
import { rawError, sendError } from './respond.js';

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const options: ServerOptions = {
  maxHeaderSize: limits.headerBytes,
  headersTimeout: limits.headersMs,
  requestTimeout: limits.requestMs,
  keepAliveTimeout: limits.keepAliveMs,
  connectionsCheckingInterval: 2_000,
  // Node's own answer to a request without Host lacks the security headers.
  requireHostHeader: false,
  insecureHTTPParser: false,
};

/** Creates a server whose every answer has the security headers, also those to what is not HTTP. It does not listen yet. */
export function createHttpServer(tls: TlsFiles | undefined, connections: ConnectionLimit): Server {
  const server = tls
    ? createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: limits.headersMs })
    : createServer(options);
  // Before the handshake of TLS.
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => endWith(statusOf(error), socket));
  server.on('connect', (_request, socket) => endWith(405, socket));
  server.on('upgrade', (_request, socket) => endWith(400, socket));
  server.on('checkExpectation', (_request, response) =>
    sendError(response, new ApiError('invalid', 'this Expect header is not supported'), { status: 417 }),
  );
  return server;
}

/** Answers a connection whose request Node does not handle, unless an answer was begun, and closes it. */
function endWith(status: number | undefined, socket: Duplex): void {
  if (status === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  const isAnswered = socket instanceof Socket && socket.bytesWritten > 0;
  socket.end(isAnswered ? '' : rawError(status), () => socket.destroy());
}

/** Undefined for a failure of the connection, to which nothing can be answered. */
function statusOf({ code }: NodeJS.ErrnoException): number | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code?.startsWith('HPE_') ? 400 : undefined;
}
