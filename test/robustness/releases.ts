import { findCached } from '#src/testing/binary/cache.js';

/** Those that the validators know, the newest first. */
const newest = ['3.7.1', '3.6.16', '3.5.35'];

/** @throws {Error} if a release is not in the cache. */
export async function chooseReleases(asked: readonly string[]): Promise<readonly string[]> {
  if (asked.length === 0) return [await newestCached()];
  for (const version of asked)
    if (!(await findCached(version)))
      throw new Error(`etcd ${version} is not in the cache: npm run etcd:build -- ${version}`);
  return asked;
}

async function newestCached(): Promise<string> {
  for (const version of newest) if (await findCached(version)) return version;
  throw new Error(`none of etcd ${newest.join(', ')} is in the cache: npm run etcd:build -- ${newest[0]}`);
}
