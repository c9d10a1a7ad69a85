import { lazyPattern } from '../../errors/index.js';
import { canonicalHost, invisibleCharacterProblem, isWildcard, printable } from '../../model/index.js';
import { NamingError } from '../errors.js';
import { defaultPort, parseAddress, type TcpAddress } from './parse-address.js';

/**
 * Returns why `register` rejects an address, with a correction; undefined for a valid address. The resolver of this
 * package dials more addresses, but callers in other languages and on other hosts read the record too.
 */
export function addressProblem(addr: string): string | undefined {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) return parsed.problem;
  if ('socket' in parsed) return pathProblem(parsed.socket.path);
  const { tcp, hasHost, hasPort } = parsed;
  if (!hasHost) return `it has no host, so it is each caller's own${advertiseHint(tcp)}`;
  if (isWildcard(tcp.host)) return `it is each caller's own host${advertiseHint(tcp)}`;
  const unreachable = unreachableHost(tcp.host);
  if (unreachable !== undefined) return `${unreachable}${advertiseHint(tcp)}`;
  if (!hasPort)
    return `it has no port: Go does not dial it, and gRPC dials port ${defaultPort}; write '${formatAddress({ ...tcp, port: 50_051 })}', for example`;
  if (isUrl(addr))
    return `it is a URL, which Go does not dial: write '${formatAddress({ ...tcp, host: goSpelling(tcp.host) })}'`;
  return spellingProblem(tcp) ?? labelProblem(tcp.host);
}

const invisible = lazyPattern('[\\s\\p{C}]', 'gu');

/** @throws {NamingError} with the reason, for an address that `register` rejects. */
export function checkAddress(addr: unknown): asserts addr is string {
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  const problem = addressProblem(addr);
  if (problem === undefined) return;
  // The text before an @ may contain a password.
  const shown = addr.replace(/^([^/@]*\/\/)?.*@/s, '$1…@').replace(invisible(), '\ufffd');
  throw new NamingError(
    `the endpoint's addr is '${printable(shown)}', which cannot be registered: ${problem}`,
  );
}

/** Whether the address is a URL. etcd's grpc-proxy registers itself with one, which the resolver of this package reads. */
function isUrl(addr: string): boolean {
  return /^https?:\/\//i.test(addr);
}

/**
 * grpc-go parses `unix:/path` as a URL (`ParseDialTarget`), where these characters have a meaning.
 *
 * Specification: https://github.com/grpc/grpc-go/blob/v1.83.2/internal/transport/http_util.go#L607
 */
function pathProblem(path: string): string | undefined {
  const special = /[?#%]/.exec(path)?.[0];
  if (special !== undefined)
    return `Go parses it as a URL and dials another path because of its '${special}': use a path without it`;
  const invisible = invisibleCharacterProblem(path.replaceAll(' ', ''));
  return invisible && `${invisible.replace(/^it/, 'its path')}: use a path without it`;
}

/** Rejects IP addresses to which no system connects by TCP. */
function unreachableHost(host: string): string | undefined {
  const canonical = canonicalHost(host).replace(/^\[/, '');
  if (/^(22[4-9]|23\d)\.\d+\.\d+\.\d+$|^ff[0-9a-f]{2}:/.test(canonical)) return 'it is a multicast address';
  if (canonical === '255.255.255.255') return 'it is the broadcast address';
  if (/^fe[89ab][0-9a-f]:/.test(canonical) && !host.includes('%'))
    return 'it is a link-local address without a zone, which no host connects to';
  return undefined;
}

/** Rejects spellings that Node's resolver accepts and Go's does not. */
function spellingProblem({ host, port }: TcpAddress): string | undefined {
  const spelling = goSpelling(host);
  if (isAscii(host) && (!isDotted(spelling) || host === spelling)) return undefined;
  return `Go does not dial it: write '${formatAddress({ host: spelling, port })}'`;
}

function goSpelling(host: string): string {
  return host.includes(':') ? host : canonicalHost(host);
}

function isAscii(host: string): boolean {
  return !/[^\0-\x7f]/.test(host);
}

function isDotted(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Rejects names for which Go's resolver does not ask DNS (`isDomainName` of package `net`).
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/net/dnsclient.go#L89
 */
function labelProblem(host: string): string | undefined {
  if (host.includes(':') || !/(^|\.)-|-(\.|$)/.test(host)) return undefined;
  return "a part of its host name begins or ends with '-', which Go does not look up: register another name of the host, or its IP address";
}

function advertiseHint({ port }: TcpAddress): string {
  return `: register the address that callers reach, for example advertiseAddress(${port})`;
}

/** Formats an address, an IPv6 host in brackets. */
export function formatAddress({ host, port }: TcpAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
