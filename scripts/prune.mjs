// Removes outputs of earlier builds whose sources no longer exist: tsc keeps them, and Mocha would run them.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The output folder of each project, as in its tsconfig.json. */
const outputs = { 'build/src': 'src', 'build/test': 'test', 'build/examples': 'examples' };
const emitted = /\.(js|js\.map|d\.ts|d\.ts\.map)$/;

/** Removes outputs without a source below `root`; returns their paths. */
export function prune(root) {
  return Object.entries(outputs).flatMap(([output, source]) => {
    const folder = join(root, output);
    const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
    const stale = files.filter(
      (file) => emitted.test(file) && !existsSync(join(root, source, file.replace(emitted, '.ts'))),
    );
    for (const file of stale) rmSync(join(folder, file));
    return stale.map((file) => join(output, file));
  });
}
