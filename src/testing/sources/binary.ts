import { findCached } from '../cache.js';
import { EtcdStartError, reasonOf } from '../errors.js';
import { type EtcdBinary, findOnPath, probeBinary } from '../etcd-binary.js';
import type { EtcdRuntime } from '../etcd-node.js';
import { fromEnv, type Settings } from '../options.js';
import { ProcessRuntime } from '../process-runtime.js';

/** A binary that is already here: `ETCD_BIN`, `PATH`, the cache. */
export async function openBinary(settings: Settings, tried: string[]): Promise<EtcdRuntime | undefined> {
  const binary = await findBinary(settings.version, tried);
  return binary && new ProcessRuntime('binary', binary, settings.args);
}

export async function findBinary(
  version: string | undefined,
  tried: string[],
): Promise<EtcdBinary | undefined> {
  return (
    (await named(version, tried)) ??
    (await fits('PATH', findOnPath('etcd'), version, tried)) ??
    (await cached(version, tried))
  );
}

/** A broken `ETCD_BIN` ends the search: who names a binary does not want the tests to pass on another one. */
async function named(version: string | undefined, tried: string[]): Promise<EtcdBinary | undefined> {
  const path = fromEnv('ETCD_BIN');
  if (path === undefined) {
    tried.push('ETCD_BIN: not set');
    return undefined;
  }
  try {
    await probeBinary(path);
  } catch (error) {
    throw new EtcdStartError(`ETCD_BIN=${path} does not run: ${reasonOf(error)}`, { cause: error });
  }
  return fits('ETCD_BIN', path, version, tried);
}

async function fits(
  where: string,
  path: string | undefined,
  version: string | undefined,
  tried: string[],
): Promise<EtcdBinary | undefined> {
  if (path === undefined) {
    tried.push(`${where}: no etcd there`);
    return undefined;
  }
  try {
    const binary = await probeBinary(path);
    if (version === undefined || binary.version === version) return binary;
    tried.push(`${where}: ${path} is ${binary.version}, not ${version}`);
  } catch (error) {
    tried.push(`${where}: ${path} does not run: ${reasonOf(error)}`);
  }
  return undefined;
}

async function cached(version: string | undefined, tried: string[]): Promise<EtcdBinary | undefined> {
  try {
    const binary = await findCached(version);
    if (!binary) tried.push(`cache: no etcd${version === undefined ? '' : ` ${version}`} in it`);
    return binary;
  } catch (error) {
    if (error instanceof EtcdStartError) throw error;
    tried.push(`cache: ${reasonOf(error)}`);
    return undefined;
  }
}
