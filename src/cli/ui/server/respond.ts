import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import { EtcdError } from '../../../index.js';
import { isUnreachable } from '../../errors.js';
import { ApiError } from '../ports.js';
import type { ErrorCode, ErrorReply } from '../protocol/index.js';
import { encodeJson } from './encode.js';
import { securityHeaders } from './headers.js';

const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'read-only': 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  refused: 422,
  unavailable: 503,
  busy: 503,
  ambiguous: 504,
};

export interface ErrorOptions {
  /** Default: that of the error's code. */
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
}

export function sendBytes(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Buffer,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...securityHeaders, 'content-length': body.length, ...headers });
  response.end(body);
}

export function sendJson(response: ServerResponse, document: object): void {
  sendBytes(response, 200, jsonType, Buffer.from(encodeJson(document)));
}

export function sendError(response: ServerResponse, error: unknown, options: ErrorOptions = {}): void {
  const { code, message, current } = toApiError(error);
  const reply: ErrorReply = { error: { code, message, ...(current === undefined ? {} : { current }) } };
  const body = Buffer.from(encodeJson(reply));
  sendBytes(response, options.status ?? statuses[code], { ...jsonType, ...options.headers }, body);
}

/** A whole response as bytes, for a connection whose request could not be parsed. It ends the connection. */
export function rawError(status: number): string {
  const headers = Object.entries({ ...securityHeaders, connection: 'close', 'content-length': 0 });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n`;
}

const jsonType = { 'content-type': 'application/json; charset=utf-8' };

/** The text of an unexpected error stays here: it may contain a path or a stack. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof EtcdError)) return new ApiError('unavailable', 'the request failed unexpectedly');
  return new ApiError(codeOf(error), error.message);
}

function codeOf(error: EtcdError): ErrorCode {
  if (error.verdict === 'maybe-applied') return 'ambiguous';
  return isUnreachable(error) ? 'unavailable' : 'refused';
}
