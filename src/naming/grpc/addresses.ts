import type { EndpointRecord } from '../endpoint.js';

/** A TCP address as grpc-js dials it. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** gRPC's own default, as its DNS resolver has it: etcd's guide stores addresses without a port. */
const defaultPort = 443;

const bracketed = /^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::(\d{1,5}))?$/i;
const hostPort = /^([^\s:/@?#[\]]+)(?::(\d{1,5}))?$/;

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

/** Each address once, in the order of the records. grpc-js itself counts a repeated one as one more server. */
export function uniqueAddresses(records: readonly EndpointRecord[]): TcpAddress[] {
  const unique = new Map<string, TcpAddress>();
  for (const { addr } of records) {
    const address = parseAddress(addr);
    if (address) unique.set(`${address.host} ${address.port}`, address);
  }
  return [...unique.values()];
}

export function sameAddresses(a: readonly TcpAddress[], b: readonly TcpAddress[]): boolean {
  return a.length === b.length && a.every(({ host, port }, i) => host === b[i]?.host && port === b[i]?.port);
}

function bareIpv6(text: string): [string, string] | undefined {
  return /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(?:%[\w.-]+)?$/i.test(text) ? [text, text] : undefined;
}
