import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The text of a file in `examples/front-ends`. `npm run` sets the working directory to the package. */
export function exampleConfig(name: string): Promise<string> {
  return readFile(join('examples', 'front-ends', name), 'utf8');
}

/**
 * Replaces the lines that begin with `start`: the first by `lines`, the others by nothing. Indentation is ignored.
 * @throws Error if there is no such line: the campaign would test another setting than it says.
 */
export function replaceLines(config: string, start: string, ...lines: readonly string[]): string {
  const all = config.split('\n');
  const first = indexOf(all, start);
  return all.flatMap((line, i) => (i === first ? lines : beginsWith(line, start) ? [] : [line])).join('\n');
}

/** Inserts lines after the first one that begins with `start`. @throws Error if there is none. */
export function insertAfter(config: string, start: string, ...lines: readonly string[]): string {
  const all = config.split('\n');
  return all.toSpliced(indexOf(all, start) + 1, 0, ...lines).join('\n');
}

/** Adds the directives, and replaces those that the configuration has: `[['proxy_timeout', 'proxy_timeout 2s;']]`. */
export function setLines(
  config: string,
  after: string,
  directives: readonly (readonly [start: string, line: string])[],
): string {
  return directives.reduce(
    (text, [start, line]) =>
      text.split('\n').some((each) => beginsWith(each, start))
        ? replaceLines(text, start, line)
        : insertAfter(text, after, line),
    config,
  );
}

function indexOf(lines: readonly string[], start: string): number {
  const found = lines.findIndex((line) => beginsWith(line, start));
  if (found < 0) throw new Error(`the configuration has no line that begins with '${start}'`);
  return found;
}

function beginsWith(line: string, start: string): boolean {
  return line.trimStart().startsWith(start);
}
