#!/usr/bin/env node
// Packs the package, installs it in an empty project, checks its declarations, and resolves one call there, by import
// and by require.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileConsumers } from '../tools/package/compilers.mjs';
import { checkContents, declarationsOf, readManifest } from '../tools/package/contents.mjs';
import { lintTarball } from '../tools/package/linters.mjs';
import { extractReport, generated } from './extract-api.mjs';
import { installFolder } from './install-folder.mjs';
import { runExamples } from './pack-examples.mjs';

const help = `npm run pack:check [-- --node <path of a node binary> …]

Packs, installs the tarball beside @grpc/grpc-js in an empty project, and there resolves one call through a real etcd,
by import and by require, with this Node and with each --node, and with the lowest grpc-js that the package accepts.
Runs the examples there too. Checks that the tarball has the files that package.json names, and the command, and stays
within its size; that publint and Are the Types Wrong do not complain; that it has one file of declarations for each
entry, with the interface and the docstrings of api/; compiles a consumer without skipLibCheck, with the oldest TypeScript
that is supported and later ones, and runs it where it was compiled to CommonJS; and runs two projects of pack:matrix. The first run installs what it needs in tools/package.`;

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: [] }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = readManifest(root);
const { devDependencies, peerDependencies } = manifest;
const project = mkdtempSync(join(tmpdir(), 'etcd-naming-pack-'));
try {
  await installFolder(join(root, 'tools/package'));
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], root));
  checkContents(packed, manifest);
  lintTarball(join(project, packed.filename));
  install(packed.filename);
  checkCommand();
  checkDeclarations();
  checkOtel();
  const compiled = compileConsumers(project, devDependencies['@types/node'], installNodeTypes);
  const programs = ['by-import.mjs', 'by-require.cjs'].map((file) => ({ name: file, file }));
  await resolveCalls([process.execPath, ...values.node], [...programs, ...compiled]);
  installGrpc(lowestGrpc());
  await resolveCalls([process.execPath], programs);
  checkConsumers(packed.filename);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function install(tarball) {
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

function checkCommand() {
  const version = run('npx', ['--no-install', 'etcd-naming', '--version'], project).trim();
  if (version !== manifest.version) throw new Error(`the command printed the version ${version}`);
  console.log(`ok: the command runs`);
}

/** The other entries run without OpenTelemetry; this one names what is missing, and runs with it, by import and by require. */
function checkOtel() {
  const { name } = manifest;
  const api = '@opentelemetry/api';
  const evaluate = (code) => run(process.execPath, ['--eval', code], project);
  const missing = evaluate(`import('${name}/otel').catch(({ message }) => console.log(message))`);
  if (!missing.includes(`Cannot find package '${api}'`)) throw new Error(`without ${api}: ${missing}`);
  run('npm', ['install', '--silent', '--ignore-scripts', `${api}@${devDependencies[api]}`], project);
  const use = (load) =>
    evaluate(`Promise.resolve(${load}).then(({ instrument }) => instrument().disable(), console.log)`);
  for (const load of [`import('${name}/otel')`, `require('${name}/otel')`]) {
    const printed = use(load);
    if (printed !== '') throw new Error(`${load}: ${printed}`);
  }
  console.log(`ok: ./otel names ${api} where it is missing, and runs with it`);
}

function checkDeclarations() {
  const expected = declarationsOf(manifest).sort();
  const installed = join(project, 'node_modules', manifest.name);
  const packed = readdirSync(installed, { recursive: true }).filter((file) => /\.d\.[cm]?ts$/.test(file));
  if (String(packed.sort()) !== String(expected))
    throw new Error(`the declarations in the tarball are ${packed}; those of the entries: ${expected}`);
  for (const file of expected) checkReport(basename(file, '.d.ts'), join(root, file));
  console.log(`ok: the tarball's declarations are ${expected.join(', ')}`);
}

/** prepack wrote the file. A report of generated code lists only the names of a file that was rolled up. */
function checkReport(entry, file) {
  if (generated.includes(entry)) return;
  const { result, texts } = extractReport(entry, file, false);
  if (result.apiReportChanged) texts.push(`the interface or a docstring differs from api/${entry}.api.md`);
  if (texts.length > 0) throw new Error(`${file}: ${texts.join('; ')}`);
}

function installNodeTypes(version) {
  run('npm', ['install', '--silent', '--ignore-scripts', `@types/node@${version}`], project);
}

/** The lowest grpc-js that the package accepts: its resolver and balancer use grpc-js's experimental API. */
function lowestGrpc() {
  return peerDependencies['@grpc/grpc-js'].replace('^', '');
}

function installGrpc(version) {
  run('npm', ['install', '--silent', '--ignore-scripts', `@grpc/grpc-js@${version}`], project);
  console.log(`ok: grpc-js ${version} installs beside it`);
}

async function resolveCalls(nodes, programs) {
  const { startEtcd } = await import('../build/src/testing/index.js');
  const etcd = await startEtcd();
  try {
    for (const node of nodes) {
      const version = run(node, ['--version'], project).trim();
      for (const { name, file } of programs) {
        const printed = run(node, [file, etcd.endpoints[0], basename(file)], project);
        if (!printed.includes(`hello, ${basename(file)}`))
          throw new Error(`${name} on Node ${version} printed: ${printed}`);
        console.log(`ok: Node ${version}, ${name}: one call resolved`);
      }
      await runExamples(node, project, manifest.name, etcd.endpoints[0]);
    }
  } finally {
    await etcd.close();
  }
}

/** The projects of the matrix that fail first: Jest compiles the package, and a bundle contains it. */
function checkConsumers(tarball) {
  const options = ['--only', 'jest,esbuild', '--tarball', join(project, tarball)];
  console.log(run(process.execPath, [join(root, 'scripts/pack-matrix.mjs'), ...options], root).trim());
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
