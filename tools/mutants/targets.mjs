// Which sources to mutate, and which tests to run against them.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** A mistake in the arguments. */
export class UsageError extends Error {}

/** Fuzz tests take most of a suite's time; `--tests` chooses them. */
const slow = /(^|[/-])fuzz\.test\.ts$/;
const generated = 'src/gen/';

/**
 * The source files of the paths, each a file or a folder of `src`, or `FILE:10-40` for some lines of a file.
 * @throws UsageError for a path without a source.
 */
export function sourcesOf(paths, root) {
  const found = paths.flatMap((path) => {
    const [, name, lines] = /^(.*?)(:\d+-\d+)?$/.exec(path);
    const files = filesOf(name, root);
    if (lines && !name.endsWith('.ts')) throw new UsageError(`${path}: lines can be chosen of a file only`);
    if (files.length === 0) throw new UsageError(`${path}: no source there; name a file or a folder of src`);
    return files.map((file) => ({ file, pattern: file + (lines ?? '') }));
  });
  return [...new Map(found.map((source) => [source.pattern, source])).values()];
}

function filesOf(path, root) {
  const at = resolve(root, path);
  const name = relative(root, at).replaceAll('\\', '/');
  if (!`${name}/`.startsWith('src/') || !existsSync(at)) return [];
  const files = statSync(at).isDirectory() ? below(at).map((file) => `${name}/${file}`) : [name];
  return files.filter((file) => file.endsWith('.ts') && !file.startsWith(generated));
}

const below = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();

/**
 * The tests of the sources: of each, those in the folder of the suite with the source's path or, if it has none, the
 * nearest one above. @throws UsageError if a source has none.
 */
export function testsOf(files, suite, root) {
  const folders = new Set(files.map((file) => testFolder(file, suite, root)));
  return [...folders].flatMap((folder) =>
    below(join(root, folder))
      .filter((file) => file.endsWith('.test.ts') && !slow.test(file))
      .map((file) => `${folder}/${file}`),
  );
}

function testFolder(file, suite, root) {
  for (let folder = dirname(file); folder !== 'src' && folder !== '.'; folder = dirname(folder)) {
    const candidate = folder.replace(/^src/, `test/${suite}`);
    if (existsSync(join(root, candidate))) return candidate;
  }
  throw new UsageError(`${file}: the suite ${suite} has no folder for it; choose tests with --tests`);
}

/** The compiled tests of a glob such as `test/unit/wire/*.test.ts`. @throws UsageError if it is not one of tests. */
export function compiledTest(glob) {
  if (!/^test\/.*\.ts$/.test(glob))
    throw new UsageError(`${glob}: a glob of tests is like 'test/unit/wire/*.test.ts'`);
  return `build/${glob.replace(/\.ts$/, '.js')}`;
}
