#!/usr/bin/env node
// npm run example:connect: installs what the example with connect-node needs, compiles it, and runs it against a real
// etcd. Its dependencies are installed here, and not with those of the project.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEtcd } from '../../dist/testing.js';
import { installFolder } from '../../scripts/install-folder.mjs';

const timeoutMs = 60_000;
const folder = fileURLToPath(new URL('.', import.meta.url));
const root = join(folder, '../..');
const expected = ['answered by one 3, two 3', 'without the server one, whose record remains: two 6'];

await installFolder(folder);
linkPackage();
// Beside node_modules, where its imports are found.
cpSync(join(root, 'examples/connect'), join(folder, 'build'), { recursive: true });
cpSync(join(folder, 'failures.ts'), join(folder, 'build/failures.ts'));
run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
const etcd = await startEtcd();
try {
  const printed = run(process.execPath, [join(folder, 'build/main.js'), etcd.endpoints[0]]);
  console.log(printed.trim());
  if (printed.trim() !== expected.join('\n')) throw new Error(`expected:\n${expected.join('\n')}`);
  console.log(run(process.execPath, [join(folder, 'build/failures.js'), etcd.endpoints[0]]).trim());
} finally {
  await etcd.close();
}
console.log('ok: the example with connect-node runs');

/** The example imports the package by its name, as the program of a user does. */
function linkPackage() {
  const scope = join(folder, 'node_modules/@org');
  mkdirSync(scope, { recursive: true });
  if (!existsSync(join(scope, 'etcd-naming'))) symlinkSync(root, join(scope, 'etcd-naming'), 'junction');
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    shell: process.platform === 'win32' && command.endsWith('tsc'),
  });
  if (status === 0) return stdout;
  throw new Error(`${command} failed (${status ?? error}):\n${stdout}${stderr}`);
}
