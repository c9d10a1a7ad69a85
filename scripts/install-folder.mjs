// Installs the dependencies of a folder that has a package.json and a lockfile of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs what the lockfile lists, if it is missing or another lockfile's. An abort of `signal` ends npm. */
export async function installFolder(folder, signal) {
  const lock = join(folder, 'package-lock.json');
  const installed = join(folder, 'node_modules/.installed-package-lock.json');
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return;
  console.log(`installing the dependencies of ${relative(root, folder)}`);
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], signal };
  const args = ['ci', '--ignore-scripts', '--no-audit', '--prefix', folder];
  const npm = spawn('npm', args, { ...options, shell: process.platform === 'win32' });
  const stop = () => npm.kill();
  process.once('SIGTERM', stop);
  const [code, killed] = await once(npm, 'exit').finally(() => process.off('SIGTERM', stop));
  if (code !== 0) throw new Error(`npm ci in ${relative(root, folder)} ended with ${code ?? killed}`);
  copyFileSync(lock, installed);
}
