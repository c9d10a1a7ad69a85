import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EtcdStartError, reasonOf } from './errors.js';
import { besideOf, checkWhole, type EtcdBinary, isExecutable, probeBinary } from './etcd-binary.js';
import { DEFAULT_ETCD_VERSION, fromEnv } from './options.js';

/** Binaries of another machine's kind may lie in a home directory that machines share. */
const SUFFIX = `-${process.platform}-${process.arch}`;

/**
 * The folder that fetched binaries are put into: `ETCD_CACHE_DIR`, else `$XDG_CACHE_HOME/etcd-naming`, else
 * `~/.cache/etcd-naming`, else one under the temporary folder, where the home cannot be written to.
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
 * The cached binary of exactly `version`; without one, the default version, else the newest there is. A cache that
 * cannot be written to is as good as any. One that does not run, or is truncated, is passed over, and `onBroken`
 * gets the reason, which names its path.
 */
export async function findCached(
  version?: string,
  onBroken: (reason: string) => void = () => {},
): Promise<EtcdBinary | undefined> {
  for (const folder of await cachedFolders(version)) {
    try {
      return await probeCached(folder);
    } catch (error) {
      onBroken(reasonOf(error));
    }
  }
  return undefined;
}

/**
 * Puts a binary into the cache. `fill` writes `etcd`, and `etcdctl` if it has one, into the empty folder it is
 * given. The folder gets its name by one rename, so no process ever sees half of it; of two processes that install
 * the same version at once, the second finds the first one's and uses that. One that is broken is replaced.
 */
export async function install(fill: (folder: string) => Promise<void>): Promise<EtcdBinary> {
  const cache = cacheFolder();
  const folder = await mkdtemp(join(cache, '.new-'));
  try {
    await fill(folder);
    const { version } = await probeCached(folder);
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

/** File by file, because another process may be about to start one of them; `etcd` last. */
async function replaceIfBroken(installed: string, fresh: string): Promise<void> {
  try {
    await probeCached(installed);
  } catch {
    for (const name of (await readdir(fresh)).sort().reverse())
      await rename(join(fresh, name), join(installed, name));
  }
}

/** Both programs must be whole: they came together, and a test may need either. */
async function probeCached(folder: string): Promise<EtcdBinary> {
  const binary = await probeBinary(join(folder, 'etcd'));
  const beside = besideOf(binary.etcd);
  if (beside !== undefined) await checkWhole(beside);
  return binary;
}

/** Folders of the cache that hold an etcd, the best first. */
async function cachedFolders(version: string | undefined): Promise<string[]> {
  const found: { readonly version: string; readonly folder: string }[] = [];
  for (const cache of cachesToRead())
    for (const name of await readdir(cache).catch(() => [])) {
      const folder = join(cache, name);
      if (name.endsWith(SUFFIX) && isExecutable(join(folder, 'etcd')))
        found.push({ version: name.slice(0, -SUFFIX.length), folder });
    }
  return found
    .filter((one) => version === undefined || one.version === version)
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

/** In a folder that everybody can write to, another user may have laid out a program for us to run. */
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!isOwn(path)) throw new EtcdStartError(`${path} belongs to another user; set ETCD_CACHE_DIR`);
  return path;
}

/** Of the path itself, not of what a link at it leads to. */
function isOwn(path: string): boolean {
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && (process.getuid === undefined || owner === process.getuid());
}
