import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError } from '../ports.js';
import type { AllowedHosts } from './hosts.js';

/** What a request is for: the page's document, another one of its files, or what needs a session. */
export type RequestTarget = 'document' | 'file' | 'api';

/**
 * Refuses a request that a page of another origin caused. A user may open a file outside of any page, and follow a link to
 * the document from any page, such as a terminal in the browser: that page gets nothing of it.
 * @throws {ApiError}
 */
export function checkOrigin(
  { headers, headersDistinct }: IncomingMessage,
  hosts: AllowedHosts,
  target: RequestTarget,
): void {
  const { host, origin } = headers;
  if (headersDistinct['host']?.length !== 1) throw new ApiError('invalid', 'one Host header is required');
  if (!hosts.allows(host)) throw forbidden('this Host is not allowed; see --allow-host');
  if (origin !== undefined && !hosts.isOwnOrigin(origin, host)) throw forbidden('this Origin is not allowed');
  const site = headers['sec-fetch-site'] ?? 'same-origin';
  const isAllowed =
    site === 'same-origin' ||
    (target !== 'api' && site === 'none') ||
    (target === 'document' && isTopLevelNavigation(headers));
  if (!isAllowed) throw forbidden('requests of other sites are not allowed');
}

/** False for a frame, whose destination is another one. */
function isTopLevelNavigation(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/** The token of `authorization: Bearer …`. */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]{1,128})$/i.exec(headers.authorization ?? '')?.[1];
}

function forbidden(message: string): ApiError {
  return new ApiError('forbidden', message);
}
