import { findCached } from '#src/testing/binary/cache.js';
import { locateEtcd } from '#src/testing/index.js';

/** One of each release line that `npm run etcd:build` builds, the newest first. */
const newest = ['3.7.1', '3.6.16', '3.5.35'];

/** @throws {Error} if a release is neither found nor fetched. */
export async function chooseReleases(asked: readonly string[]): Promise<readonly string[]> {
  if (asked.length === 0) return [await newestCached()];
  for (const version of asked) await locateEtcd({ version });
  return asked;
}

async function newestCached(): Promise<string> {
  for (const version of newest) if (await findCached(version)) return version;
  throw new Error(`none of etcd ${newest.join(', ')} is in the cache: npm run etcd:build -- ${newest[0]}`);
}
