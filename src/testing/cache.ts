import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { EtcdStartError } from './errors.js';
import { type EtcdBinary, isExecutable, probeBinary } from './etcd-binary.js';
import { DEFAULT_ETCD_VERSION, fromEnv } from './options.js';

/** Binaries of another machine's kind may lie in a home directory that machines share. */
const SUFFIX = `-${process.platform}-${process.arch}`;

/**
 * The folder that fetched binaries are kept in: `ETCD_CACHE_DIR`, else `$XDG_CACHE_HOME/etcd-naming`, else
 * `~/.cache/etcd-naming`, else one under the temporary folder, for users without a home.
 */
export function cacheFolder(): string {
  const chosen = fromEnv('ETCD_CACHE_DIR');
  if (chosen !== undefined) return makeFolder(chosen);
  const parent = fromEnv('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  try {
    return makeFolder(join(parent, 'etcd-naming'));
  } catch {
    return ownFolder(join(tmpdir(), `etcd-naming-cache-${userInfo().uid}`));
  }
}

/** The cached binary of exactly `version`; without one, the default version, else the newest there is. */
export async function findCached(version?: string): Promise<EtcdBinary | undefined> {
  for (const candidate of version === undefined ? await cachedVersions() : [version]) {
    const etcd = join(cacheFolder(), candidate + SUFFIX, 'etcd');
    if (isExecutable(etcd)) return probeBinary(etcd);
  }
  return undefined;
}

/**
 * Puts a binary into the cache. `fill` writes `etcd`, and `etcdctl` if it has one, into the empty folder it is
 * given. The folder gets its name by one rename, so nobody ever sees half of it; of two processes that install the
 * same version at once, the second finds the first one's and uses that.
 */
export async function install(fill: (folder: string) => Promise<void>): Promise<EtcdBinary> {
  const cache = cacheFolder();
  const folder = await mkdtemp(join(cache, '.new-'));
  try {
    await fill(folder);
    const { version } = await probeBinary(join(folder, 'etcd'));
    const installed = join(cache, version + SUFFIX);
    await rename(folder, installed).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return await probeBinary(join(installed, 'etcd'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function cachedVersions(): Promise<string[]> {
  const folders = await readdir(cacheFolder());
  const versions = folders
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length));
  return versions.sort(
    (a, b) => preference(b) - preference(a) || b.localeCompare(a, 'en', { numeric: true }),
  );
}

function preference(version: string): number {
  return version === DEFAULT_ETCD_VERSION ? 1 : 0;
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  accessSync(path, constants.W_OK | constants.X_OK);
  return path;
}

/** In a folder that everybody can write to, somebody else may have laid out a program for us to run. */
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(path);
  if (uid !== userInfo().uid) throw new EtcdStartError(`${path} belongs to another user; set ETCD_CACHE_DIR`);
  return path;
}
