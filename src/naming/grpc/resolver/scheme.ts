import { NamingError } from '../../errors.js';
import type { TargetUri } from '../../target/index.js';

/**
 * The default `:authority` of calls to the service: its last part, with characters that are invalid in a host name
 * replaced. A URL parser takes a name that ends in a number, such as `v1.2`, for a malformed IPv4 address, so it gets a
 * suffix.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `createSession` of transport.ts): a slash, or Go's `%2F`, makes
 * Node servers reset the stream, and grpc-js leak a socket per attempt. Remove when grpc-js escapes the authority.
 */
export function defaultAuthority(uri: TargetUri): string {
  const parts = uri.path
    .replace(/[?#].*$/s, '')
    .split('/')
    .filter(Boolean);
  const last = parts[parts.length - 1] ?? uri.authority ?? '';
  const legal = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  if (legal === '') return 'etcd';
  return [legal, `${legal}.etcd`].find((host) => URL.canParse(`http://${host}`)) ?? 'etcd';
}

/**
 * The schemes of grpc-js and of other gRPC implementations: a resolver for one of them would serve every other channel too.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/naming.md#name-syntax
 */
const reservedSchemes: readonly string[] = ['dns', 'unix', 'unix-abstract', 'ipv4', 'ipv6', 'vsock', 'xds'];

/**
 * Checks that a scheme can be registered, and returns it.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
 *
 * @throws {NamingError} for an invalid scheme (RFC 3986, section 3.1) and for one of gRPC's own.
 */
export function checkScheme(scheme: unknown): string {
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/i.test(scheme))
    throw new NamingError(`scheme '${String(scheme)}' cannot begin a URI`);
  if (reservedSchemes.includes(scheme.toLowerCase()))
    throw new NamingError(`scheme '${scheme}' is gRPC's own`);
  return scheme;
}
