#!/usr/bin/env node
// Builds a small Docker image of an etcd binary, for machines with an engine but no registry.
//   node scripts/docker-image.mjs [--etcd <path>] [--tag <name:tag>]
// The binary: --etcd, else ETCD_BIN, PATH, the cache, or a download. The tag: etcd-local:v<version>, printed last.
// Then: ETCD_TEST_SOURCE=docker ETCD_TEST_IMAGE=<tag> npm run test:integration
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { etcd: { type: 'string' }, tag: { type: 'string' } } });
if (values.etcd) process.env.ETCD_BIN = values.etcd;
const { locateEtcd } = await import('../build/src/testing/index.js');
const { etcd, etcdctl, version } = await locateEtcd();
const tag = values.tag ?? `etcd-local:v${version}`;

const root = mkdtempSync(join(tmpdir(), 'etcd-image-'));
try {
  const programs = [etcd, etcdctl].filter((path) => path && existsSync(path));
  for (const program of programs) put(program, join('usr/local/bin', basename(program)));
  for (const library of new Set(programs.flatMap(librariesOf))) put(library, library);
  mkdirSync(join(root, 'tmp'));
  importImage();
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(tag);

function put(from, to) {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  copyFileSync(from, join(root, to));
}

/** Shared libraries of a program, by absolute path; none for a static program such as etcd's own releases. */
function librariesOf(program) {
  try {
    const output = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...output.matchAll(/(?:^|=>)\s*(\/\S+) \(0x/gm)].map(([, path]) => path);
  } catch {
    return [];
  }
}

function importImage() {
  const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1024 ** 3 });
  const changes = ['ENV PATH=/usr/local/bin', 'CMD ["/usr/local/bin/etcd"]', 'EXPOSE 2379 2380'];
  const options = changes.flatMap((change) => ['--change', change]);
  execFileSync('docker', ['import', ...options, '-', tag], {
    input: tar,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}
