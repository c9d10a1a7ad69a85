import type { IncomingMessage } from 'node:http';
import { ApiError } from '../ports.js';
import type { AllowedHosts } from './hosts.js';

/**
 * Refuses a request that a page of another origin caused.
 * @param isDocument whether it is for a file, which a user may also open by a link outside of any page.
 * @throws {ApiError}
 */
export function checkOrigin(
  { headers, headersDistinct }: IncomingMessage,
  hosts: AllowedHosts,
  isDocument: boolean,
): void {
  const { host, origin } = headers;
  if (headersDistinct['host']?.length !== 1) throw new ApiError('invalid', 'one Host header is required');
  if (!hosts.allows(host)) throw forbidden('this Host is not allowed; see --allow-host');
  if (origin !== undefined && !hosts.isOwnOrigin(origin, host)) throw forbidden('this Origin is not allowed');
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && !(isDocument && site === 'none'))
    throw forbidden('requests of other sites are not allowed');
}

/** The token of `authorization: Bearer …`. */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]{1,128})$/i.exec(headers.authorization ?? '')?.[1];
}

function forbidden(message: string): ApiError {
  return new ApiError('forbidden', message);
}
