// Removes outputs of earlier builds whose sources no longer exist: tsc keeps them, and Mocha would run them.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The output folders, as in each tsconfig.json, and the folder of their sources. */
const folders = {
  'build/src': 'src',
  'build/ui': 'src/cli/ui',
  'build/test': 'test',
  'build/examples': 'examples',
  examples: 'examples',
};
const emitted = /\.(js|js\.map|d\.ts|d\.ts\.map)$/;

/** Removes outputs without a source below `root`; returns their paths. */
export function prune(root) {
  return Object.entries(folders).flatMap(([output, source]) => {
    const folder = join(root, output);
    const sourceOf = (file, ending) => join(root, source, relative(folder, file).replace(emitted, ending));
    const hasSource = (file) => ['.ts', '.tsx'].some((ending) => existsSync(sourceOf(file, ending)));
    const stale = outputsIn(folder).filter((file) => !hasSource(file));
    for (const file of stale) rmSync(file);
    return stale.map((file) => relative(root, file));
  });
}

/** The files in a folder that tsc wrote, without those of installed packages. */
export function outputsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => emitted.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file));
}
