import { noOptions, optionsChecker } from '../model/index.js';
import type { EtcdBinary } from './binary/etcd-binary.js';
import { EtcdStartError } from './errors.js';
import { locateChecks, resolveSettings, type StartEtcdOptions } from './options.js';
import { findBinary } from './sources/binary.js';
import { fetchBinary } from './sources/fetch.js';

const checkLocate = optionsChecker<Pick<StartEtcdOptions, 'version' | 'signal' | 'onProgress'>>(locateChecks);

/**
 * Finds an etcd binary (`ETCD_BIN`, `PATH`, the cache), or fetches one into the cache, and starts nothing: for programs
 * that build an image from the binary or run it themselves.
 *
 * @throws EtcdStartError with everything that was tried.
 */
export async function locateEtcd(
  options: Pick<StartEtcdOptions, 'version' | 'signal' | 'onProgress'> = noOptions,
): Promise<EtcdBinary> {
  checkLocate(options);
  const settings = resolveSettings({ ...options, source: 'auto' });
  const tried: string[] = [];
  const binary = (await findBinary(settings, tried)) ?? (await fetchBinary(settings, tried));
  if (!binary)
    throw new EtcdStartError(`no etcd binary. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}`, {
      tried,
    });
  return binary;
}
