/** The numbers of etcd's version: `3.5.25` is `[3, 5, 25]`. What is missing or no number is 0 or NaN. */
export function versionNumbers(
  version: string | undefined,
): readonly [major: number, minor: number, patch: number] {
  const [major = 0, minor = 0, patch = 0] = (version ?? '').split(/[.-]/, 3).map(Number);
  return [major, minor, patch];
}
