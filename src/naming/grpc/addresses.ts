/** A TCP address as grpc-js dials it. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A socket file as grpc-js dials it. */
export interface SocketAddress {
  readonly path: string;
}

export type Address = TcpAddress | SocketAddress;

/** gRPC's own default, as its DNS resolver has it: etcd's guide stores addresses without a port. */
const defaultPort = 443;

const bracketed = /^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::(\d{1,5}))?$/i;
/** No control characters: Node 22 and later throw on a zero byte only once they have a socket, which then stays. */
const hostPort = /^([^\s\p{Cc}:/@?#[\]]+)(?::(\d{1,5}))?$/u;

/**
 * Reads `host:port`, `[ipv6]:port`, either without its port, and a bare IPv6 address; also behind `http://`, as etcd's
 * grpc-proxy registers itself. Undefined for anything else: a value in etcd is data, not a licence to dial a socket file.
 */
export function parseAddress(addr: string): TcpAddress | undefined {
  const bare = addr.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const match = bracketed.exec(bare) ?? hostPort.exec(bare) ?? bareIpv6(bare);
  const host = match?.[1];
  if (!host) return undefined;
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** Reads gRPC's `unix:/path` and `unix:///path`; undefined for anything else. */
export function parseSocketPath(addr: string): string | undefined {
  return /^unix:(?:\/\/(?=\/))?(\/[^/\0][^\0]*)$/.exec(addr)?.[1];
}

function bareIpv6(text: string): [string, string] | undefined {
  return /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(?:%[\w.-]+)?$/i.test(text) ? [text, text] : undefined;
}
