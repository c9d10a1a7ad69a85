#!/usr/bin/env node
// npm run etcd:build -- 3.7.1 …: builds etcd releases from their Go modules into the cache that tests use.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCached, install } from '../build/src/testing/binary/cache.js';

const versions = process.argv.slice(2).map((version) => version.replace(/^v/, ''));
if (versions.length === 0 || versions.some((version) => !/^3\.([5-9]|\d\d)\.\d+$/.test(version))) {
  console.error(`npm run etcd:build -- <version> …

Builds etcd, etcdctl and etcdutl of each version, 3.5.0 or later, from their Go modules into the cache; needs a Go
toolchain (Go 1.26 for 3.7). Programs in the cache are kept.`);
  process.exit(2);
}
if (spawnSync('go', ['version']).status !== 0) {
  console.error('no Go toolchain: go does not run');
  process.exit(1);
}
const sources = fileURLToPath(new URL('../test/interop/etcd-build', import.meta.url));
/** The module of each program, and the package to build: '.' is a program of ours, in `sources`. */
const programs = {
  etcd: { module: 'go.etcd.io/etcd/server/v3', target: '.' },
  etcdctl: { module: 'go.etcd.io/etcd/etcdctl/v3', target: '.' },
  etcdutl: { module: 'go.etcd.io/etcd/etcdutl/v3', target: 'go.etcd.io/etcd/etcdutl/v3' },
};
for (const version of versions) {
  const cached = await findCached(version);
  if (cached) completeInstalled(version, dirname(cached.etcd));
  else await install(async (folder) => buildAll(version, folder), checkBuilt(version), undefined);
  console.log(`${cached ? 'in the cache' : 'built'}: etcd ${version}`);
}

function buildAll(version, folder) {
  for (const program of Object.keys(programs)) build(version, program, folder);
}

/** A release archive is installed without etcdutl. */
function completeInstalled(version, folder) {
  for (const program of Object.keys(programs)) {
    if (existsSync(join(folder, program))) continue;
    const work = mkdtempSync(join(folder, '.new-'));
    try {
      build(version, program, work);
      renameSync(join(work, program), join(folder, program));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
}

function checkBuilt(version) {
  return (built) => {
    if (built !== version) throw new Error(`the module of ${version} builds etcd ${built}`);
  };
}

/** A separate module each, because the programs of one release may require different dependency versions. */
function build(version, program, folder) {
  const work = mkdtempSync(join(tmpdir(), 'etcd-build-'));
  const { module, target } = programs[program];
  try {
    if (target === '.') cpSync(join(sources, program), work, { recursive: true });
    // This go version makes Go use the versions that the module itself requires, not the highest of its dependencies.
    writeFileSync(join(work, 'go.mod'), `module build\n\ngo 1.24\n\nrequire ${module} v${version}\n`);
    console.error(`${program} ${version}: fetching modules and compiling …`);
    go(work, ['build', '-trimpath', '-o', join(folder, program), target]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function go(cwd, args) {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' };
  const { status, stderr } = spawnSync('go', args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed:\n${stderr}`);
}
