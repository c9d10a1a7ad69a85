/**
 * Whether the name can identify a server: a host name, also an absolute one (`x.`), or an IP address without a zone.
 * TLS sends and verifies it, and HTTP/2 carries it as `:authority`, where other characters reset the stream.
 */
export function isServerName(name: unknown): name is string {
  if (typeof name !== 'string') return false;
  if (name.includes(':')) return URL.canParse(`http://[${name}]`) && /^[0-9a-f:.]+$/i.test(name);
  return /^[a-z0-9_][a-z0-9_.-]{0,252}$/i.test(name.replace(/\.$/, '')) && !name.includes('..');
}

/**
 * The name without the final dot of an absolute name: TLS sends names without it (RFC 6066, section 3).
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc6066#section-3
 */
export function withoutRootDot(name: string): string {
  return name.replace(/\.$/, '');
}

/** The name in the form of `:authority`: an IPv6 address in brackets, a host name without the final dot. */
export function toAuthority(name: string): string {
  return name.includes(':') ? `[${name}]` : withoutRootDot(name);
}
