// What earlier builds emitted for sources that no longer exist: tsc leaves it in place, and Mocha would run it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where each project is emitted, as its tsconfig.json says. */
const outputs = { dist: 'src', 'build/test': 'test', 'build/examples': 'examples' };
const emitted = /\.(js|js\.map|d\.ts|d\.ts\.map)$/;

/** Removes the outputs without a source below `root`; returns their paths. */
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
