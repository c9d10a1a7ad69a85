/**
 * Returns a function that makes a regular expression on its first call. For classes of characters such as `\p{C}`: V8
 * expands those of a literal when it loads the file, which takes as long as loading 10 KB of code.
 */
export function lazyPattern(source: string, flags: string): () => RegExp {
  let pattern: RegExp | undefined;
  return () => {
    pattern ??= new RegExp(source, flags);
    return pattern;
  };
}
