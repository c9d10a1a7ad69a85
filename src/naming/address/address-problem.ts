import { canonicalHost, isWildcard, printable } from '../../model/index.js';
import { NamingError } from '../errors.js';
import { defaultPort, parseAddress, type TcpAddress } from './parse-address.js';

/**
 * Returns why `register` rejects an address, with a correction; undefined for a valid address. This is stricter than what
 * our resolver dials: callers in other languages and on other hosts read the record, too.
 */
export function addressProblem(addr: string): string | undefined {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) return parsed.problem;
  if ('socket' in parsed) return undefined;
  const { tcp, hasHost, hasPort } = parsed;
  if (!hasHost) return `it names no host, so that it means each caller's own${advertiseHint(tcp)}`;
  if (isWildcard(tcp.host)) return `it means each caller's own host${advertiseHint(tcp)}`;
  if (!hasPort)
    return `it has no port, which Go does not dial, and gRPC at ${defaultPort}: write '${formatAddress({ ...tcp, port: 50_051 })}' for instance`;
  return spellingProblem(tcp);
}

/** @throws {NamingError} with the reason, for an address that `register` rejects. */
export function checkAddress(addr: unknown): asserts addr is string {
  if (typeof addr !== 'string' || addr === '') throw new NamingError('the endpoint has no addr');
  const problem = addressProblem(addr);
  if (problem === undefined) return;
  // The text before an @ may contain a password.
  const shown = addr.replace(/^([^/@]*\/\/)?.*@/s, '$1…@').replace(/[\s\p{C}]/gu, '\ufffd');
  throw new NamingError(
    `the endpoint's addr is '${printable(shown)}', which cannot be registered: ${problem}`,
  );
}

/** Rejects spellings that Node's resolver accepts and Go's does not. */
function spellingProblem({ host, port }: TcpAddress): string | undefined {
  const canonical = host.includes(':') ? host : canonicalHost(host);
  const isAscii = !/[^\0-\x7f]/.test(host);
  const isDotted = /^\d+\.\d+\.\d+\.\d+$/.test(canonical);
  if (isAscii && (!isDotted || host === canonical)) return undefined;
  return `Go does not dial it: write '${formatAddress({ host: canonical, port })}'`;
}

function advertiseHint({ port }: TcpAddress): string {
  return `: register the address that callers reach, for example advertiseAddress(${port})`;
}

function formatAddress({ host, port }: TcpAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
