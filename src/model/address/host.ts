import { isIPv4, isIPv6 } from 'node:net';
import { lazyPattern } from '../../errors/index.js';
import { printable } from '../keys/key-text.js';

const maxNameLength = 253;
const maxLabelLength = 63;

/**
 * The canonical spelling of a host as `getaddrinfo` understands it. WHATWG's URL parser reads shortened, octal and
 * hexadecimal IPv4 addresses, and maps letters and digits of other scripts, by the same rules. An IPv6 address has
 * brackets and no zone. Returns '' for a text that is not a host.
 */
export function canonicalHost(host: string): string {
  if (isCanonicalName(host)) return host;
  const bare = host.replace(/^\[(.*)\]$/s, '$1');
  const literal = bare.includes(':') ? `[${bare.replace(/%.*$/s, '')}]` : bare;
  // The URL parser would split the text at some of these characters, and skip white space and control characters.
  if (/[\s\p{Cc}@/?#\\%]/u.test(literal)) return '';
  return unmapIPv4(hostnameOf(literal).replace(/\.$/, ''));
}

/**
 * Why no connection to the host is possible; undefined for a valid host: an IPv4 address, an IPv6 address without brackets
 * and with or without a zone, or a name that DNS allows.
 */
export function hostProblem(host: string): string | undefined {
  if (isCanonicalName(host)) return undefined;
  if (host === '') return 'it names no host';
  const problem = invisibleCharacterProblem(host);
  if (problem !== undefined) return problem;
  if (host.includes(':')) return isIpv6(host) ? undefined : `'${printable(host)}' is not an IPv6 address`;
  return nameProblem(host);
}

const invisible = lazyPattern('[\\s\\p{C}\\p{Default_Ignorable_Code_Point}]', 'u');

/**
 * Names the first character that is invisible or misleading, such as U+202E, which reverses the text after it;
 * undefined when there is none.
 */
export function invisibleCharacterProblem(text: string): string | undefined {
  const code = invisible().exec(text)?.[0].codePointAt(0);
  if (code === undefined) return undefined;
  if (code === 0x20) return 'it has a space';
  return `it has the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A fast check for the canonical spelling: an IPv4 address, or a lower-case name that no parser changes. */
function isCanonicalName(host: string): boolean {
  return isIPv4(host) || (host.length <= maxNameLength && plainName.test(host));
}

/** The last label does not begin with a digit, and no label is punycode, whose rules are longer. */
const plainName = /^(?!.*xn--)(?:[a-z0-9_-]{1,63}\.)*[a-z_-][a-z0-9_-]{0,62}$/;

function nameProblem(host: string): string | undefined {
  const ascii = canonicalHost(host);
  const text = printable(host);
  if (ascii === '') return `'${text}' is not a host name`;
  // A URL parser reads these as IPv4 addresses, but getaddrinfo asks DNS for a name that cannot exist.
  if (isIPv4(ascii)) return isDnsOnlyName(host) ? `'${text}' is not an IPv4 address` : undefined;
  if (ascii.length > maxNameLength)
    return `its host name is longer than the ${maxNameLength} characters that DNS allows`;
  for (const label of ascii.split('.')) {
    if (label === '') return `its host name '${text}' has an empty part`;
    if (label.length > maxLabelLength)
      return `a part of its host name is longer than ${maxLabelLength} characters`;
    const odd = /[^a-z0-9_-]/.exec(label)?.[0];
    if (odd === ',' || odd === ';') return `it is more than one address, separated by '${odd}'`;
    if (odd !== undefined) return `its host has the character '${odd}', which a host name cannot have`;
  }
  return undefined;
}

/** Stricter about the zone than Node, which accepts a colon. */
function isIpv6(host: string): boolean {
  const [address = '', zone] = host.split(/%(.*)/s);
  return isIPv6(address) && (zone === undefined || /^[\w.-]+$/.test(zone));
}

/** `127.0.0.1.` and `127.0x` are addresses to a URL parser, but names to `getaddrinfo`, which asks DNS for them. */
export function isDnsOnlyName(host: string): boolean {
  return /^\d.*\.$|(^|\.)0x(\.|$)/i.test(host);
}

/**
 * Workaround (Node 20.20, 22; no public issue of Node found, https://github.com/AikidoSec/firewall-node/pull/1086):
 * `URL.canParse()` rejects Latin-1 letters once V8 has optimized it, so this parses instead. Remove when Node 24 is the
 * oldest supported version.
 */
function hostnameOf(literal: string): string {
  try {
    return new URL(`http://${literal}`).hostname;
  } catch {
    return '';
  }
}

/**
 * Converts an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) to IPv4.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2
 */
function unmapIPv4(host: string): string {
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const parts = [high, low].map((half) => Number.parseInt(half, 16)).flatMap((n) => [n >> 8, n & 255]);
  return parts.join('.');
}
