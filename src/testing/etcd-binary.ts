import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** An etcd on this machine that has been seen to run. */
export interface EtcdBinary {
  /** Path of the server. */
  readonly etcd: string;
  /** Path of `etcdctl`, when one is at hand. */
  readonly etcdctl: string | undefined;
  /** As `3.5.25`. */
  readonly version: string;
}

/** Runs `etcd --version`. Rejects, with the reason in words, when this is no etcd that runs here. */
export async function probeBinary(etcd: string): Promise<EtcdBinary> {
  const output = await promisify(execFile)(etcd, ['--version'], { timeout: 10_000 });
  const version = /etcd Version: (\S+)/.exec(output.stdout)?.[1];
  if (version === undefined) throw new Error(`'${etcd} --version' does not answer as etcd does`);
  const beside = join(dirname(etcd), 'etcdctl');
  return { etcd, etcdctl: isExecutable(beside) ? beside : findOnPath('etcdctl'), version };
}

/** The first executable file of that name on `PATH`. */
export function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
