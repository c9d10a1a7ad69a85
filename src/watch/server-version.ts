import { versionNumbers } from '../model/index.js';

/**
 * Whether a server's answer to a progress request is reliable.
 *
 * Workaround (etcd before 3.4.25, 3.5.8; https://github.com/etcd-io/etcd/issues/15220): etcd may answer before it has
 * sent all events up to that revision. Remove when no affected release is supported.
 */
export function hasReliableProgress(version: string | undefined): boolean {
  const [major, minor, patch] = versionNumbers(version);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 25;
  if (minor === 5) return patch >= 8;
  return minor > 5;
}

/**
 * Whether a server may lose a delete at the compacted revision for a watch that starts there, as releases before 3.4.36
 * and 3.5.18 do; see StartChecks.
 */
export function losesDeletes(version: string | undefined): boolean {
  const [major, minor, patch] = versionNumbers(version);
  if (major !== 3) return false; // an unknown version, or one with another watch API
  if (minor === 4) return patch < 36;
  if (minor === 5) return patch < 18;
  return minor < 4;
}
