/** The key prefixes of a service, for texts: `'foo/bar/'`. */
export function quotedPrefixes(prefixes: readonly string[]): string {
  return prefixes.map((prefix) => `'${prefix}'`).join(' and ');
}
