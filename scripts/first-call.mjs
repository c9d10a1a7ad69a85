#!/usr/bin/env node
// The first call of a new user, with the time of each step: an empty folder, the packed package, and the README in it.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pack } from './pack-consumers.mjs';

const help = `npm run pack:first-call [-- --tarball <file>] [--only-first]

In an empty folder, with an empty cache of npm: installs the packed package and grpc-js, starts an etcd with the example of
the package, pastes the file of its README, and runs it. Prints each command, its output and its seconds. Then does the same
for Jest, a bundler, NestJS, Bun and Deno, with projects of npm run pack:matrix.

--tarball      a packed package; default: packs this one
--only-first   without Jest and the others`;

const { values } = parseArgs({
  options: {
    tarball: { type: 'string' },
    'only-first': { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const timeoutMs = 300_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'etcd-naming-first-call-'));
const project = mkdtempSync(join(tmpdir(), 'my-project-'));
const env = { ...process.env, npm_config_cache: join(scratch, 'cache') };
let etcd;
try {
  const tarball = join(scratch, 'etcd-naming.tgz');
  copyFileSync(values.tarball ? resolve(values.tarball) : pack(scratch), tarball);
  await firstCall(tarball);
  if (!values['only-first']) others(tarball);
} finally {
  etcd?.kill('SIGTERM');
  for (const folder of [project, scratch]) rmSync(folder, { recursive: true, force: true });
}

async function firstCall(tarball) {
  const start = performance.now();
  run('npm init -y');
  run('npm install etcd-naming.tgz @grpc/grpc-js', [
    'npm',
    'install',
    '--no-audit',
    tarball,
    '@grpc/grpc-js',
  ]);
  const installed = join(project, 'node_modules/@org/etcd-naming');
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  const endpoint = await startEtcd(readme);
  const [, program] = readme.match(/^```js first-call\n(.*?)^```$/ms);
  writeFileSync(join(project, 'hello.mjs'), program);
  const printed = run(`node hello.mjs ${endpoint}`);
  if (!printed.includes('Hello, world')) throw new Error('the call was not answered');
  report('from the empty folder to the answer', start);
}

/** Starts the etcd of the README's example, which runs until it is ended. Resolves to its endpoint. */
async function startEtcd(readme) {
  const [command] = readme.match(/^node node_modules\/.*etcd.*$/m);
  const start = performance.now();
  const [file, ...args] = command.split(' ');
  etcd = spawn(file, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'], timeout: timeoutMs });
  let printed = '';
  for await (const chunk of etcd.stdout) {
    printed += chunk;
    const [endpoint] = printed.match(/127\.0\.0\.1:\d+/) ?? [];
    if (endpoint) {
      report(`$ ${command}`, start, printed);
      return endpoint;
    }
  }
  throw new Error(`the etcd of the example ended: ${printed}`);
}

function others(tarball) {
  const matrix = join(root, 'scripts/pack-matrix.mjs');
  const options = ['--tarball', tarball, '--only', 'jest,esbuild,nestjs,bun,deno'];
  const { status } = spawnSync(process.execPath, [matrix, ...options], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

function run(shown, [command, ...args] = shown.split(' ')) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env,
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  report(`$ ${shown}`, start, shown.startsWith('npm init') ? '' : stdout);
  if (status !== 0) throw new Error(`it ended with ${status}: ${stderr}`);
  return stdout;
}

function report(text, start, output = '') {
  console.log(`${text.padEnd(70)} ${((performance.now() - start) / 1_000).toFixed(1).padStart(6)} s`);
  for (const line of output.split('\n').filter((line) => line !== '')) console.log(`    ${line}`);
}
