/**
 * Whether a server can be known by this name: a host name, also an absolute one (`x.`), or an IP address without a
 * zone. TLS asks for it and verifies it, and HTTP/2 carries it as `:authority`, where other characters reset the stream.
 */
export function isServerName(name: unknown): name is string {
  if (typeof name !== 'string') return false;
  if (name.includes(':')) return URL.canParse(`http://[${name}]`) && /^[0-9a-f:.]+$/i.test(name);
  return /^[a-z0-9_][a-z0-9_.-]{0,252}$/i.test(name.replace(/\.$/, '')) && !name.includes('..');
}

/** Without the dot that makes it absolute: TLS sends names without it (RFC 6066, section 3), and certificates have none. */
export function withoutRootDot(name: string): string {
  return name.replace(/\.$/, '');
}

/** As `:authority` has it: IPv6 in brackets. */
export function toAuthority(name: string): string {
  return name.includes(':') ? `[${name}]` : withoutRootDot(name);
}
