import {
  canonicalHost,
  hostProblem,
  invisibleCharacterProblem,
  printable,
  splitHostPort,
} from '../../model/index.js';

/** A TCP address in the form that grpc-js dials. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A Unix socket in the form that grpc-js dials. */
export interface SocketAddress {
  readonly path: string;
}

/** A parsed address, or the reason why it cannot be dialled. The reason does not contain the address. */
export type ParsedAddress =
  | {
      readonly tcp: TcpAddress;
      /** A canonical name: equal for all spellings of the address, such as `LOCALHOST:1` and `localhost:1`. */
      readonly name: string;
      /** False if the port is {@link defaultPort} by default. */
      readonly hasPort: boolean;
      /** False for `:50051`, which Go dials as localhost. */
      readonly hasHost: boolean;
    }
  | { readonly socket: SocketAddress; readonly name: string }
  | { readonly problem: string };

/**
 * The default port of gRPC's DNS resolver: etcd's guide stores addresses without a port.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/naming.md#name-syntax
 */
export const defaultPort = 443;

/**
 * The longest path of a Unix socket on Linux, in bytes.
 *
 * Workaround (Node 20.20, 22; https://github.com/libuv/libuv/issues/4036, https://github.com/nodejs/node/pull/52347):
 * Node truncates a longer path and uses another socket, so it is rejected here. Remove when the oldest supported Node
 * fails with an error.
 */
const maxPathBytes = 107;

/**
 * Parses `host:port` and `:port`, as Go dials them; a host or an IPv6 address, with or without brackets, without a port;
 * any of these after `http://` or `https://`, as etcd's grpc-proxy registers itself; and gRPC's `unix:/path`.
 */
export function parseAddress(addr: string): ParsedAddress {
  if (addr.startsWith('unix:')) return parseSocket(addr.slice('unix:'.length));
  const invisible = invisibleCharacterProblem(addr);
  if (invisible !== undefined) return { problem: invisible };
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(addr) ?? [];
  if (scheme !== undefined && rest !== undefined) return parseUrl(scheme.toLowerCase(), rest);
  if (addr.startsWith('/'))
    return { problem: `a socket file's address is written 'unix:${printable(addr)}'` };
  return parseTcp(addr);
}

function parseUrl(scheme: string, rest: string): ParsedAddress {
  if (scheme !== 'http' && scheme !== 'https')
    return { problem: `its scheme '${printable(scheme)}' is not supported: write host:port` };
  if (rest.includes('@')) return { problem: "it has a user before the '@'" };
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/.exec(rest) ?? [];
  if (path !== '' && path !== '/')
    return { problem: `it is a URL with a path, '${printable(path)}': write host:port` };
  if (authority === '') return { problem: 'it has no host' };
  return parseTcp(authority);
}

function parseTcp(text: string): ParsedAddress {
  if (text === '') return { problem: 'it is empty' };
  const split = splitHostPort(text);
  if ('problem' in split) return split;
  const { host, port } = split;
  const hasPort = port !== undefined;
  const hasHost = host !== '' || !hasPort;
  const problem = hasHost ? hostProblem(host) : undefined;
  if (problem !== undefined) return { problem };
  const tcp = { host: hasHost ? host : 'localhost', port: port ?? defaultPort };
  return { tcp, name: canonicalName(tcp), hasPort, hasHost };
}

function canonicalName({ host, port }: TcpAddress): string {
  const zone = host.includes(':') ? host.replace(/^[^%]*/, '') : '';
  // A trailing dot disables the resolver's search domains, so the name with the dot is another one.
  const root = host.endsWith('.') ? '.' : '';
  return `${canonicalHost(host)}${zone}${root} ${port}`;
}

/** Parses gRPC's forms `unix:/path` and `unix:///path`. */
function parseSocket(rest: string): ParsedAddress {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (path.startsWith('//')) return { problem: "a socket file's address has no host: write unix:/path" };
  if (!/^\/./s.test(path)) return { problem: "a socket file's path is absolute: write unix:/path" };
  const odd = /[\0\ud800-\udfff]/u.exec(path)?.[0];
  if (odd !== undefined)
    return { problem: `its path has ${odd === '\0' ? 'a zero byte' : 'half a surrogate pair'}` };
  return Buffer.byteLength(path) > maxPathBytes
    ? { problem: `its path is longer than the ${maxPathBytes} bytes of a socket's address` }
    : { socket: { path }, name: `unix:${path}` };
}
