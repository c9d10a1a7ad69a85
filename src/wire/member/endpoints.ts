import { basename, normalize } from 'node:path';
import { InvalidInputError } from '../../errors/index.js';
import { canonicalHost, isLoopback, isServerName, splitHostPort, wrongTypeError } from '../../model/index.js';

/** The parsed client address of a member. */
export interface MemberAddress {
  /** The endpoint as the user wrote it. Errors and status use it as the member's name. */
  readonly endpoint: string;
  /** `host:port`, an IPv6 host in brackets; or the path of a unix socket. */
  readonly address: string;
  /** The target for grpc-js. */
  readonly target: string;
  /** The address for Node's sockets. */
  readonly socket: { readonly host: string; readonly port: number } | { readonly path: string };
  /** The name that a certificate must contain; an IPv6 address has no brackets. For a unix socket, the file name without `:port`. */
  readonly host: string;
  /** The `:authority` of requests, if it is not that of the target: the name that was resolved, with its port. */
  readonly authority?: string;
  /** Returns why there is no address to dial. Undefined for a member that can be dialled. */
  readonly unresolved?: () => string;
}

/** Whether the member's address is on this machine: a unix socket or a loopback address. */
export function isOnThisMachine({ socket, host }: MemberAddress): boolean {
  return 'path' in socket || isLoopback(host);
}

export interface ParsedEndpoints {
  readonly members: readonly MemberAddress[];
  /** Whether the schemes require TLS; undefined if no endpoint has a scheme that decides it. */
  readonly tls: boolean | undefined;
}

type ParsedEndpoint = MemberAddress & { readonly tls: boolean | undefined };

const withScheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i;
const unixSocket = /^(unixs?):(.*)$/i;

/**
 * Parses `host:port`, `http://host:port`, `https://host:port`, and a socket's `unix:/path` and `unixs:/path` (with TLS).
 * As in Go, `unix:///path` is the same as `unix:/path`, `unix:path` and `unix://path` are relative to the working
 * directory, and a `unix:` socket uses TLS if TLS options are given.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/internal/endpoint/endpoint.go#L90
 *
 * @throws {InvalidInputError} for an empty list, an unknown scheme, schemes that disagree about TLS, or an endpoint
 *   without a port. Go instead takes TLS from the first endpoint and ignores the other schemes.
 */
export function parseEndpoints(endpoints: readonly string[]): ParsedEndpoints {
  // Callers in plain JavaScript may pass a single string, or omit the option.
  if (typeof endpoints === 'string')
    throw new InvalidInputError(`endpoints is one string: write ${asList(endpoints)}`);
  if (!Array.isArray(endpoints)) throw wrongTypeError('endpoints', endpoints, 'a list of strings');
  if (endpoints.length === 0)
    throw new InvalidInputError('endpoints is empty: name at least one etcd member');
  const parsed = endpoints.map(parseEndpoint);
  const endpointWith = (tls: boolean) => parsed.find((address) => address.tls === tls)?.endpoint;
  const [plain, secure] = [endpointWith(false), endpointWith(true)];
  if (plain !== undefined && secure !== undefined) {
    throw new InvalidInputError(
      `endpoints mix plaintext and TLS: '${redacted(plain)}' and '${redacted(secure)}'`,
    );
  }
  return { members: parsed, tls: parsed.find(({ tls }) => tls !== undefined)?.tls };
}

function parseEndpoint(endpoint: string): ParsedEndpoint {
  if (typeof endpoint !== 'string') throw wrongTypeError('an endpoint', endpoint, 'a string');
  const [, unix, rest] = unixSocket.exec(endpoint) ?? [];
  if (unix !== undefined && rest !== undefined) return parseSocket(endpoint, unix.toLowerCase(), rest);
  return parseTcp(endpoint);
}

function parseTcp(endpoint: string): ParsedEndpoint {
  if (/[,;\s]/.test(endpoint.trim()) && !endpoint.includes('@'))
    throw malformed(endpoint, `one string per member: ${asList(endpoint)}`);
  const [, scheme, rest] = withScheme.exec(endpoint) ?? [];
  const tls = tlsOf(scheme, endpoint);
  const address = (rest ?? endpoint).replace(/\/$/, '');
  const split = splitHostPort(address);
  if ('problem' in split) throw malformed(endpoint, split.problem);
  const { host, port } = split;
  if (port === undefined) throw malformed(endpoint, 'it has no port');
  // Workaround (grpc-js 1.14.7; no public issue found, `createSession` of transport.ts): grpc-js parses the address as
  // a URL, and leaks a socket per attempt if that throws. Remove when it closes the socket.
  if (!isServerName(host) || !URL.canParse(`http://${address}`)) throw malformed(endpoint, asciiHint(host));
  return {
    endpoint,
    address,
    target: `dns:${address}`,
    socket: { host, port },
    host,
    tls,
  };
}

function malformed(endpoint: string, why: string): InvalidInputError {
  const forms = 'host:port, http(s)://host:port or unix(s):/path';
  return new InvalidInputError(
    `endpoint '${redacted(endpoint)}' is not of the form ${forms}${why === '' ? '' : `: ${why}`}`,
  );
}

function asList(endpoints: string): string {
  const list = endpoints.split(/[,;\s]+/).filter(Boolean);
  return `[${list.map((endpoint) => `'${redacted(endpoint)}'`).join(', ')}]`;
}

/** Suggests the ASCII form of a host: HTTP/2 sends the host as `:authority`, which must be ASCII. */
function asciiHint(host: string): string {
  const ascii = /[^\0-\x7f]/.test(host) ? canonicalHost(host) : '';
  return ascii === '' ? '' : `write its host in ASCII, '${ascii}'`;
}

function parseSocket(endpoint: string, scheme: string, rest: string): ParsedEndpoint {
  const given = rest.replace(/^\/\/(?!\/\/)/, '');
  if (given === '' || given.endsWith('/') || given.includes('\0')) {
    throw new InvalidInputError(`endpoint '${redacted(endpoint)}' is not of the form ${scheme}:/path`);
  }
  const path = normalize(given);
  const host = basename(path).replace(/:\d*$/, '');
  const tls = scheme === 'unixs' ? true : undefined;
  return { endpoint, address: path, target: `unix:${path}`, socket: { path }, host, tls };
}

function tlsOf(scheme: string | undefined, endpoint: string): boolean | undefined {
  switch (scheme?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'http':
      return false;
    case 'https':
      return true;
    default:
      throw new InvalidInputError(
        `endpoint '${redacted(endpoint)}' has the unknown scheme '${scheme}': use http, https, unix or unixs`,
      );
  }
}

/** Removes user information, which may contain a password. */
function redacted(endpoint: string): string {
  return endpoint.replace(/^([^/@]*\/\/)?.*@/s, '$1…@');
}
