// Runs publint and Are the Types Wrong on the tarball.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const linters = [
  { name: 'publint', args: (tarball) => ['run', tarball, '--strict'] },
  // The package is of ES modules only: with node16, a CommonJS module gets it by Node's require of an ES module.
  {
    name: 'attw',
    args: (tarball) => [tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--format', 'ascii'],
  },
];

export function lintTarball(tarball) {
  for (const { name, args } of linters) {
    const program = join(here, 'node_modules/.bin', name);
    const { status, stdout, stderr } = spawnSync(program, args(tarball), { cwd: here, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stdout}${stderr}`);
    console.log(`ok: ${name} has no complaint`);
  }
}
