#!/usr/bin/env node
// The integration suite in containers, if a Docker engine runs; otherwise prints one line. Takes the options of npm test.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_ETCD_VERSION } from '../build/src/testing/index.js';
import { findBinary } from '../build/src/testing/sources/binary.js';

const localImage = 'etcd-naming-local:latest';

if (!docker('version', '--format', '{{.Server.Version}}')) {
  console.log('skipped: the integration suite in testcontainers (no Docker engine is running)');
  process.exit(0);
}
const image = process.env.ETCD_TEST_IMAGE || official() || madeHere();
if (!image) {
  console.log(
    'skipped: the integration suite in testcontainers (no etcd image available, none could be pulled or built)',
  );
  process.exit(0);
}
console.log(`integration suite in testcontainers, image ${image}`);
// The image's etcdctl cannot run here; one from the machine or the cache works as well.
const etcdctl = (await findBinary(undefined, []))?.etcdctl;
const PATH = etcdctl ? `${process.env.PATH}${delimiter}${dirname(etcdctl)}` : process.env.PATH;
const env = { ...process.env, PATH, ETCD_TEST_SOURCE: 'docker', ETCD_TEST_IMAGE: image };
const test = fileURLToPath(new URL('test.mjs', import.meta.url));
process.exit(
  spawnSync(process.execPath, [test, '--only', 'integration', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
  }).status ?? 1,
);

function official() {
  const name = `quay.io/coreos/etcd:v${DEFAULT_ETCD_VERSION}`;
  return docker('image', 'inspect', name) || docker('pull', '--quiet', name) ? name : undefined;
}

function madeHere() {
  const script = fileURLToPath(new URL('docker-image.mjs', import.meta.url));
  return spawnSync(process.execPath, [script, '--tag', localImage], { stdio: 'inherit' }).status === 0
    ? localImage
    : undefined;
}

function docker(...args) {
  return spawnSync('docker', args, { stdio: 'ignore', timeout: 120_000 }).status === 0;
}
