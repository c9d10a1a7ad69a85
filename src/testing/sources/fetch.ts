import { cacheFolder } from '../binary/cache.js';
import type { EtcdBinary } from '../binary/etcd-binary.js';
import { reasonOf } from '../errors.js';
import type { EtcdRuntime } from '../etcd-node.js';
import { DEFAULT_ETCD_VERSION, type Settings } from '../options.js';
import { ProcessRuntime } from '../process/runtime.js';
import { findInCache } from './binary.js';
import { fetchDebianPackages } from './debian.js';
import { fetchRelease } from './release-archive.js';

/** A binary that is fetched into the cache, without root. */
export async function openFetch(settings: Settings, tried: string[]): Promise<EtcdRuntime | undefined> {
  const version = settings.version ?? DEFAULT_ETCD_VERSION;
  const cached = await findInCache({ ...settings, version }, tried);
  const binary = cached ?? (await fetchBinary(settings, tried));
  return binary && new ProcessRuntime('fetch', binary, settings);
}

/** The release archive first, because it has the requested version; a distribution has only its own. */
export async function fetchBinary(settings: Settings, tried: string[]): Promise<EtcdBinary | undefined> {
  try {
    cacheFolder();
  } catch (error) {
    tried.push(`fetch: ${reasonOf(error)}`);
    return undefined;
  }
  const sources = { 'release archive': fetchRelease, 'packages of the distribution': fetchDebianPackages };
  for (const [name, fetchFrom] of Object.entries(sources)) {
    try {
      return await fetchFrom(settings);
    } catch (error) {
      settings.signal?.throwIfAborted();
      settings.progress.line(`${name}: ${reasonOf(error)}`);
      tried.push(`fetch, ${name}: ${reasonOf(error)}`);
    }
  }
  return undefined;
}
