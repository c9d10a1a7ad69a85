/**
 * Whether a server's answer to a request for progress can be believed. Before 3.4.25 and 3.5.8 it was given while
 * events were still on their way (etcd#15220).
 */
export function hasReliableProgress(version: string | undefined): boolean {
  const [major, minor, patch] = parse(version);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 25;
  if (minor === 5) return patch >= 8;
  return minor > 5;
}

/**
 * Whether a server is known to lose a delete at the compacted revision to a watch that starts there: before 3.4.36 and
 * 3.5.18 (etcd#18089, etcd#19179).
 */
export function losesDeletes(version: string | undefined): boolean {
  const [major, minor, patch] = parse(version);
  if (major !== 3) return false; // not known, or none that a watch of this kind works with
  if (minor === 4) return patch < 36;
  if (minor === 5) return patch < 18;
  return minor < 4;
}

function parse(version: string | undefined): [major: number, minor: number, patch: number] {
  const [major = 0, minor = 0, patch = 0] = (version ?? '').split(/[.-]/, 3).map(Number);
  return [major, minor, patch];
}
