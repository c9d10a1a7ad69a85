import { canonicalHost, isDnsOnlyName } from './host.js';

/** Whether a host means each caller's own: a wildcard or loopback address in any spelling, `localhost`, a name below it. */
export function isOwnHost(host: string): boolean {
  const canonical = canonicalHost(host);
  return isWildcardAddress(canonical) || isLoopbackHost(canonical) || canonical.endsWith('.localhost');
}

/** Whether a host stands for all addresses of the machine that uses it, in any spelling, such as `0`. */
export function isWildcard(host: string): boolean {
  return isWildcardAddress(canonicalHost(host));
}

/**
 * Whether what is sent to a host stays on this machine: a loopback address in any spelling, or `localhost`. Not a name
 * below `localhost`, which some resolvers ask DNS for (RFC 6761, section 6.3, only recommends otherwise), and no other
 * name that DNS resolves to loopback at the moment.
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
