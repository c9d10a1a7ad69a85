import { isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';
import { canonicalHost, hostProblem, isLoopback } from '../../internal.js';
import { readPem } from '../args/bounded-file.js';
import type { ParsedOptions } from '../args/options.js';
import { usageError } from '../errors.js';
import type { TlsFiles } from './server/index.js';

/** The options of the command that concern the page's server. */
export interface UiOptions {
  /** The address or name to listen at, in its canonical spelling; an IPv6 address has no brackets. */
  readonly host: string;
  /** Undefined: the default, or any free port. */
  readonly port: number | undefined;
  readonly tls: TlsFiles | undefined;
  readonly allowedHosts: readonly string[];
  readonly readOnly: boolean;
  readonly open: boolean;
}

/** @throws {CliError} for wrong usage, and for files that cannot be read. */
export async function uiOptionsFrom(options: ParsedOptions): Promise<UiOptions> {
  const host = listenHost(options.text('listen') ?? '127.0.0.1');
  const tls = await tlsFrom(options);
  if (!isLoopback(host) && !tls)
    throw usageError(`--listen ${host} is beyond loopback: it requires --listen-cert and --listen-key`);
  const [readOnly, allowChanges] = [options.flag('read-only'), options.flag('allow-changes')];
  if (readOnly && allowChanges) throw usageError('--read-only and --allow-changes exclude each other');
  const allowedHosts = (options.text('allow-host')?.split(',') ?? []).map(hostName);
  const isShared = !isLoopback(host) || allowedHosts.length > 0;
  return {
    host,
    tls,
    allowedHosts,
    port: options.integer('port', 0, 65_535),
    readOnly: readOnly || (isShared && !allowChanges),
    open: options.flag('open'),
  };
}

/** Browsers write a host in its canonical spelling, also one that was printed in another. */
function listenHost(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/s, '$1');
  const problem = hostProblem(bare);
  if (problem !== undefined)
    throw usageError(`--listen is '${text}'; it must be an address or a host name: ${problem}`);
  // A zone, which only the system understands, is not part of the canonical spelling.
  return bare.includes('%') ? bare : canonicalHost(bare).replace(/^\[(.*)\]$/, '$1');
}

async function tlsFrom(options: ParsedOptions): Promise<TlsFiles | undefined> {
  const [cert, key] = [options.text('listen-cert'), options.text('listen-key')];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw usageError('--listen-cert and --listen-key require each other');
  const files = { cert: await readPem('listen-cert', cert), key: await readPem('listen-key', key) };
  try {
    createSecureContext(files);
    return files;
  } catch (error) {
    throw usageError(`--listen-cert and --listen-key cannot be used: ${(error as Error).message}`);
  }
}

function hostName(text: string): string {
  const name = text.trim();
  if (isIPv6(name)) return `[${name}]`;
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)) return name;
  throw usageError(`--allow-host is '${name}'; it must be a host name without a port`);
}
