import { canonicalHost, isDnsOnlyName } from './host.js';

/**
 * Whether a host means the machine that uses it: a wildcard or loopback address in any spelling, `localhost` or a name
 * below it.
 */
export function isOwnHost(host: string): boolean {
  const canonical = canonicalHost(host);
  return isWildcardAddress(canonical) || isLoopbackHost(canonical) || canonical.endsWith('.localhost');
}

/** Whether a host is a wildcard address in any spelling, such as `0`: all addresses of the machine that uses it. */
export function isWildcard(host: string): boolean {
  return isWildcardAddress(canonicalHost(host));
}

/**
 * Whether data sent to a host stays on this machine: a loopback address in any spelling, or `localhost`. False for a
 * name below `localhost`, which some resolvers ask DNS for (RFC 6761, section 6.3, only recommends otherwise), and for
 * any other name that DNS currently resolves to loopback.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export function isLoopback(host: string): boolean {
  return isLoopbackHost(canonicalHost(host)) && !isDnsOnlyName(host);
}

function isWildcardAddress(canonical: string): boolean {
  return /^0\.\d+\.\d+\.\d+$/.test(canonical) || canonical === '[::]';
}

function isLoopbackHost(canonical: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(canonical) || canonical === '[::1]' || canonical === 'localhost';
}
