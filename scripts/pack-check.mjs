#!/usr/bin/env node
// Packs the package, installs it in an empty project, and resolves one call there: by import, by require, and with
// types.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `npm run pack:check [-- --node <path of a node binary> …]

Packs, installs the tarball beside @grpc/grpc-js in an empty project, and there resolves one call through a real etcd,
by import and by require, with this Node and with each --node, and with the lowest grpc-js that the package accepts.
Type-checks a consumer without skipLibCheck.`;

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: [] }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const { devDependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const project = mkdtempSync(join(tmpdir(), 'etcd-naming-pack-'));
try {
  install();
  typeCheck();
  await resolveCalls([process.execPath, ...values.node]);
  installGrpc(lowestGrpc());
  await resolveCalls([process.execPath]);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function install() {
  run('npm', ['pack', '--silent', '--pack-destination', project], root);
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'));
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  cpSync(join(root, 'test', 'pack'), project, { recursive: true });
  run(
    'npm',
    [
      'install',
      '--silent',
      '--ignore-scripts',
      `./${tarball}`,
      `@grpc/grpc-js@${devDependencies['@grpc/grpc-js']}`,
    ],
    project,
  );
  console.log(`ok: ${tarball} installs in an empty project`);
}

/** As a consumer does: with Node's types and nothing of ours. */
function typeCheck() {
  run(
    'npm',
    ['install', '--silent', '--ignore-scripts', `@types/node@${devDependencies['@types/node']}`],
    project,
  );
  run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project], project);
  console.log('ok: a consumer type-checks against the declarations, skipLibCheck off');
}

/** The lowest grpc-js that the package accepts: its resolver and balancer use grpc-js's experimental API. */
function lowestGrpc() {
  return peerDependencies['@grpc/grpc-js'].replace('^', '');
}

function installGrpc(version) {
  run('npm', ['install', '--silent', '--ignore-scripts', `@grpc/grpc-js@${version}`], project);
  console.log(`ok: grpc-js ${version} installs beside it`);
}

async function resolveCalls(nodes) {
  const { startEtcd } = await import('../dist/testing/index.js');
  const etcd = await startEtcd();
  try {
    for (const node of nodes) {
      const version = run(node, ['--version'], project).trim();
      for (const file of ['by-import.mjs', 'by-require.cjs']) {
        const printed = run(node, [file, etcd.endpoints[0], file], project);
        if (!printed.includes(`hello, ${file}`))
          throw new Error(`${file} on Node ${version} printed: ${printed}`);
        console.log(`ok: Node ${version}, ${file}: one call resolved`);
      }
    }
  } finally {
    await etcd.close();
  }
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed (${status ?? error}):\n${stdout}${stderr}`);
}
