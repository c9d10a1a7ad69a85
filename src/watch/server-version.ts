/**
 * Whether a server's answer to a request for progress can be believed. Before 3.4.25 and 3.5.8 it was given while
 * events were still on their way (etcd#15220).
 */
export function provesProgress(version: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (version ?? '').split(/[.-]/, 3).map(Number);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 25;
  if (minor === 5) return patch >= 8;
  return minor > 5;
}
