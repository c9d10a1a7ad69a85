#!/usr/bin/env node
// Compares proto/wire.lock with etcd's published definitions.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stubs } from './proto-stubs.mjs';
import { protoFolder } from './protoc.mjs';
import { manifestOf } from './wire-manifest.mjs';

const pinned = 'v3.7.1';
const goModules = ['go.etcd.io/etcd/api/v3', 'go.etcd.io/etcd/server/v3'];
const debianPackage = 'golang-etcd-server-dev';

const usage = `Usage: node scripts/proto-verify.mjs [--source go|debian] [--require]

Compares proto/wire.lock with etcd's own published definitions:
  go      the Go modules of etcd ${pinned}, through a Go toolchain; must be identical
  debian  Debian's package ${debianPackage}, an older release; must be contained in ours
Without --source the first available one is used.

  --source go|debian  use only this source
  --require           fail when no source is available, instead of skipping
  -h, --help          show this text`;

/** Thrown when a source is unavailable on this machine, which is not a fault of the definitions. */
class SourceUnavailable extends Error {}

const sources = {
  go: { find: findGoModules, isPinned: true },
  debian: { find: findDebianPackage, isPinned: false },
};

const { values: flags } = parseArgs({
  options: {
    source: { type: 'string' },
    require: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (flags.help) console.log(usage);
else if (flags.source !== undefined && !Object.hasOwn(sources, flags.source)) {
  console.error(`unknown source '${flags.source}'\n\n${usage}`);
  process.exitCode = 2;
} else process.exitCode = inTemporaryFolder(verify);

function verify(folder) {
  const reasons = [];
  for (const name of flags.source ? [flags.source] : Object.keys(sources)) {
    try {
      return compareWith(sources[name], folder);
    } catch (error) {
      if (!(error instanceof SourceUnavailable)) throw error;
      reasons.push(`${name}: ${error.message}`);
    }
  }
  console.log(`proto:verify skipped: no source of etcd's definitions available (${reasons.join('; ')})`);
  return flags.require ? 1 : 0;
}

function compareWith({ find, isPinned }, folder) {
  const { title, files } = find(folder);
  const theirs = manifestOfSources(files, join(folder, 'sources'));
  const ours = readFileSync(join(protoFolder, 'wire.lock'), 'utf8').trimEnd().split('\n');
  const missing = theirs.filter((line) => !ours.includes(line));
  const extra = ours.filter((line) => !theirs.includes(line));
  for (const line of missing) console.log(`- ${line}`);
  for (const line of extra) console.log(`+ ${line}`);
  const failed = missing.length > 0 || (isPinned && extra.length > 0);
  console.log(
    `proto:verify ${failed ? 'FAILED' : 'ok'}: ${theirs.length} lines of ${title} against ${ours.length} of ours` +
      ` (etcd ${pinned}): ${missing.length} missing in ours, ${extra.length} only in ours` +
      `${isPinned ? '' : ' (additions are expected against an older release)'}`,
  );
  return failed ? 1 : 0;
}

function findGoModules(folder) {
  const versioned = goModules.map((path) => `${path}@${pinned}`);
  console.error(`proto:verify: go mod download ${versioned.join(' ')}`);
  const answer = run('go', ['mod', 'download', '-json', ...versioned], {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' },
  });
  const folders = [...answer.matchAll(/^\t"Dir": (".*")/gm)].map(([, path]) => JSON.parse(path));
  if (folders.length !== goModules.length)
    throw new Error(`unexpected output of go mod download:\n${answer}`);
  return { title: versioned.join(' and '), files: folders.flatMap(filesBelow) };
}

function findDebianPackage(folder) {
  return installedDebianPackage() ?? fetchedDebianPackage(folder);
}

function installedDebianPackage() {
  const { status, stdout } = spawnSync('dpkg', ['-L', debianPackage], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [, version] = run('dpkg', ['-s', debianPackage]).match(/^Version: (.*)$/m) ?? [];
  return { title: `${debianPackage} ${version} (installed)`, files: stdout.split('\n') };
}

/** Downloads with its own lists and cache, because apt's are not writable without root. */
function fetchedDebianPackage(folder) {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  console.error(`proto:verify: apt-get download ${debianPackage}`);
  run('apt-get', [...options, '-qq', 'update'], { cwd: folder });
  run('apt-get', [...options, '-qq', 'download', debianPackage], { cwd: folder });
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (!archive) throw new SourceUnavailable(`apt-get downloaded no file of ${debianPackage}`);
  const unpacked = join(folder, 'unpacked');
  run('dpkg-deb', ['-x', archive, unpacked], { cwd: folder });
  const version = run('dpkg-deb', ['-f', archive, 'Version'], { cwd: folder }).trim();
  return { title: `${debianPackage} ${version} (fetched)`, files: filesBelow(unpacked) };
}

/**
 * Compiles etcd's files unchanged. Each release has them in other folders, so each is placed where the imports expect
 * it; stubs replace annotations that do not appear on the wire.
 */
function manifestOfSources(files, folder) {
  const texts = textsOfDefinitions(files);
  const importLines = [...texts.values()].flatMap((text) => [...text.matchAll(/^import\s+"(.+)";/gm)]);
  const imported = new Set(importLines.map(([, path]) => path));
  const compiled = [];
  for (const [ending, text] of texts) {
    const path = [...imported].find((candidate) => candidate.endsWith(`/${ending}`)) ?? ending;
    imported.delete(path);
    write(join(folder, path), text);
    if (ending !== 'versionpb/version.proto') compiled.push(path);
  }
  for (const path of imported) {
    if (Object.hasOwn(stubs, path)) write(join(folder, path), stubs[path]);
  }
  return manifestOf(folder, compiled);
}

function textsOfDefinitions(files) {
  const required = [
    'mvccpb/kv',
    'authpb/auth',
    'etcdserverpb/rpc',
    'v3lockpb/v3lock',
    'v3electionpb/v3election',
  ];
  const texts = new Map();
  for (const name of [...required, 'versionpb/version']) {
    const found = files.find((file) => file.endsWith(`/${name}.proto`));
    if (found) texts.set(`${name}.proto`, readFileSync(found, 'utf8'));
    else if (required.includes(name)) throw new Error(`no ${name}.proto in this source`);
  }
  return texts;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true }).map((file) => join(folder, file).replaceAll('\\', '/'));
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function run(command, args, options = {}) {
  // On a machine that drops packets, the command would otherwise block.
  const timeoutMs = 300_000;
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    ...options,
  });
  if (error) throw new SourceUnavailable(`${command} does not run: ${error.code ?? error.message}`);
  if (status !== 0) {
    // With -json, go reports errors in a field of its output.
    const reason = stdout.match(/"Error": "(.*)"/)?.[1] ?? `${stdout}\n${stderr}`.trim().split('\n').at(-1);
    throw new SourceUnavailable(`${command} failed: ${reason}`);
  }
  return stdout;
}

function inTemporaryFolder(action) {
  const folder = mkdtempSync(join(tmpdir(), 'proto-verify-'));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
