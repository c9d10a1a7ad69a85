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
  return isLoopbackHost(canonicalHost(host)) && !isNameToDns(host);
}

/** `127.0.0.1.` and `127.0x` are addresses to a URL parser, but names to `getaddrinfo`, which asks DNS for them. */
function isNameToDns(host: string): boolean {
  return /^\d.*\.$|(^|\.)0x(\.|$)/i.test(host);
}

function isWildcardAddress(canonical: string): boolean {
  return /^0\.\d+\.\d+\.\d+$/.test(canonical) || canonical === '[::]';
}

function isLoopbackHost(canonical: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(canonical) || canonical === '[::1]' || canonical === 'localhost';
}

/**
 * A host as `getaddrinfo` understands it, in one spelling: WHATWG's URL parser reads shortened, octal and hexadecimal
 * IPv4 addresses, and maps other scripts' letters and digits, by the same rules. '' for what is no host.
 */
function canonicalHost(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/s, '$1');
  const literal = bare.includes(':') ? `[${bare.replace(/%.*$/s, '')}]` : bare;
  // The parser would take a part of these for something else than the host, and skip white space and control characters.
  if (/[\s\p{Cc}@/?#\\%]/u.test(literal)) return '';
  const { hostname = '' } = URL.canParse(`http://${literal}`) ? new URL(`http://${literal}`) : {};
  return unmapped(hostname.replace(/\.$/, ''));
}

/** IPv4 inside IPv6 (RFC 4291, section 2.5.5.2) as IPv4. */
function unmapped(host: string): string {
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const parts = [high, low].map((half) => Number.parseInt(half, 16)).flatMap((n) => [n >> 8, n & 255]);
  return parts.join('.');
}
