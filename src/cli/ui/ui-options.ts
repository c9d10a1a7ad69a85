import { readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ParsedOptions } from '../args/options.js';
import { usageError } from '../errors.js';
import type { TlsFiles } from './server/index.js';

/** The options of the command that concern the page's server. */
export interface UiOptions {
  /** The address or name to listen at. */
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
  const host = options.text('listen') ?? '127.0.0.1';
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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only processes of this machine reach the address. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

async function tlsFrom(options: ParsedOptions): Promise<TlsFiles | undefined> {
  const [cert, key] = [options.text('listen-cert'), options.text('listen-key')];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw usageError('--listen-cert and --listen-key require each other');
  const files = { cert: await read('listen-cert', cert), key: await read('listen-key', key) };
  try {
    createSecureContext(files);
    return files;
  } catch (error) {
    throw usageError(`--listen-cert and --listen-key cannot be used: ${(error as Error).message}`);
  }
}

async function read(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw usageError(`--${option}: ${(error as Error).message}`);
  }
}

function hostName(text: string): string {
  const name = text.trim();
  if (isIP(name) === 6) return `[${name}]`;
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)) return name;
  throw usageError(`--allow-host is '${name}'; it must be a host name without a port`);
}
