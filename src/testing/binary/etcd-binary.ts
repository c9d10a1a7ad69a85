import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { programBytes } from './elf.js';
import { checkSupported } from './supported.js';
import { versionOutput } from './version-output.js';

/** An etcd on this machine that runs. */
export interface EtcdBinary {
  /** Absolute path of the server. */
  readonly etcd: string;
  /** Absolute path of `etcdctl`; undefined when there is none. */
  readonly etcdctl: string | undefined;
  /** The version, such as `3.5.25`. */
  readonly version: string;
}

/**
 * Runs `etcd --version`. Rejects, with the path and the reason, for a program that does not run here or is not etcd, for
 * a truncated file, and for a release that is too old; and with the signal's reason.
 */
export async function probeBinary(path: string, signal?: AbortSignal): Promise<EtcdBinary> {
  // Absolute, because `spawn` looks up a name without a slash on PATH.
  const etcd = resolve(path);
  await checkComplete(etcd);
  const version = /etcd Version: (\S+)/.exec(await versionOutput(etcd, signal))?.[1];
  if (version === undefined) throw new Error(`'${etcd} --version' does not answer as etcd does`);
  checkSupported(version, etcd);
  return { etcd, etcdctl: etcdctlBeside(etcd) ?? findOnPath('etcdctl'), version };
}

/** The `etcdctl` in the same folder. */
export function etcdctlBeside(etcd: string): string | undefined {
  const beside = join(dirname(etcd), 'etcdctl');
  return isExecutable(beside) ? beside : undefined;
}

/** @throws Error that names the file if it is truncated. */
export async function checkComplete(path: string): Promise<void> {
  const { size } = statSync(path);
  const needed = await programBytes(path);
  if (needed !== undefined && size < needed)
    throw new Error(`${path} is truncated: it has ${size} bytes of at least ${needed}`);
}

/** The first executable file of that name on `PATH`. */
export function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
