import { versionNumbers } from '../../../model/index.js';

/**
 * Whether a batch may be sent to a server of this version. A version with a suffix is a release candidate or another
 * product, and not known to be safe.
 *
 * Workaround (etcd before 3.4.23, 3.5.7; https://github.com/etcd-io/etcd/issues/14110,
 * https://github.com/etcd-io/etcd/issues/14891): a read-only transaction whose client disappears crashes the server.
 * Remove when no affected release is supported.
 */
export function isSafeForBatches(version: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return false;
  const [major, minor, patch] = versionNumbers(version);
  if (major !== 3) return false; // no release is known yet
  if (minor === 4) return patch >= 23;
  if (minor === 5) return patch >= 7;
  return minor >= 6;
}
