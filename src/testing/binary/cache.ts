import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EtcdStartError, reasonOf } from '../errors.js';
import { DEFAULT_ETCD_VERSION, fromEnv } from '../options.js';
import { checkComplete, type EtcdBinary, etcdctlBeside, isExecutable, probeBinary } from './etcd-binary.js';

/** Machines of different kinds may share a home directory, so the folder names contain platform and architecture. */
const SUFFIX = `-${process.platform}-${process.arch}`;

/**
 * The folder for fetched binaries: `ETCD_CACHE_DIR`, else `$XDG_CACHE_HOME/etcd-naming`, else `~/.cache/etcd-naming`,
 * else a folder in the system's temporary folder if the home is not writable.
 */
export function cacheFolder(): string {
  const chosen = fromEnv('ETCD_CACHE_DIR');
  if (chosen !== undefined) return chosenFolder(resolve(chosen));
  try {
    return makeFolder(homeFolder());
  } catch {
    return ownFolder(sharedFolder());
  }
}

/**
 * The cached binary of exactly `version`; without `version`, the default version, else the newest one. The cache need not
 * be writable. A binary that does not run or is truncated is skipped, and `onBroken` gets the reason with its path.
 */
export async function findCached(
  version?: string,
  onBroken: (reason: string) => void = () => {},
  signal?: AbortSignal,
): Promise<EtcdBinary | undefined> {
  for (const folder of await cachedFolders(version)) {
    try {
      return await probeCached(folder, signal);
    } catch (error) {
      signal?.throwIfAborted();
      onBroken(reasonOf(error));
    }
  }
  return undefined;
}

/**
 * Installs a binary into the cache. `fill` writes `etcd`, and `etcdctl` if there is one, into an empty folder. One rename
 * gives the folder its name, so no process sees a part of it. When two processes install the same version concurrently,
 * the second uses the folder of the first. A broken installation is replaced. `checkVersion` throws for a version that must
 * not be stored.
 */
export async function install(
  fill: (folder: string) => Promise<void>,
  checkVersion: (version: string) => void,
  signal: AbortSignal | undefined,
): Promise<EtcdBinary> {
  const cache = cacheFolder();
  const folder = await mkdtemp(join(cache, '.new-'));
  try {
    await fill(folder);
    const { version } = await probeCached(folder, signal);
    checkVersion(version);
    const installed = join(cache, version + SUFFIX);
    await rename(folder, installed).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      await replaceIfBroken(installed, folder);
    });
    return await probeCached(installed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces file by file, because another process may be about to start one of them; `etcd` last. */
async function replaceIfBroken(installed: string, fresh: string): Promise<void> {
  try {
    await probeCached(installed);
  } catch {
    for (const name of (await readdir(fresh)).sort().reverse())
      await rename(join(fresh, name), join(installed, name));
  }
}

/** Both programs must be complete: they belong together, and a test may need either. */
async function probeCached(folder: string, signal?: AbortSignal): Promise<EtcdBinary> {
  const binary = await probeBinary(join(folder, 'etcd'), signal);
  const beside = etcdctlBeside(binary.etcd);
  if (beside !== undefined) await checkComplete(beside);
  return binary;
}

/** The cache's folders with an etcd, the best first. */
async function cachedFolders(version: string | undefined): Promise<string[]> {
  const found: { readonly version: string; readonly folder: string }[] = [];
  for (const cache of cachesToRead())
    for (const name of await readdir(cache).catch(() => [])) {
      const folder = join(cache, name);
      if (name.endsWith(SUFFIX) && isExecutable(join(folder, 'etcd')))
        found.push({ version: name.slice(0, -SUFFIX.length), folder });
    }
  return found
    .filter((cached) => version === undefined || cached.version === version)
    .sort((a, b) => preference(b.version) - preference(a.version) || newestFirst(a.version, b.version))
    .map(({ folder }) => folder);
}

function cachesToRead(): string[] {
  const chosen = fromEnv('ETCD_CACHE_DIR');
  if (chosen !== undefined) return [resolve(chosen)];
  const shared = sharedFolder();
  return isOwn(shared) ? [homeFolder(), shared] : [homeFolder()];
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

function preference(version: string): number {
  return version === DEFAULT_ETCD_VERSION ? 1 : 0;
}

function homeFolder(): string {
  return resolve(fromEnv('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'etcd-naming');
}

function sharedFolder(): string {
  return join(tmpdir(), `etcd-naming-cache-${process.getuid?.() ?? ''}`);
}

function chosenFolder(path: string): string {
  try {
    return makeFolder(path);
  } catch (error) {
    throw new EtcdStartError(`ETCD_CACHE_DIR cannot be written to: ${reasonOf(error)}`, { cause: error });
  }
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  accessSync(path, constants.W_OK | constants.X_OK);
  return path;
}

/** Creates the folder and checks its owner: another user may have placed a program in the system's temporary folder. */
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!isOwn(path)) throw new EtcdStartError(`${path} belongs to another user; set ETCD_CACHE_DIR`);
  return path;
}

/** Checks the path itself, not the target of a link. */
function isOwn(path: string): boolean {
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && (process.getuid === undefined || owner === process.getuid());
}
