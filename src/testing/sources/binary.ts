import { sep } from 'node:path';
import { findCached } from '../binary/cache.js';
import { type EtcdBinary, findOnPath, probeBinary } from '../binary/etcd-binary.js';
import { EtcdStartError, reasonOf } from '../errors.js';
import type { EtcdRuntime } from '../etcd-node.js';
import { fromEnv, type Settings } from '../options.js';
import { ProcessRuntime } from '../process/runtime.js';

/** A binary on this machine: `ETCD_BIN`, `PATH`, the cache. */
export async function openBinary(settings: Settings, tried: string[]): Promise<EtcdRuntime | undefined> {
  const binary = await findBinary(settings, tried);
  return binary && new ProcessRuntime('binary', binary, settings);
}

export async function findBinary(settings: Settings, tried: string[]): Promise<EtcdBinary | undefined> {
  const { version } = settings;
  const found =
    (await named(settings, tried)) ?? (await onPath(settings, tried)) ?? (await findInCache(settings, tried));
  if (!found) tried.push(`cache: no etcd${version === undefined ? '' : ` ${version}`} in it`);
  return found;
}

/** A binary in the cache. Reports a broken one once, however many sources search the cache. */
export async function findInCache(settings: Settings, tried: string[]): Promise<EtcdBinary | undefined> {
  const onBroken = (reason: string) => {
    const line = `cache: passed over: ${reason}`;
    if (tried.includes(line)) return;
    tried.push(line);
    settings.progress.line(line);
  };
  return findCached(settings.version, onBroken, settings.signal);
}

/** A broken `ETCD_BIN` ends the search: who names a binary does not want the tests to pass on another one. */
async function named(settings: Settings, tried: string[]): Promise<EtcdBinary | undefined> {
  const value = fromEnv('ETCD_BIN');
  if (value === undefined) {
    tried.push('ETCD_BIN: not set');
    return undefined;
  }
  // Like a shell: a name without a slash is looked up on PATH.
  const path = value.includes(sep) ? value : (findOnPath(value) ?? value);
  try {
    return fits('ETCD_BIN', await probeBinary(path, settings.signal), settings.version, tried);
  } catch (error) {
    settings.signal?.throwIfAborted();
    throw new EtcdStartError(`ETCD_BIN=${value} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

async function onPath(settings: Settings, tried: string[]): Promise<EtcdBinary | undefined> {
  const path = findOnPath('etcd');
  if (path === undefined) {
    tried.push('PATH: no etcd there');
    return undefined;
  }
  try {
    return fits('PATH', await probeBinary(path, settings.signal), settings.version, tried);
  } catch (error) {
    settings.signal?.throwIfAborted();
    tried.push(`PATH: ${path} cannot be used: ${reasonOf(error)}`);
    return undefined;
  }
}

function fits(
  where: string,
  binary: EtcdBinary,
  version: string | undefined,
  tried: string[],
): EtcdBinary | undefined {
  if (version === undefined || binary.version === version) return binary;
  tried.push(`${where}: ${binary.etcd} is ${binary.version}, not ${version}`);
  return undefined;
}
